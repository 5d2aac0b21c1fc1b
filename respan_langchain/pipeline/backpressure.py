"""Back-pressure: slows the app down to the rate at which events become rows, and bounds memory.

Pure decisions from numbers. The worker drains the event queue. When it falls behind an app that
never waits:

1. Above `INLINE_FROM` events, the app's threads drain inline: about one call in thirty processes
   some small events, until the queue is short or the app pauses.
2. Above `WAIT_FROM` events, a call that finds another thread draining waits for its turn.
3. Content is left out of events when more than `free_bytes` wait.
"""

from math import inf
from typing import Final

from respan_langchain.delivery.limits import MemoryBudget

INLINE_FROM: Final = 2_000
"""Queued events above which the app's threads begin to drain inline."""
INLINE_DOWN_TO: Final = 100
"""Queued events down to which they continue, unless the app pauses.

A short queue is processed faster: its events are still in the CPU's caches, and the garbage
collector has less to traverse.
"""
INLINE_EVENTS: Final = 56
"""Events that one call processes inline: a few traces, in about half a millisecond."""
INLINE_MAX_BYTES: Final = 16_384
"""Bytes of content of the largest event that is processed inline."""
INLINE_PAUSE: Final = 0.05
"""Seconds without inline draining after which only the worker drains again."""
WAIT_FROM: Final = 4_000
"""Queued events above which a call waits for its turn to drain.

Among many busy threads the one that drains gets only its share of the interpreter, and the queue
would grow without bound.
"""
MAX_APP_WAIT: Final = 1.0
"""Seconds that a call waits at most."""
STALLED_AFTER: Final = 2.0
"""Seconds without progress after which the drain counts as stuck, and calls no longer wait."""
EVENT_OVERHEAD: Final = 200
"""Bytes that an event takes without its content."""
SMALL_BYTES: Final = 4_096
"""Bytes of content that is kept where larger content is left out."""
MAX_SMALL_EVENTS: Final = 1_000
"""Queued events up to which small content is kept, so that a large prompt drops no answer."""
MAX_UNMEASURED: Final = 256
"""Queued events up to which content is not measured, if events are small.

Measuring reads the content, which then has to be loaded into the CPU's caches.
"""
MAX_SLICE: Final = 200
"""Events in one slice: the worker processes them in some milliseconds, then sends due batches."""
MAX_SLICE_BYTES: Final = 4_000_000
"""Estimated bytes in one slice."""


class Backpressure:
    """The bounds of one handler's event queue, as of their latest refresh."""

    def __init__(self, budget: MemoryBudget, *, inline_from: int = INLINE_FROM) -> None:
        """Bound events and rows by the budget; drain inline above `inline_from` events."""
        self._budget = budget
        self._bytes_per_event = 0
        """Estimated from the rows made of the latest events; 0 before there were any."""
        self._open_bytes = 0
        """Content that open runs hold, as the worker counted it last."""
        self._inline_at = -inf
        """When the app's threads drained last."""
        self.drained_at = -inf
        """When any thread drained last."""
        self.inline_from = inline_from
        """Queued events above which the app's threads drain now."""
        self.unmeasured = 0
        """Queued events up to which content is not measured; the larger events are, the fewer."""
        self.free_bytes = budget.total
        """Bytes that measured events may hold."""
        self.slice = MAX_SLICE
        """Events that the worker processes in one slice."""

    def update_estimate(self, size: int, events: int) -> None:
        """Learn from `events` events that became rows of `size` bytes in all."""
        # The estimate halves at most, so that large events count for some slices.
        self._bytes_per_event = max(size // max(1, events), self._bytes_per_event // 2, 1)
        self.slice = max(1, min(MAX_SLICE, MAX_SLICE_BYTES // self._bytes_per_event))

    def refresh(self, held_bytes: int, *, open_bytes: int | None = None) -> None:
        """Set the bounds for rows of `held_bytes` and open runs of `open_bytes`.

        The app's threads do not know the bytes of open runs, and leave their latest count.
        """
        self._open_bytes = self._open_bytes if open_bytes is None else open_bytes
        # An estimate: unmeasured events are taken to be as large as the latest events were.
        share = self._budget.part
        fitting = share // self._bytes_per_event if self._bytes_per_event else 0
        self.unmeasured = min(MAX_UNMEASURED, fitting)
        unmeasured_bytes = self.unmeasured * self._bytes_per_event
        self.free_bytes = self._budget.total - held_bytes - self._open_bytes - unmeasured_bytes

    def should_drain_inline(self, now: float, queued: int) -> bool:
        """Whether a call drains inline; ends inline draining after a pause of the app."""
        if queued <= INLINE_FROM and now - self._inline_at > INLINE_PAUSE:
            self.inline_from = INLINE_FROM
            return False
        return True

    def wait_budget(self, now: float, queued: int) -> float:
        """Return the seconds that a call waits for its turn to drain."""
        is_stalled = now - self.drained_at >= STALLED_AFTER
        return MAX_APP_WAIT if queued > WAIT_FROM and not is_stalled else 0.0

    def after_drain(self, now: float, queued: int) -> None:
        """Set when a call drains next, with `queued` events left.

        Inline draining processes two events for each that arrives, so that the queue gets shorter.
        """
        self._inline_at = now
        self.inline_from = max(INLINE_DOWN_TO, min(INLINE_FROM, queued) + INLINE_EVENTS // 2)
