"""Rows that wait for feedback before they are sent, with `hold="feedback"`.

Pure: for the worker's thread only. Feedback releases its row, and so do the end of its time, a
flush, and a newer row where too much is held. A released row is sent like any other.
"""

from collections.abc import Callable, Iterator
from math import inf

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import QueuedRow

MAX_SHARE = 1 / 4
"""The part of the queue that held rows take at most, so that others have space."""


class HeldRows:
    """Held rows, in the order of acceptance."""

    def __init__(self, limits: DeliveryLimits, release: Callable[[QueuedRow], None]) -> None:
        """`release` takes each row that waits no longer."""
        self._on_release = release
        self._max_rows = int(limits.max_rows * MAX_SHARE)
        self._max_bytes = int(limits.max_bytes * MAX_SHARE)
        self._until: dict[QueuedRow, float] = {}
        # No row is due before; one that was due then may be released already.
        self._due_at = inf
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._until)

    def __iter__(self) -> Iterator[QueuedRow]:
        return iter(self._until)

    def add(self, row: QueuedRow) -> None:
        """Hold a row, and release the oldest ones where too much is held."""
        self._until[row] = row.accepted + row.encoded.hold
        self._due_at = min(self._due_at, self._until[row])
        self._bytes += row.size
        while len(self._until) > self._max_rows or self._bytes > self._max_bytes:
            self._release(next(iter(self._until)), row.accepted)

    def release_for(self, feedback: QueuedRow) -> None:
        """Release the rows that feedback is about."""
        key = feedback.encoded.dataset, feedback.encoded.id
        for row in [row for row in self._until if row.encoded.feedback_key == key]:
            self._release(row, max(row.accepted, feedback.accepted))

    def release_due(self, now: float) -> None:
        """Release the rows whose time has ended."""
        if now >= self._due_at:
            self._release_all(lambda row: self._until[row] <= now)
            self._due_at = min(self._until.values(), default=inf)

    def release_up_to(self, number: int) -> None:
        """Release the rows that were accepted up to this number."""
        self._release_all(lambda row: row.number <= number)

    def due_at(self) -> float:
        """Return when `release_due` may have something; infinity when nothing is held."""
        return self._due_at if self._until else inf

    def remove(self, is_removed: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        """Remove and return the rows for which this is true."""
        removed = [row for row in self._until if is_removed(row)]
        for row in removed:
            self._remove(row)
        return removed

    def _release_all(self, is_released: Callable[[QueuedRow], bool]) -> None:
        for row in [row for row in self._until if is_released(row)]:
            self._release(row, self._until[row])

    def _release(self, row: QueuedRow, at: float) -> None:
        """Release a row, whose batch and whose deadline count from then."""
        self._remove(row)
        row.accepted = at
        self._on_release(row)

    def _remove(self, row: QueuedRow) -> None:
        del self._until[row]
        self._bytes -= row.size
