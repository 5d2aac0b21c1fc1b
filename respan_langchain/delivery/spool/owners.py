"""Whose rows are on disk: the status that counts each row, and the rows that the disk has lost."""

import weakref
from collections import deque
from collections.abc import Collection, Iterable
from pathlib import Path

from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.outcome import RowOutcome, dropped
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool.directory import Orphan
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.delivery.status import DeliveryStatus

UNREADABLE = SpoolRow("", "", "", b"")
"""Stands for a row of which nothing is known."""


class RowOwners:
    """The rows of this process that are only on disk; those of ended processes are `adopted`."""

    def __init__(self, adopted: DeliveryStatus, unreadable_files: deque[str]) -> None:
        """`unreadable_files` receives the name of each damaged file once, with the cause."""
        self._adopted = adopted
        self._unreadable_files = unreadable_files
        self._known_files: set[Path] = set()
        self._spooled: dict[str, tuple[str, weakref.ref[DeliveryStatus]]] = {}
        """Id and status of each row, by its key on disk."""
        self._lost: list[RowOutcome] = []

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
        owner.keep_pending([row.id], spooled=-1)
        return owner

    def drop(self, rows: Iterable[SpoolRow], reason: DropReason) -> None:
        """Drop rows that are only on disk; dead letters are already counted as rejected."""
        gone = [
            EncodedRow(row.id, row.dataset, b"", self.returned(row))
            for row in rows
            if row.state != "dead"
        ]
        lost = (QueuedRow(row, 0, 0.0, uses_capacity=False) for row in gone)
        self._lost.append(dropped(lost, reason))

    def drop_missing(
        self, found: Collection[str], lost: int, reason: DropReason = "damaged"
    ) -> None:
        """Drop the rows of this process whose keys are not among those `found` on disk.

        `lost` rows are missing in all: the others came from processes that have ended.
        """
        missing = [
            SpoolRow(key, row_id, "", b"")
            for key, (row_id, _) in self._spooled.items()
            if key not in found
        ]
        self.drop(missing, reason)
        self.drop([UNREADABLE] * (lost - len(missing)), reason)

    def drop_damaged(self, orphan: Orphan) -> None:
        """Drop the damaged and missing rows of an ended process's file."""
        self.report(orphan)
        self.drop([*orphan.damaged, *[UNREADABLE] * orphan.lost], "damaged")

    def report(self, orphan: Orphan) -> None:
        """Report a file that cannot be read in full, once."""
        if orphan.problem and orphan.path not in self._known_files:
            self._known_files.add(orphan.path)
            self._unreadable_files.append(f"{orphan.path.name}: {orphan.problem}")

    def take_lost(self) -> tuple[RowOutcome, ...]:
        """Return the outcomes of the dropped rows, once."""
        lost, self._lost = self._lost, []
        return tuple(lost)
