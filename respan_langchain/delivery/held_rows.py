"""Rows that wait for feedback before they are sent, with `hold="feedback"`.

Pure: for the worker's thread only. Feedback releases its row, and so do the end of its time, a
flush, and a newer row where too much is held. A released row is sent like any other.
"""

from collections.abc import Callable, Iterator
from math import inf

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import QueuedRow

SHARE = 4
"""Held rows take at most this part of the queue, so that others have space."""


class HeldRows:
    """Held rows, in the order of acceptance."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self._max_rows = limits.max_rows // SHARE
        self._max_bytes = limits.max_bytes // SHARE
        self._until: dict[QueuedRow, float] = {}
        # No row is due before; one that was due then may be released already.
        self._due_at = inf
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._until)

    def __iter__(self) -> Iterator[QueuedRow]:
        return iter(self._until)

    def add(self, row: QueuedRow) -> list[QueuedRow]:
        """Hold a row; return the oldest ones, which are released for it at the same moment."""
        self._until[row] = row.accepted + row.encoded.hold
        self._due_at = min(self._due_at, self._until[row])
        self._bytes += row.size
        released: list[QueuedRow] = []
        while len(self._until) > self._max_rows or self._bytes > self._max_bytes:
            released.append(self._release(next(iter(self._until)), row.accepted))
        return released

    def release_for(self, feedback: QueuedRow) -> list[QueuedRow]:
        """Release the rows that feedback is about."""
        key = feedback.encoded.dataset, feedback.encoded.id
        rated = [row for row in self._until if row.encoded.feedback_key == key]
        return [self._release(row, max(row.accepted, feedback.accepted)) for row in rated]

    def release_due(self, now: float) -> list[QueuedRow]:
        """Release the rows whose time has ended."""
        if now < self._due_at:
            return []
        released = self._release_all(lambda row: self._until[row] <= now)
        self._due_at = min(self._until.values(), default=inf)
        return released

    def release_up_to(self, number: int) -> list[QueuedRow]:
        """Release the rows that were accepted up to this number."""
        return self._release_all(lambda row: row.number <= number)

    def due_at(self) -> float:
        """Return when `release_due` may have something; infinity when nothing is held."""
        return self._due_at if self._until else inf

    def remove(self, is_removed: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        """Remove and return the rows for which this is true."""
        removed = [row for row in self._until if is_removed(row)]
        for row in removed:
            self._remove(row)
        return removed

    def _release_all(self, is_released: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        released = [row for row in self._until if is_released(row)]
        return [self._release(row, self._until[row]) for row in released]

    def _release(self, row: QueuedRow, at: float) -> QueuedRow:
        """Remove a row, whose batch and whose deadline count from its release."""
        self._remove(row)
        row.accepted = at
        return row

    def _remove(self, row: QueuedRow) -> None:
        del self._until[row]
        self._bytes -= row.size
