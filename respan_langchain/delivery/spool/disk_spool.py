"""The spool of the levels `spill` and `durable`: which rows are on disk, and when they are loaded.

`durable` writes every row as it is accepted; `spill` only rows that would be lost otherwise. Both
keep dead letters. When the disk fails, rows stay in memory and the disk is tried again later; a
file that is damaged is set aside once its readable rows are saved.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.outcome import Outcome, rows_of
from respan_langchain.delivery.row import EncodedRow, QueuedRow, RowFilter
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.base import Loaded, Spool, SpoolConfig, state_to_keep
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.losses import DiskLosses
from respan_langchain.delivery.spool.own_file import OwnFile
from respan_langchain.delivery.spool.owners import RowOwners
from respan_langchain.delivery.spool.rows import SpoolRow, SpoolState

ORPHAN_INTERVAL: Final = 30.0
"""Seconds between two searches for files of processes that have ended."""
MAX_CLOCK_STEP: Final = 60.0
"""Seconds by which the wall clock may jump before it is no longer trusted to expire rows."""
NO_REASONS: Final[Mapping[QueuedRow, str]] = MappingProxyType({})


class DiskSpool(Spool):
    """The rows of one worker on disk; for the thread that holds the worker's lock."""

    def __init__(self, config: SpoolConfig) -> None:
        super().__init__()
        self.config = config
        self.is_durable = config.level == "durable"
        self.takes_overflow = True
        self._own = OwnFile(config.directory)
        self._keys: dict[QueuedRow, str] = {}
        """Rows that are in memory and on disk."""
        self._unsaved: dict[QueuedRow, object] = {}
        """Rows that are in memory only, though the level is `durable`, in their order."""
        self._numbers = count(1)
        self._done: dict[str, int] = {}
        """Keys and sizes of rows that are done, and could not be deleted yet."""
        self._bytes = 0
        self._owners = RowOwners(self.adopted)
        self._losses = DiskLosses(self._owners, self.unreadable_files)
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
            self._open(now)  # the file may be gone
            self._save(rows, "pending", now)
            # Some may be in flight, so another process must look them up first.
            self._save(tuple(self._unsaved), "unconfirmed", now)

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent: another process is to look them up first."""
        self._mark(rows, "unconfirmed", now)
        return ()  # a file is taken over only when its process has ended

    def rescue(self, outcomes: tuple[Outcome, ...], now: float) -> tuple[Outcome, ...]:
        """Write to disk the rows that would be lost; return the outcomes after that."""
        rescued: list[Outcome] = []
        for outcome in outcomes:
            state = state_to_keep(outcome)
            kept = [] if state is None else self._keep(outcome.rows, state, now, held=False)
            if not kept:
                rescued.append(outcome)
                continue
            lost = tuple(row for row in outcome.rows if row not in set(kept))
            rescued += [replace(outcome, rows=lost)] if lost else []
            rescued.append(Outcome("spooled", tuple(kept), outcome.reason))
        return tuple(rescued)

    def on_outcomes(self, outcomes: tuple[Outcome, ...], now: float) -> None:
        """Delete rows that are done, keep dead letters and what was changed."""
        changed = rows_of(one for one in outcomes if one.kind == "changed")
        self._keep([row for row in changed if row in self._keys], "pending", now, held=True)
        for row in rows_of(one for one in outcomes if one.leaves_memory):
            self._unsaved.pop(row, None)
        self._remove(rows_of(one for one in outcomes if one.kind in {"delivered", "dropped"}), now)
        dead = [one for one in outcomes if one.kind in {"rejected", "unconfirmed"}]
        reasons = {row: one.reason for one in dead for row in one.rows}
        self._keep(rows_of(dead), "dead", now, held=True, reasons=reasons)
        self._mark(rows_of(one for one in outcomes if one.kind == "not_stored"), "pending", now)

    # -- rows come back --------------------------------------------------------------------------

    def adopt_orphans(self, now: float) -> tuple[Outcome, ...]:
        """Adopt files of processes that have ended; return which rows are lost."""
        if now >= self._look_at:
            self._look_at = now + ORPHAN_INTERVAL
            self._adopt(now)
        return self._losses.take()

    def _adopt(self, now: float) -> None:
        self._delete_done(now)
        if self._own.file is None and not directory.has_files(self.config.directory):
            return
        if (file := self._open(now)) is not None:
            with self._own.using(now):
                for orphan in directory.adopt_orphans(self.config.directory, file):
                    self._losses.add_orphan(orphan)
                self._expire(file)
                self.loadable, self._bytes = file.loadable(), file.bytes()

    def load(self, max_rows: int, max_bytes: int, now: float) -> list[Loaded]:
        """Bring rows back to memory; they stay on disk until they are done."""
        if not self.loadable or (file := self._open(now)) is None:
            return []
        rows: list[SpoolRow] = []
        with self._own.using(now):
            rows, damaged = file.load(max_rows, max_bytes)
            self._losses.add_unreadable(damaged)
            self.loadable = file.loadable()
        return [self._loaded(row) for row in rows]

    def on_loaded(self, loaded: Sequence[Loaded], rows: Sequence[QueuedRow]) -> None:
        """Remember which queued row is which row on disk."""
        self._keys.update(zip(rows, (one.key for one in loaded), strict=True))

    def _loaded(self, row: SpoolRow) -> Loaded:
        encoded = EncodedRow(row.id, row.dataset, row.body, self._owners.returned(row))
        return Loaded(encoded, row.key, maybe_sent=row.state == "unconfirmed")

    def _expire(self, file: SpoolFile) -> None:
        """Drop rows that are too old, unless the clock has jumped since the process started."""
        gap = CLOCK.time() - CLOCK.monotonic()
        if abs(gap - self._clock_gap) > MAX_CLOCK_STEP:
            return
        expired = file.expire(CLOCK.time() - self.config.max_age)
        in_memory = {self._keys[row]: row for row in self._keys}
        for row in expired:
            # A row that is in memory as well is not lost.
            if (queued := in_memory.get(row.key)) is not None:
                del self._keys[queued]
        self._losses.add((row for row in expired if row.key not in in_memory), "spool_expired")

    def forget(self, chosen: RowFilter, now: float) -> tuple[tuple[Outcome, ...], int]:
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
            self.loadable, self._bytes = file.loadable(), file.bytes()
        return tuple(self._owners.lost(removed, "forgotten")), len(removed)

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave what is on disk for another process."""
        self._own.retry_now()  # the next process would deliver the remaining rows again
        self._delete_done(0.0)
        self._own.close()
        self._forget_file()

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
        self._own.leave_to_parent()

    # -- inside ----------------------------------------------------------------------------------

    def _save(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        self._unsaved.update(dict.fromkeys(rows))
        for row in self._keep(rows, state, now, held=True):
            self._unsaved.pop(row, None)

    def _keep(
        self,
        rows: Sequence[QueuedRow],
        state: SpoolState,
        now: float,
        *,
        held: bool,
        reasons: Mapping[QueuedRow, str] = NO_REASONS,
    ) -> list[QueuedRow]:
        """Write rows, or give them a new state; return those that fit on disk."""
        if not rows or (file := self._open(now)) is None:
            return []
        with self._own.using(now):
            kept = self._fitting(rows, file)
            if not kept:
                return []
            written = [self._spool_row(row, state, reasons.get(row, ""), file) for row in kept]
            file.add(written, held=held)
            self._bytes += sum(map(self._growth, kept))
            if held and state != "dead":
                self._keys.update((row, one.key) for row, one in zip(kept, written, strict=True))
            else:
                self.loadable += 0 if held else len(kept)
                for row in kept:
                    self._keys.pop(row, None)
            return kept
        return []

    def _fitting(self, rows: Sequence[QueuedRow], file: SpoolFile) -> list[QueuedRow]:
        """Return the rows that fit within `max_bytes`; dead letters are deleted for them."""
        size = sum(map(self._growth, rows))
        while self._bytes + size > self.config.max_bytes and file.drop_oldest_dead():
            self._bytes = file.bytes()
        free = self.config.max_bytes - self._bytes
        fitting: list[QueuedRow] = []
        for row in rows:
            if self._growth(row) <= free:
                free -= self._growth(row)
                fitting.append(row)
        return fitting

    def _growth(self, row: QueuedRow) -> int:
        return 0 if row in self._keys else row.size

    def _mark(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> None:
        keys = [self._keys[row] for row in rows if row in self._keys]
        if keys and (file := self._open(now)) is not None:
            with self._own.using(now):
                file.mark(keys, state, attempt=state == "unconfirmed")

    def _remove(self, rows: Sequence[QueuedRow], now: float) -> None:
        for row in rows:
            if (key := self._keys.pop(row, None)) is not None:
                self._done[key] = row.size
        self._delete_done(now)

    def _delete_done(self, now: float) -> None:
        if self._done and (file := self._open(now)) is not None:
            with self._own.using(now):
                file.remove(self._done)
                self._bytes -= sum(self._done.values())
                self._done.clear()

    def _spool_row(
        self, row: QueuedRow, state: SpoolState, reason: str, file: SpoolFile
    ) -> SpoolRow:
        encoded = row.encoded
        key = self._keys.get(row) or f"{file.path.stem}:{next(self._numbers)}"
        owner = self._owners.number(encoded.status)
        return SpoolRow(key, encoded.id, encoded.dataset, encoded.body, state, reason, owner=owner)

    def _open(self, now: float) -> SpoolFile | None:
        file = self._own.open(now)
        self._salvage_broken(now)
        return file

    def _salvage_broken(self, now: float) -> None:
        """Move the readable rows of a damaged or removed file into a new one."""
        if (broken := self._own.take_broken()) is None:
            return
        file, lock = broken
        held, on_disk_alone = dict(self._keys), self.loadable
        self._forget_file()
        orphan = directory.Orphan(file.path, owner_is_gone=False)
        if (new := self._own.open(now)) is None:
            orphan.lost = on_disk_alone
        else:
            with self._own.using(now):
                directory.move_rows(orphan, file, lock, new, held.values())
                self.loadable, self._bytes = new.loadable(), new.bytes()
        orphan.problem = orphan.problem or "it was removed"
        directory.set_aside(file.path)
        with suppress(sqlite3.Error):
            file.close()
        lock.release()
        self._losses.add_orphan(orphan)
        if self.is_durable:
            self._save(tuple(held), "unconfirmed", now)

    def _forget_file(self) -> None:
        self._keys.clear()
        self._done.clear()
        self._bytes = self.loadable = 0
