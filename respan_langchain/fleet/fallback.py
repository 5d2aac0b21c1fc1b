"""The transport of `via_fallback="direct"`: to the platform while Redis cannot be reached.

A row is sent to Redis or to the platform. Without a clear response it is looked up where it was
sent, before it is sent to the other one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain._foreign_code import get_logger
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.batch import FeedbackState
from respan_langchain.delivery.response_classification import classify
from respan_langchain.delivery.sender import DeliveryTransport
from respan_langchain.fleet.producer import DirectRows, ProducerTransport

PROBE_INTERVAL: Final = 15.0
"""Seconds between two tries of Redis, while rows are sent directly."""
MINUTE: Final = 60.0

logger = get_logger("respan_langchain.fleet")


@dataclass(frozen=True, slots=True)
class FallbackLimits:
    """When rows are sent directly, and how often."""

    after: float
    """Seconds for which Redis cannot be reached before that."""
    requests_per_minute: int
    """Bulk requests of this process to the platform."""
    probe_interval: float = PROBE_INTERVAL


class FallbackTransport:
    """Adds rows to the stream of a fleet, or sends them to the platform."""

    def __init__(
        self,
        producer: ProducerTransport,
        platform: DeliveryTransport,
        direct_rows: DirectRows,
        limits: FallbackLimits,
    ) -> None:
        """Connect when a row is there; `direct_rows` outlives this transport."""
        self._producer = producer
        self._platform = platform
        self._direct_rows = direct_rows
        self._limits = limits
        self._down_since: float | None = None
        """Since when Redis cannot be reached; None while it can."""
        self._is_direct = False
        self._probe_at = self._direct_at = float("-inf")
        """When Redis is tried next, and when the next request to the platform is allowed."""

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Add rows to the stream, or send them within `timeout` seconds."""
        if self._may_try_redis():
            self._direct_rows.on_added(bodies)
            result = self._producer.send_bulk(dataset, bodies, timeout)
            self._note_redis()
            if not self._is_direct or result.maybe_sent:
                return result
        return self._send_directly(dataset, bodies, timeout)

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float | None, timeout: float
    ) -> Sequence[int] | None:
        """Look rows up where they were sent to.

        All of them took the same way, but for a marker row at the end; without it, a lookup at the
        platform proves nothing.
        """
        if self._direct_rows.was_sent(bodies[0]):
            counts = self._platform.look_up(dataset, bodies, since, timeout)
            self._direct_rows.on_lookup(bodies, counts or ())
            return counts
        added = None
        if self._may_try_redis():
            added = self._producer.look_up(dataset, bodies, since, timeout)
            self._note_redis()
        if since is not None or added is None or all(added):
            return added
        # The process that has ended may have sent them either way.
        stored = self._platform.look_up(dataset, bodies, since, timeout)
        return None if stored is None else [max(pair) for pair in zip(added, stored, strict=True)]

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Add feedback to the stream; it waits for Redis, as the rows that it is about may."""
        if not self._may_try_redis():
            return None
        states = self._producer.apply_feedback(dataset, bodies, timeout)
        self._note_redis()
        return states

    def close(self) -> None:
        """Close the connections."""
        self._producer.close()
        self._platform.close()

    # -- Redis -----------------------------------------------------------------------------------

    def _may_try_redis(self) -> bool:
        return not self._is_direct or CLOCK.monotonic() >= self._probe_at

    def _note_redis(self) -> None:
        """Change the way of the next rows after Redis was tried."""
        now = CLOCK.monotonic()
        self._probe_at = now + self._limits.probe_interval
        if self._producer.is_reachable:
            self._down_since = None
            if self._is_direct:
                logger.warning("respan_langchain: rows go through Redis again.")
            self._is_direct = False
            return
        if self._down_since is None:
            self._down_since = now
        if not self._is_direct and now - self._down_since >= self._limits.after:
            self._is_direct = True
            logger.warning(
                "respan_langchain: Redis cannot be reached for %d s; rows are sent directly.",
                now - self._down_since,
            )

    # -- the platform ----------------------------------------------------------------------------

    def _send_directly(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Send rows, with even pauses between requests."""
        wait = max(0.0, self._direct_at - CLOCK.monotonic())
        if wait > timeout / 2:
            headers = {"retry-after": str(wait)}
            return HttpResult(None, headers=headers, error="the rate limit", maybe_sent=False)
        time.sleep(wait)
        self._direct_at = CLOCK.monotonic() + MINUTE / self._limits.requests_per_minute
        self._direct_rows.on_sent(bodies)
        result = self._platform.send_bulk(dataset, bodies, timeout - wait)
        stored = classify(result, len(bodies)).stored
        self._direct_rows.on_stored([bodies[index] for index in stored])
        return replace(result, warning="Redis cannot be reached; rows are sent directly")
