"""The rows that this process has in its spool file: their keys, states and sizes.

While the disk fails, rows stay in memory and the disk is tried again later. A file that is damaged
or removed is set aside once its readable rows are saved in a new one.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from types import MappingProxyType
from typing import Final

from respan_langchain.delivery.row import QueuedRow
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.base import SpoolConfig
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.own_file import OwnFile
from respan_langchain.delivery.spool.owners import RowOwners
from respan_langchain.delivery.spool.rows import SpoolRow, SpoolState

NO_REASONS: Final[Mapping[QueuedRow, str]] = MappingProxyType({})


class SpooledRows:
    """Writes rows to the spool file of this process, loads them, removes those that are done."""

    def __init__(self, own: OwnFile, config: SpoolConfig, owners: RowOwners) -> None:
        """Make no file yet; `owners` is told which rows a damaged file has lost."""
        self._own = own
        self._config = config
        self._owners = owners
        self.keys: dict[QueuedRow, str] = {}
        """Rows that are in memory and on disk."""
        self.unsaved: dict[QueuedRow, object] = {}
        """Rows that are to be on disk and are in memory only, in their order."""
        self.loadable = 0
        """Rows that are only on disk, dead letters left out."""
        self._numbers = count(1)
        self._done: dict[str, int] = {}
        """Keys and sizes of rows that are done, and could not be deleted yet."""
        self._bytes = 0

    def open(self, now: float) -> SpoolFile | None:
        """Return the file, made if there is none; None while the disk fails."""
        file = self._own.open(now)
        self._salvage_broken(now)
        return file

    def recount(self, file: SpoolFile) -> None:
        """Count the rows and bytes in the file, after they were changed by others."""
        self.loadable, self._bytes = file.loadable(), file.bytes()

    def drop_deleted(self, file: SpoolFile) -> None:
        """Drop the rows of this process that another one has deleted, such as `spool purge`."""
        if self.loadable < len(self._owners):
            self._owners.drop_missing(file.keys(), 0, "forgotten")

    def save(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        """Write rows that stay in memory; those that the disk does not take become `unsaved`."""
        self.unsaved.update(dict.fromkeys(rows))
        for row in self.write(rows, state, now, in_memory=True):
            self.unsaved.pop(row, None)

    def write(
        self,
        rows: Sequence[QueuedRow],
        state: SpoolState,
        now: float,
        *,
        in_memory: bool,
        reasons: Mapping[QueuedRow, str] = NO_REASONS,
    ) -> list[QueuedRow]:
        """Write rows, or give them a new state; return those that fit on disk.

        `in_memory`: they stay in memory, so that they are not to be loaded.
        """
        if not rows or (file := self.open(now)) is None:
            return []
        with self._own.using(now):
            kept = self._fitting(rows, file)
            if not kept:
                return []
            written = [self._spool_row(row, state, reasons.get(row, ""), file) for row in kept]
            file.add(written, in_memory=in_memory)
            self._bytes += sum(map(self._growth, kept))
            for row, one in zip(kept, written, strict=True):
                if in_memory:
                    self.keys[row] = one.key
                    continue
                self.keys.pop(row, None)
                if state != "dead":
                    self.loadable += 1
                    self._owners.add(one.key, row.encoded)
            return kept
        return []

    def mark(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        """Give rows that are on disk another state."""
        keys = [self.keys[row] for row in rows if row in self.keys]
        if keys and (file := self.open(now)) is not None:
            with self._own.using(now):
                file.mark(keys, state, attempt=state == "unconfirmed")

    def remove(self, rows: Sequence[QueuedRow], now: float) -> None:
        """Delete rows that are done, at once or when the disk allows it."""
        for row in rows:
            if (key := self.keys.pop(row, None)) is not None:
                self._done[key] = row.size
        self.delete_done(now)

    def delete_done(self, now: float) -> None:
        """Delete rows that are done and could not be deleted before."""
        if self._done and (file := self.open(now)) is not None:
            with self._own.using(now):
                file.remove(self._done)
                self._bytes -= sum(self._done.values())
                self._done.clear()

    def close(self) -> None:
        """Leave what is on disk for another process."""
        self._own.retry_now()  # the next process would deliver the remaining rows again
        self.delete_done(0.0)
        self._own.close()
        self._forget_file()

    def load(self, max_rows: int, max_bytes: int, now: float) -> list[SpoolRow]:
        """Return some rows that are only on disk; they stay there until they are done."""
        if not self.loadable or (file := self.open(now)) is None:
            return []
        rows: list[SpoolRow] = []
        with self._own.using(now):
            rows, damaged = file.load(max_rows, max_bytes)
            if damaged:
                self._owners.drop_missing(file.keys(), damaged)
            self.loadable = file.loadable()
        return rows

    def _fitting(self, rows: Sequence[QueuedRow], file: SpoolFile) -> list[QueuedRow]:
        """Return the rows that fit within `max_bytes`; dead letters are deleted for them."""
        most = self._config.max_bytes
        size = sum(map(self._growth, rows))
        while self._bytes + size > most and file.drop_oldest_dead():
            self._bytes = file.bytes()
        free = most - self._bytes
        fitting: list[QueuedRow] = []
        for row in rows:
            if self._growth(row) <= free:
                free -= self._growth(row)
                fitting.append(row)
        return fitting

    def _growth(self, row: QueuedRow) -> int:
        return 0 if row in self.keys else row.size

    def _spool_row(
        self, row: QueuedRow, state: SpoolState, reason: str, file: SpoolFile
    ) -> SpoolRow:
        encoded = row.encoded
        key = self.keys.get(row) or f"{file.path.stem}:{next(self._numbers)}"
        return SpoolRow(key, encoded.id, encoded.dataset, encoded.body, state, reason)

    def _salvage_broken(self, now: float) -> None:
        """Move the readable rows of a damaged or removed file into a new one."""
        if (broken := self._own.take_broken()) is None:
            return
        file, lock = broken
        in_memory, on_disk_alone = dict(self.keys), self.loadable
        not_lost = {*in_memory.values(), *self._done}
        self._forget_file()
        orphan = directory.Orphan(file.path)
        if (new := self._own.open(now)) is None:
            orphan.lost = on_disk_alone
        else:
            with self._own.using(now):
                directory.move_rows(orphan, file, lock, new, not_lost)
                self.recount(new)
        orphan.problem = orphan.problem or "it was removed"
        directory.set_aside(file.path)
        with suppress(sqlite3.Error):
            file.close()
        lock.release()
        self._owners.report(orphan)
        damaged = sum(row.state != "dead" for row in orphan.damaged)
        self._owners.drop_missing(orphan.keys, damaged + orphan.lost)
        if self._config.level == "durable":
            self.save(tuple(in_memory), "unconfirmed", now)

    def _forget_file(self) -> None:
        self.keys.clear()
        self._done.clear()
        self._bytes = self.loadable = 0
