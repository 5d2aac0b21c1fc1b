"""How many events may wait to be read, and how large they may be: decisions only.

The worker reads them. Should it fall behind an app that never waits, the app's threads lend a hand,
which slows them to the pace that can be kept.
"""

from math import inf
from typing import Final

BEHIND: Final = 2_000
"""Events in waiting from which on the app's threads help."""
KEPT: Final = 100
"""Events in waiting down to which they help, as long as the app does not pause.

What waits long is in no cache any more when it is read, and the garbage collector goes through it.
"""
HELP: Final = 56
"""Events that one call of the app helps with: some traces, half a millisecond."""
SMALL: Final = 16_384
"""Bytes of content up to which they do."""
FAR_BEHIND: Final = 4_000
"""Events in waiting from which on a call of the app's waits for its turn to help.

With many busy threads whoever reads gets but its share of the interpreter, and what waits would
grow without end.
"""
TURN: Final = 1.0
"""Seconds that it waits at the longest."""
STUCK: Final = 2.0
"""Seconds after which nobody waits for a reader that gets nowhere: it hangs."""
PAUSE: Final = 0.05
"""Seconds without help after which the worker has the work to itself again."""
SMALL_EVENT: Final = 200
"""Bytes that an event takes without its content."""
MOST_UNWEIGHED: Final = 256
"""Events in waiting up to which nobody weighs them, as long as they are small.

Weighing costs more than its code: what it looks at has to come from memory.
"""
PART_UNWEIGHED: Final = 2
"""Half of the bytes that may wait do so unweighed, if events are as large as the latest were."""
SLICE: Final = 200
"""Events that are read in one go: some milliseconds, after which due batches get their turn."""
SLICE_BYTES: Final = 4_000_000
"""The same in bytes, if they are as large as the latest were."""


class Backpressure:
    """The bounds of one recorder's events, as of the latest look at them."""

    def __init__(self, most_bytes: int) -> None:
        """Let so many bytes wait, those that rows hold already included."""
        self._most_bytes = most_bytes
        self._usual = 0
        """Bytes of an event, by the rows that were made of the latest; 0 before there were any."""
        self._helped = -inf
        """When the app's threads helped last."""
        self.read_at = -inf
        """When events were read last."""
        self.behind = BEHIND
        """Events in waiting from which on they help now."""
        self.unmeasured = 0
        """Events in waiting up to which nobody weighs them; the fewer, the larger they are."""
        self.free_bytes = most_bytes
        """Bytes that those beyond may hold."""
        self.slice = SLICE
        """Events that are read in one go."""

    def update_estimate(self, size: int, events: int) -> None:
        """Rows of `size` bytes in all were made of so many events."""
        # Large ones are remembered for a few looks.
        self._usual = max(size // max(1, events), self._usual // 2, 1)
        self.slice = max(1, min(SLICE, SLICE_BYTES // self._usual))

    def refresh(self, held_bytes: int) -> None:
        """Set the bounds anew, now that rows hold so many bytes."""
        few = self._most_bytes // PART_UNWEIGHED // self._usual if self._usual else 0
        self.unmeasured = min(MOST_UNWEIGHED, few)
        self.free_bytes = self._most_bytes - held_bytes - self.unmeasured * self._usual

    def wants_help(self, now: float, waiting: int) -> bool:
        """Whether the app's threads are to help; not after a pause, until too many wait again."""
        if waiting <= BEHIND and now - self._helped > PAUSE:
            self.behind = BEHIND
            return False
        return True

    def wait_budget(self, now: float, waiting: int) -> float:
        """Seconds for which a call waits for its turn to help, when others read."""
        return TURN if waiting > FAR_BEHIND and now - self.read_at < STUCK else 0.0

    def after_drain(self, now: float, waiting: int) -> None:
        """Say when to help again, with so many left in waiting.

        Twice as many are read as come, so that no call of the app's takes much longer.
        """
        self._helped = now
        self.behind = max(KEPT, min(BEHIND, waiting) + HELP // 2)
