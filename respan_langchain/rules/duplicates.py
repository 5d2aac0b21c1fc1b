"""Copies of kept traces: each is folded into the row that was kept, which counts them.

The kept row may be delivered long before its last copy comes. So the count is added to it later, as
feedback is: when the row's hour ends, and whenever a flush asks for it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from respan_langchain.rules.decision import RowAddress, RowChange

WINDOW: Final = 3_600.0
"""Seconds after a kept trace in which its copies are folded."""
MAX_KEPT: Final = 10_000
"""Kept traces that are remembered; beyond it the oldest is forgotten, and its hour ends."""


@dataclass(slots=True)
class _KeptTrace:
    row: RowAddress | None
    """Its root's row; None if the root becomes none."""
    until: float
    """When its hour ends, in seconds since 1970."""
    seen: int
    """The trace and its copies."""
    shown: int
    """The number that its row shows."""


class Duplicates:
    """The traces that were kept in the last hour, by their keys."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, _KeptTrace] = OrderedDict()
        self._changes: list[RowChange] = []

    def fold(self, key: bytes, at: float, seen: int = 1) -> bool:
        """Count a trace if it is a copy of a kept one; False if it is none.

        Args:
            key: The same for copies.
            at: When it ended, in seconds since 1970.
            seen: How many traces it stands for: a stored row may have counted copies before.
        """
        while self._kept and next(iter(self._kept.values())).until <= at:
            self._discard(next(iter(self._kept)))
        kept = self._kept.get(key)
        if kept is None:
            return False
        kept.seen += seen
        return True

    def remember(self, key: bytes, row: RowAddress | None, at: float, seen: int = 1) -> None:
        """Remember a kept trace, in place of an earlier one with this key.

        `row` is its root's row; None if the root becomes none.
        """
        self._discard(key)
        self._kept[key] = _KeptTrace(row, at + WINDOW, seen, shown=seen)
        if len(self._kept) > MAX_KEPT:
            self._discard(next(iter(self._kept)))

    def take_changes(self) -> list[RowChange]:
        """Return the counts of rows whose hour has ended, or whose count was asked for."""
        changes, self._changes = self._changes, []
        return changes

    def show_counts(self) -> None:
        """Let `take_changes` return every count that its row does not show; the hours go on."""
        self._show(self._kept.values())

    def _discard(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        self._show([] if kept is None else [kept])

    def _show(self, traces: Iterable[_KeptTrace]) -> None:
        for kept in traces:
            if kept.seen != kept.shown and kept.row is not None:
                self._changes.append(RowChange(kept.row, {"seen_count": kept.seen}))
            kept.shown = kept.seen
