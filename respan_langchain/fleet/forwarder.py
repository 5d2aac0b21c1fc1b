"""The forwarder: sends the rows of a fleet from Redis to the platform, within its rate limits.

It is delivery's worker with the stream as its spool. Any number of forwarders share the work.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain._constants import MAX_PAGE_SIZE, REQUESTS_PER_MINUTE
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.retry_policy import parse_retry_after
from respan_langchain.delivery.batch import FeedbackState
from respan_langchain.delivery.feedback_queue import REQUESTS_EACH
from respan_langchain.delivery.limits import UNLIMITED, DeliveryLimits
from respan_langchain.delivery.sender import DeliveryTransport
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.keys import process_name
from respan_langchain.fleet.rate_limit import SharedRateLimit
from respan_langchain.fleet.scripts import RESERVE_BULK, RESERVE_LOOKUP
from respan_langchain.fleet.stream_spool import CLAIM_AFTER, POLL_INTERVAL, StreamSpool
from respan_langchain.stats import Stats

THROTTLED: Final = 429


@dataclass(frozen=True, slots=True)
class ForwarderTransport:
    """Sends to the platform what the spool permits, when the fleet's rate limits allow it."""

    platform: DeliveryTransport
    spool: StreamSpool
    bulk_rate_limit: SharedRateLimit
    lookup_rate_limit: SharedRateLimit

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Wait for the rate limit and send one bulk request."""
        if not self.spool.is_marked:
            # If this forwarder died now, the next one would not look the rows up.
            return HttpResult(None, error="Redis cannot be reached", maybe_sent=False)
        started = CLOCK.monotonic()
        try:
            is_reserved, wait = self.bulk_rate_limit.reserve(timeout / 2)
        except BrokerError as error:
            return HttpResult(None, error=str(error), maybe_sent=False)
        if not is_reserved:
            headers = {"retry-after": str(wait)}
            used_up = "the fleet's requests are used up"
            return HttpResult(None, headers=headers, error=used_up, maybe_sent=False)
        time.sleep(wait)
        remaining = timeout - (CLOCK.monotonic() - started)
        result = self.platform.send_bulk(dataset, bodies, remaining)
        if result.status != THROTTLED:
            return result
        with suppress(BrokerError):  # this forwarder waits in any case
            self.bulk_rate_limit.pause(parse_retry_after(result, CLOCK.time()) or 0.0)
        # The worker need not slow down by itself: the rate limit holds for all forwarders.
        return replace(result, status=None, error="429, too many requests", maybe_sent=False)

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Wait for the rate limit, for half of `timeout`, and apply feedback in as long again."""
        if not self.lookup_rate_limit.wait(timeout / 2, 1 + REQUESTS_EACH * len(bodies)):
            return None
        return self.platform.apply_feedback(dataset, bodies, timeout / 2)

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float | None, timeout: float
    ) -> Sequence[int] | None:
        """Wait for the rate limit, for `timeout` seconds, and look rows up, in as many again."""
        if not self.lookup_rate_limit.wait(timeout, ceil(len(bodies) / MAX_PAGE_SIZE)):
            return None
        return self.platform.look_up(dataset, bodies, since, timeout)

    def close(self) -> None:
        """Close the connections."""
        self.platform.close()
        self.bulk_rate_limit.broker.close()


class Forwarder:
    """One forwarder: a worker without sources, and what keeps it reading."""

    def __init__(
        self,
        url: str,
        open_platform: Callable[[], DeliveryTransport],
        limits: DeliveryLimits,
        *,
        claim_after: float = CLAIM_AFTER,
    ) -> None:
        """Start nothing; `limits.requests_per_minute` is what all forwarders share."""
        self.consumer: Final = process_name()
        self._limits = limits
        self._spool = StreamSpool(Broker(url), self.consumer, claim_after)

        def open_transport() -> ForwarderTransport:
            broker = Broker(url)
            return ForwarderTransport(
                open_platform(),
                self._spool,
                SharedRateLimit(broker, RESERVE_BULK, limits.requests_per_minute),
                SharedRateLimit(broker, RESERVE_LOOKUP, REQUESTS_PER_MINUTE),
            )

        # Only the shared limits hold.
        own_limits = replace(limits, requests_per_minute=UNLIMITED)
        self._worker = Worker(open_transport, own_limits, lambda: self._spool)

    def run(self, stopped: threading.Event) -> None:
        """Forward rows until the event is set; then finish what is under way.

        Rows that are left after `exit_timeout` stay in Redis for another forwarder.
        """
        self._worker.wake()
        while not stopped.wait(POLL_INTERVAL):
            self._worker.wake()
        self._spool.stop_reading()
        self._worker.flush(self._limits.exit_timeout)
        self._worker.discard_pending("the forwarder ended")

    @property
    def stats(self) -> Stats:
        """The rows that this forwarder has read, and what became of them."""
        return replace(self._spool.adopted.counts(), requests=self._worker.requests)

    @property
    def last_error(self) -> str | None:
        """Why rows cannot be forwarded now; None while they can."""
        return self._worker.last_error
