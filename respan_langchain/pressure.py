"""Who turns events into rows: the worker, or the app's own threads as well.

Pure: the recorder brings the counts and the clock.
"""

from typing import Final

BEHIND: Final = 2_000
"""Events in waiting from which on the app's threads help."""
BUSY: Final = 4_000
"""Events a second, over two looks of the worker, from which on they help as well.

Such an app hardly waits. Two threads that are busy at a time slow each other down by far more than
the work itself takes, and what is read at once is still in the processor's cache.
"""
FEW: Final = 64
"""Events in waiting from which on they help in such times."""
SHORTEST: Final = 0.05
"""Seconds between two looks that tell something of the time between them."""


class Pressure:
    """How many events came from one look of the worker to the next, and what follows."""

    def __init__(self) -> None:
        self.bearable = BEHIND
        """Events in waiting beyond which the app's threads help."""
        self._helped_with = 0
        self._busy_looks = 0
        self._looked_at = float("-inf")

    @property
    def is_high(self) -> bool:
        """Whether the app hardly waits."""
        return self.bearable == FEW

    def look(self, waiting: int, now: float) -> None:
        """The worker looks, and finds so many events."""
        came, since = waiting + self._helped_with, max(now - self._looked_at, SHORTEST)
        self._busy_looks = self._busy_looks + 1 if came > BUSY * since else 0
        self.bearable = FEW if self._busy_looks >= 2 else BEHIND
        self._helped_with, self._looked_at = 0, now

    def helped(self, number: int) -> None:
        """A thread of the app's has read so many."""
        self._helped_with += number
