"""Whose rows are on disk: the status that counts each row, while its handler lives."""

import weakref
from collections.abc import Collection, Iterable, Iterator

from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.outcome import Outcome, dropped
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.delivery.status import DeliveryStatus


class RowOwners:
    """The rows of this process that are only on disk; those of ended processes are `adopted`."""

    def __init__(self, adopted: DeliveryStatus) -> None:
        self._adopted = adopted
        self._spooled: dict[str, tuple[str, weakref.ref[DeliveryStatus]]] = {}
        """Id and status of each row, by its key on disk."""

    def __len__(self) -> int:
        """Return how many rows of this process are only on disk."""
        return len(self._spooled)

    def add(self, key: str, row: EncodedRow) -> None:
        """Remember a row that left memory and is only on disk."""
        self._spooled[key] = row.id, weakref.ref(row.status)

    def returned(self, row: SpoolRow) -> DeliveryStatus:
        """Return the status of a row that is no longer only on disk."""
        own = self._spooled.pop(row.key, None)
        owner = None if own is None else own[1]()
        if owner is None:
            self._adopted.accept([row.id])
            return self._adopted
        owner.load([row.id])
        return owner

    def missing(self, found: Collection[str]) -> list[SpoolRow]:
        """Return the rows of this process whose keys are not among those `found` on disk."""
        return [
            SpoolRow(key, row_id, "", b"")
            for key, (row_id, _) in self._spooled.items()
            if key not in found
        ]

    def lost(self, rows: Iterable[SpoolRow], reason: DropReason) -> Iterator[Outcome]:
        """Drop rows that are only on disk; dead letters are already counted as rejected."""
        gone = [
            EncodedRow(row.id, row.dataset, b"", self.returned(row))
            for row in rows
            if row.state != "dead"
        ]
        yield dropped((QueuedRow(row, 0, 0.0, uses_capacity=False) for row in gone), reason)
