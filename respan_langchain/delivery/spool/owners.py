"""Whose rows are on disk: the status that counts each row, while its handler lives."""

from collections.abc import Iterable, Iterator
from weakref import WeakValueDictionary

from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.outcome import Outcome, dropped
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.delivery.status import DeliveryStatus


class RowOwners:
    """The statuses of this process by their number; those of ended processes count as adopted."""

    def __init__(self, adopted: DeliveryStatus) -> None:
        self._adopted = adopted
        self._by_number: WeakValueDictionary[int, DeliveryStatus] = WeakValueDictionary()

    def number(self, status: DeliveryStatus) -> int:
        """Return what is written with a row, to find its status again."""
        self._by_number[id(status)] = status
        return id(status)

    def returned(self, row: SpoolRow) -> DeliveryStatus:
        """Return the status of a row that is no longer only on disk."""
        owner = self._by_number.get(row.owner)
        if owner is None:
            self._adopted.accept([row.id])
            return self._adopted
        owner.load([row.id])
        return owner

    def lost(self, rows: Iterable[SpoolRow], reason: DropReason) -> Iterator[Outcome]:
        """Drop rows that are only on disk; dead letters are already counted as rejected."""
        gone = [
            EncodedRow(row.id, row.dataset, b"", self.returned(row))
            for row in rows
            if row.state != "dead"
        ]
        yield dropped((QueuedRow(row, 0, 0.0, uses_capacity=False) for row in gone), reason)
