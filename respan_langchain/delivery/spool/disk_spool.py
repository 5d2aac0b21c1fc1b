"""The spool of the levels `spill` and `durable`: which rows are on disk, and when they are loaded.

`durable` writes every row as it is accepted; `spill` only rows that would be lost otherwise. Both
keep dead letters. While the disk fails, rows stay in memory and the disk is tried again later. A
file that is damaged or removed is set aside once its readable rows are saved in a new one.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.outcome import RowOutcome, rows_of
from respan_langchain.delivery.row import EncodedRow, QueuedRow, RowFilter
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.base import Accept, Spool, SpoolConfig, state_to_keep
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.own_file import OwnFile
from respan_langchain.delivery.spool.owners import RowOwners
from respan_langchain.delivery.spool.rows import SpoolRow, SpoolState

ORPHAN_INTERVAL: Final = 30.0
"""Seconds between two searches for files of processes that have ended."""
MAX_CLOCK_STEP: Final = 60.0
"""Seconds by which the wall clock may jump before it is no longer trusted to expire rows."""


class DiskSpool(Spool):
    """The rows of one worker on disk; for the thread that holds the worker's lock."""

    def __init__(self, config: SpoolConfig) -> None:
        super().__init__()
        self._config = config
        self.is_durable = config.level == "durable"
        self.takes_overflow = True
        self._owners = RowOwners(self.adopted, self.unreadable_files)
        self._own = OwnFile(config.directory)
        self._keys: dict[QueuedRow, str] = {}
        """Rows that are in memory and on disk."""
        self._unsaved: dict[QueuedRow, str] = {}
        """Rows that are to be on disk and are in memory only, in their order."""
        self._done: dict[str, int] = {}
        """Keys and sizes of rows that are done, and could not be deleted yet."""
        self._bytes = 0
        self._numbers = count(1)
        self._look_at = float("-inf")
        self._clock_gap = CLOCK.time() - CLOCK.monotonic()

    @property
    def last_error(self) -> str | None:
        """Why the disk is not used now."""
        return self._own.last_error

    @property
    def has_every_row(self) -> bool:
        """Whether every row in memory is on disk."""
        return self.is_durable and self.last_error is None and not self._unsaved

    # -- rows go to disk -------------------------------------------------------------------------

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """Write accepted rows, with the level `durable`, and rows that the disk did not take."""
        if self.is_durable:
            if self._own.file is not None:
                self._open(now)  # the file may be gone
            self._save(rows, "pending", now)
            # Some may be in flight, so another process must look them up first.
            self._save(tuple(self._unsaved), "unconfirmed", now)

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent: another process is to look them up first."""
        self._mark(rows, "unconfirmed", now)
        return ()  # a file is taken over only when its process has ended

    def on_outcomes(self, outcomes: tuple[RowOutcome, ...], now: float) -> tuple[RowOutcome, ...]:
        """Save rows that would be lost and what was changed, delete rows that are done."""
        outcomes = tuple(saved for one in outcomes for saved in self._save_lost(one, now))
        changed = rows_of(one for one in outcomes if one.kind == "changed")
        on_disk = {row: "" for row in changed if row in self._keys}
        self._write(on_disk, "pending", now, in_memory=True)
        for row in rows_of(one for one in outcomes if one.leaves_memory):
            self._unsaved.pop(row, None)
        for row in rows_of(one for one in outcomes if one.kind in {"delivered", "dropped"}):
            if (key := self._keys.pop(row, None)) is not None:
                self._done[key] = row.size
        self._delete_done(now)
        dead = [one for one in outcomes if one.kind in {"rejected", "unconfirmed"}]
        reasons = {row: one.reason for one in dead for row in one.rows}
        self._write(reasons, "dead", now, in_memory=False)
        self._mark(rows_of(one for one in outcomes if one.kind == "not_stored"), "pending", now)
        return outcomes

    def _save_lost(self, outcome: RowOutcome, now: float) -> Iterator[RowOutcome]:
        """Write rows that would be lost; yield what happens to those, and to the others."""
        state, rows = state_to_keep(outcome), dict.fromkeys(outcome.rows, "")
        kept = [] if state is None else self._write(rows, state, now, in_memory=False)
        for row in kept:
            del rows[row]
        if rows or not kept:
            yield replace(outcome, rows=tuple(rows))
        if kept:
            yield RowOutcome("spooled", tuple(kept), outcome.reason)

    def _save(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        """Write rows that stay in memory; those that the disk does not take become `unsaved`."""
        self._unsaved.update(dict.fromkeys(rows, ""))
        for row in self._write(dict.fromkeys(rows, ""), state, now, in_memory=True):
            self._unsaved.pop(row, None)

    def _write(
        self, reasons: Mapping[QueuedRow, str], state: SpoolState, now: float, *, in_memory: bool
    ) -> list[QueuedRow]:
        """Write rows with their reasons, or give them a new state; return those that fit on disk.

        `in_memory`: they stay in memory, so that they are not to be loaded.
        """
        if not reasons or (file := self._open(now)) is None:
            return []
        with self._own.using(now):
            growth = {row: 0 if row in self._keys else row.size for row in reasons}
            kept = self._fitting(growth, file)
            if not kept:
                return []
            written = [self._spool_row(row, state, reasons[row], file) for row in kept]
            file.add(written, in_memory=in_memory)
            self._bytes += sum(growth[row] for row in kept)
            for row, one in zip(kept, written, strict=True):
                if in_memory:
                    self._keys[row] = one.key
                    continue
                self._keys.pop(row, None)
                if state != "dead":
                    self.loadable += 1
                    self._owners.add(one.key, row.encoded)
            return kept
        return []

    def _fitting(self, growth: Mapping[QueuedRow, int], file: SpoolFile) -> list[QueuedRow]:
        """Return the rows that fit within `max_bytes`; dead letters are deleted for them."""
        most = self._config.max_bytes
        while self._bytes + sum(growth.values()) > most and file.drop_oldest_dead():
            self._bytes = file.bytes()
        free = most - self._bytes
        fitting: list[QueuedRow] = []
        for row, size in growth.items():
            if size <= free:
                free -= size
                fitting.append(row)
        return fitting

    def _spool_row(
        self, row: QueuedRow, state: SpoolState, reason: str, file: SpoolFile
    ) -> SpoolRow:
        encoded = row.encoded
        key = self._keys.get(row) or f"{file.path.stem}:{next(self._numbers)}"
        return SpoolRow(key, encoded.id, encoded.dataset, encoded.body, state, reason)

    def _mark(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        """Give rows that are on disk another state."""
        keys = [self._keys[row] for row in rows if row in self._keys]
        if keys and (file := self._open(now)) is not None:
            with self._own.using(now):
                file.mark(keys, state, attempt=state == "unconfirmed")

    def _delete_done(self, now: float) -> None:
        """Delete rows that are done, at once or when the disk allows it."""
        if self._done and (file := self._open(now)) is not None:
            with self._own.using(now):
                file.remove(self._done)
                self._bytes -= sum(self._done.values())
                self._done.clear()

    # -- rows come back --------------------------------------------------------------------------

    def maintain(self, now: float) -> tuple[RowOutcome, ...]:
        """Adopt files of processes that have ended; return which rows are lost."""
        if now >= self._look_at:
            self._look_at = now + ORPHAN_INTERVAL
            self._adopt(now)
        return self._owners.take_lost()

    def _adopt(self, now: float) -> None:
        self._delete_done(now)
        if self._own.file is None and not directory.has_files(self._config.directory):
            return
        if (file := self._open(now)) is not None:
            with self._own.using(now):
                for orphan in directory.adopt_orphans(self._config.directory, file):
                    self._owners.drop_damaged(orphan)
                self._expire(file)
                self._recount(file)
                if self.loadable < len(self._owners):
                    # Another process has deleted rows of this one, such as `spool purge`.
                    self._owners.drop_missing(file.keys(), 0, "forgotten")

    def _expire(self, file: SpoolFile) -> None:
        """Drop rows that are too old, unless the clock has jumped since the process started."""
        gap = CLOCK.time() - CLOCK.monotonic()
        if abs(gap - self._clock_gap) > MAX_CLOCK_STEP:
            return
        expired = file.expire(CLOCK.time() - self._config.max_age)
        in_memory = {key: row for row, key in self._keys.items()}
        for row in expired:
            # A row that is in memory as well is not lost.
            if (queued := in_memory.get(row.key)) is not None:
                del self._keys[queued]
        self._owners.drop((row for row in expired if row.key not in in_memory), "spool_expired")

    def load(
        self, accept: Accept, max_rows: int, max_bytes: int, now: float
    ) -> dict[QueuedRow, bool]:
        """Bring rows back to memory; they stay on disk until they are done."""
        if not self.loadable or (file := self._open(now)) is None:
            return {}
        rows: list[SpoolRow] = []
        with self._own.using(now):
            rows, damaged = file.load(max_rows, max_bytes)
            if damaged:
                self._owners.drop_missing(file.keys(), damaged)
            self.loadable = file.loadable()
        queued = accept(
            [EncodedRow(row.id, row.dataset, row.body, self._owners.returned(row)) for row in rows]
        )
        self._keys.update(zip(queued, (row.key for row in rows), strict=True))
        return {row: one.state == "unconfirmed" for row, one in zip(queued, rows, strict=True)}

    def forget(self, chosen: RowFilter, now: float) -> tuple[tuple[RowOutcome, ...], int]:
        """Delete chosen rows that are only on disk; return the outcomes, and how many there were.

        Dead letters have their outcome already.
        """
        self._delete_done(now)
        if (file := self._own.file) is None:
            return (), 0
        in_memory = set(self._keys.values())
        removed: list[SpoolRow] = []
        with self._own.using(now):
            removed = [row for row in file.find(chosen) if row.key not in in_memory]
            file.remove(row.key for row in removed)
            self._recount(file)
        self._owners.drop(removed, "forgotten")
        return self._owners.take_lost(), len(removed)

    # -- the file --------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave what is on disk for another process."""
        self._own.retry_now()  # the next process would deliver the remaining rows again
        self._delete_done(0.0)
        self._own.close()
        self._forget_file()

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
        self._own.leave_to_parent()

    def _open(self, now: float) -> SpoolFile | None:
        """Return the file, made if there is none; None while the disk fails."""
        file = self._own.open(now)
        if (broken := self._own.take_broken()) is not None:
            self._salvage(broken, now)
        return file

    def _salvage(self, broken: SpoolFile, now: float) -> None:
        """Move the readable rows of a damaged or removed file into a new one."""
        in_memory, on_disk_alone = dict(self._keys), self.loadable
        not_lost = {*in_memory.values(), *self._done}
        self._forget_file()
        orphan = directory.Orphan(broken.path)
        if (new := self._own.open(now)) is None:
            orphan.lost = on_disk_alone
        else:
            with self._own.using(now):
                directory.move_rows(orphan, broken, new, not_lost)
                self._recount(new)
        orphan.problem = orphan.problem or "it was removed"
        directory.set_aside(broken.path)
        with suppress(sqlite3.Error):
            broken.close()
        broken.lock.release()
        self._owners.report(orphan)
        damaged = sum(row.state != "dead" for row in orphan.damaged)
        self._owners.drop_missing(orphan.keys, damaged + orphan.lost)
        if self.is_durable:
            self._save(tuple(in_memory), "unconfirmed", now)

    def _recount(self, file: SpoolFile) -> None:
        """Count the rows and bytes in the file, after they were changed by others."""
        self.loadable, self._bytes = file.loadable(), file.bytes()

    def _forget_file(self) -> None:
        self._keys.clear()
        self._done.clear()
        self._bytes = self.loadable = 0
