"""The platform's rate limits, shared by all forwarders of a fleet.

Requests are spread evenly, so that no minute holds more than the limit, wherever it begins.
"""

import time
from dataclasses import dataclass
from typing import Final

from respan_langchain.client.retry_policy import MAX_RETRY_AFTER
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.scripts import PAUSE, Script

MINUTE: Final = 60.0
MARGIN: Final = 1.02
"""By how much requests are further apart than the limit asks, since some take longer to arrive."""
MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SharedRateLimit:
    """One rate limit. `reserve` and `pause` raise `BrokerError` if Redis cannot be reached."""

    broker: Broker
    reserve_script: Script
    per_minute: float

    def reserve(self, max_wait: float, requests: int = 1) -> tuple[bool, float]:
        """Reserve requests; return whether that was done, and the seconds to wait for them.

        Nothing is reserved where the wait would be longer than `max_wait` seconds.
        """
        interval = MINUTE / self.per_minute * MARGIN
        longest = MAX_RETRY_AFTER + MINUTE
        reserved, wait = self.broker.numbers(
            self.reserve_script,
            int(interval * MICROSECONDS),
            requests,
            int(max_wait * MICROSECONDS),
            int(longest * MICROSECONDS),
        )
        return bool(reserved), wait / MICROSECONDS

    def wait(self, max_wait: float, requests: int) -> bool:
        """Wait until requests are allowed; False if that is not within `max_wait` seconds."""
        try:
            is_reserved, wait = self.reserve(max_wait, requests)
        except BrokerError:
            return False
        if is_reserved:
            time.sleep(wait)
        return is_reserved

    def pause(self, seconds: float) -> None:
        """Allow no bulk request for some time."""
        self.broker.numbers(PAUSE, int(min(seconds, MAX_RETRY_AFTER) * MICROSECONDS))
