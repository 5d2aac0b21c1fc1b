"""Bounds of the event queue: how many events may wait, of what size, and who drains them.

Decisions only. The worker drains the queue. When it falls behind an app that never waits, the app's
threads drain inline: each call processes some small events itself, which slows the app down to a
rate that can be kept.
"""

from math import inf
from typing import Final

from respan_langchain.delivery.memory_budget import MemoryBudget

INLINE_FROM: Final = 2_000
"""Queued events above which the app's threads start to drain inline."""
INLINE_DOWN_TO: Final = 100
"""Queued events down to which they continue, as long as the app does not pause.

Events that wait long have left the CPU's caches when they are processed, and the garbage collector
traverses them.
"""
INLINE_EVENTS: Final = 56
"""Events that one call of the app processes inline: some traces, half a millisecond."""
INLINE_MAX_BYTES: Final = 16_384
"""Size of content up to which an event is processed inline."""
INLINE_PAUSE: Final = 0.05
"""Seconds without inline draining after which only the worker drains again."""
WAIT_FROM: Final = 4_000
"""Queued events above which a call of the app waits for its turn to drain.

With many busy threads the thread that drains gets only its share of the interpreter, and the queue
would grow without end.
"""
MAX_WAIT: Final = 1.0
"""Seconds that such a call waits at most."""
STALLED_AFTER: Final = 2.0
"""Seconds without progress after which the draining thread is taken to hang; no call waits."""
EVENT_OVERHEAD: Final = 200
"""Bytes that an event takes without its content."""
SMALL_BYTES: Final = 4_096
"""Size of content that is kept where large content is left out."""
MAX_SMALL_EVENTS: Final = 1_000
"""Queued events up to which small content is kept, so that one large prompt costs no answer."""
MAX_UNMEASURED: Final = 256
"""Queued events up to which nobody measures content, as long as events are small.

Measuring costs more than its code: what it reads has to come from memory.
"""
MAX_SLICE: Final = 200
"""Events that the worker processes in one slice: some milliseconds, then due batches are sent."""
MAX_SLICE_BYTES: Final = 4_000_000
"""The same in bytes, for events as large as the latest were."""


class Backpressure:
    """The bounds of one handler's event queue, as of their latest refresh."""

    def __init__(self, budget: MemoryBudget, *, inline_from: int = INLINE_FROM) -> None:
        """Let events and rows of the budget wait; drain inline above `inline_from` events."""
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
        """Queued events up to which nobody measures content; the fewer, the larger events are."""
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
        """Set the bounds, now that rows hold `held_bytes`, and open runs `open_bytes`.

        The app's threads do not know what open runs hold; for them the latest count stands.
        """
        self._open_bytes = self._open_bytes if open_bytes is None else open_bytes
        # An estimate: unmeasured events are taken to be as large as the latest events were.
        share = self._budget.unmeasured_events
        fitting = share // self._bytes_per_event if self._bytes_per_event else 0
        self.unmeasured = min(MAX_UNMEASURED, fitting)
        unmeasured_bytes = self.unmeasured * self._bytes_per_event
        self.free_bytes = self._budget.total - held_bytes - self._open_bytes - unmeasured_bytes

    def should_drain_inline(self, now: float, queued: int) -> bool:
        """Whether the app's threads drain; after a pause, only when the queue is long again."""
        if queued <= INLINE_FROM and now - self._inline_at > INLINE_PAUSE:
            self.inline_from = INLINE_FROM
            return False
        return True

    def wait_budget(self, now: float, queued: int) -> float:
        """Seconds that a call of the app waits for its turn to drain."""
        is_stalled = now - self.drained_at >= STALLED_AFTER
        return MAX_WAIT if queued > WAIT_FROM and not is_stalled else 0.0

    def after_drain(self, now: float, queued: int) -> None:
        """Set when the app's threads drain next, with `queued` events left.

        They process twice as many events as arrive, so that no call of the app takes much longer.
        """
        self._inline_at = now
        self.inline_from = max(INLINE_DOWN_TO, min(INLINE_FROM, queued) + INLINE_EVENTS // 2)
