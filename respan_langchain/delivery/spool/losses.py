"""Rows that were lost on disk, until delivery counts them; and the files that lost them."""

from collections import deque
from collections.abc import Collection, Iterable
from pathlib import Path

from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.outcome import Outcome
from respan_langchain.delivery.spool.directory import Orphan
from respan_langchain.delivery.spool.owners import RowOwners
from respan_langchain.delivery.spool.rows import SpoolRow

UNREADABLE = SpoolRow("", "", "", b"")
"""Stands for a row of which nothing is known."""


class DiskLosses:
    """What was lost since the last call of `take`."""

    def __init__(self, owners: RowOwners, unreadable_files: deque[str]) -> None:
        """`unreadable_files` receives the name of each damaged file once, with the cause."""
        self._owners = owners
        self._unreadable_files = unreadable_files
        self._known_files: set[Path] = set()
        self._outcomes: list[Outcome] = []

    def add(self, rows: Iterable[SpoolRow], reason: DropReason) -> None:
        """Drop rows that are only on disk."""
        self._outcomes += self._owners.lost(rows, reason)

    def add_own(self, found: Collection[str], lost: int, reason: DropReason = "damaged") -> None:
        """Drop the rows of this process that are not `found` on disk.

        `lost` rows are missing in all: the others came from processes that have ended.
        """
        missing = self._owners.missing(found)
        self.add(missing, reason)
        self.add([UNREADABLE] * (lost - len(missing)), reason)

    def add_orphan(self, orphan: Orphan) -> None:
        """Drop the damaged and missing rows of an ended process's file."""
        self.add_problem(orphan)
        self.add([*orphan.damaged, *[UNREADABLE] * orphan.lost], "damaged")

    def add_problem(self, orphan: Orphan) -> None:
        """Report a file that cannot be read in full, once."""
        if orphan.problem and orphan.path not in self._known_files:
            self._known_files.add(orphan.path)
            self._unreadable_files.append(f"{orphan.path.name}: {orphan.problem}")

    def take(self) -> tuple[Outcome, ...]:
        """Return the outcomes of the lost rows, once."""
        outcomes, self._outcomes = self._outcomes, []
        return tuple(outcomes)
