"""The spool of the levels `spill` and `durable`: which rows are on disk, and when they are loaded.

`durable` writes every row as it is accepted; `spill` only rows that would be lost otherwise. Both
keep dead letters.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.outcome import Outcome, rows_of
from respan_langchain.delivery.row import EncodedRow, QueuedRow, RowFilter
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.base import Loaded, Spool, SpoolConfig, state_to_keep
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.own_file import OwnFile
from respan_langchain.delivery.spool.owners import RowOwners
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.delivery.spool.spooled_rows import SpooledRows

ORPHAN_INTERVAL: Final = 30.0
"""Seconds between two searches for files of processes that have ended."""
MAX_CLOCK_STEP: Final = 60.0
"""Seconds by which the wall clock may jump before it is no longer trusted to expire rows."""


class DiskSpool(Spool):
    """The rows of one worker on disk; for the thread that holds the worker's lock."""

    def __init__(self, config: SpoolConfig) -> None:
        super().__init__()
        self.config = config
        self.is_durable = config.level == "durable"
        self.takes_overflow = True
        self._owners = RowOwners(self.adopted, self.unreadable_files)
        self._own = OwnFile(config.directory)
        self._rows = SpooledRows(self._own, config, self._owners)
        self._look_at = float("-inf")
        self._clock_gap = CLOCK.time() - CLOCK.monotonic()

    @property
    def loadable(self) -> int:
        """Rows that are only on disk."""
        return self._rows.loadable

    @property
    def last_error(self) -> str | None:
        """Why the disk is not used now."""
        return self._own.last_error

    @property
    def has_every_row(self) -> bool:
        """Whether every row in memory is on disk."""
        return self.is_durable and self.last_error is None and not self._rows.unsaved

    # -- rows go to disk -------------------------------------------------------------------------

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """Write accepted rows, with the level `durable`, and rows that the disk did not take."""
        if self.is_durable:
            if self._own.file is not None:
                self._rows.open(now)  # the file may be gone
            self._rows.save(rows, "pending", now)
            # Some may be in flight, so another process must look them up first.
            self._rows.save(tuple(self._rows.unsaved), "unconfirmed", now)

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent: another process is to look them up first."""
        self._rows.mark(rows, "unconfirmed", now)
        return ()  # a file is taken over only when its process has ended

    def rescue(self, outcomes: tuple[Outcome, ...], now: float) -> tuple[Outcome, ...]:
        """Write to disk the rows that would be lost; return the outcomes after that."""
        rescued: list[Outcome] = []
        for outcome in outcomes:
            state = state_to_keep(outcome)
            kept = (
                [] if state is None else self._rows.write(outcome.rows, state, now, in_memory=False)
            )
            if not kept:
                rescued.append(outcome)
                continue
            lost = tuple(row for row in outcome.rows if row not in set(kept))
            rescued += [replace(outcome, rows=lost)] if lost else []
            rescued.append(Outcome("spooled", tuple(kept), outcome.reason))
        return tuple(rescued)

    def on_outcomes(self, outcomes: tuple[Outcome, ...], now: float) -> None:
        """Delete rows that are done, keep dead letters and what was changed."""
        mine = self._rows
        changed = rows_of(one for one in outcomes if one.kind == "changed")
        mine.write([row for row in changed if row in mine.keys], "pending", now, in_memory=True)
        for row in rows_of(one for one in outcomes if one.leaves_memory):
            mine.unsaved.pop(row, None)
        mine.remove(rows_of(one for one in outcomes if one.kind in {"delivered", "dropped"}), now)
        dead = [one for one in outcomes if one.kind in {"rejected", "unconfirmed"}]
        reasons = {row: one.reason for one in dead for row in one.rows}
        mine.write(rows_of(dead), "dead", now, in_memory=False, reasons=reasons)
        mine.mark(rows_of(one for one in outcomes if one.kind == "not_stored"), "pending", now)

    # -- rows come back --------------------------------------------------------------------------

    def maintain(self, now: float) -> tuple[Outcome, ...]:
        """Adopt files of processes that have ended; return which rows are lost."""
        if now >= self._look_at:
            self._look_at = now + ORPHAN_INTERVAL
            self._adopt(now)
        return self._owners.take_lost()

    def _adopt(self, now: float) -> None:
        self._rows.delete_done(now)
        if self._own.file is None and not directory.has_files(self.config.directory):
            return
        if (file := self._rows.open(now)) is not None:
            with self._own.using(now):
                for orphan in directory.adopt_orphans(self.config.directory, file):
                    self._owners.drop_damaged(orphan)
                self._expire(file)
                self._rows.recount(file)
                self._rows.drop_deleted(file)

    def load(self, max_rows: int, max_bytes: int, now: float) -> list[Loaded]:
        """Bring rows back to memory; they stay on disk until they are done."""
        rows = self._rows.load(max_rows, max_bytes, now)
        return [self._loaded(row) for row in rows]

    def on_loaded(self, loaded: Sequence[Loaded], rows: Sequence[QueuedRow]) -> None:
        """Remember which queued row is which row on disk."""
        self._rows.keys.update(zip(rows, (one.key for one in loaded), strict=True))

    def _loaded(self, row: SpoolRow) -> Loaded:
        encoded = EncodedRow(row.id, row.dataset, row.body, self._owners.returned(row))
        return Loaded(encoded, row.key, maybe_sent=row.state == "unconfirmed")

    def _expire(self, file: SpoolFile) -> None:
        """Drop rows that are too old, unless the clock has jumped since the process started."""
        gap = CLOCK.time() - CLOCK.monotonic()
        if abs(gap - self._clock_gap) > MAX_CLOCK_STEP:
            return
        expired = file.expire(CLOCK.time() - self.config.max_age)
        in_memory = {key: row for row, key in self._rows.keys.items()}
        for row in expired:
            # A row that is in memory as well is not lost.
            if (queued := in_memory.get(row.key)) is not None:
                del self._rows.keys[queued]
        self._owners.drop((row for row in expired if row.key not in in_memory), "spool_expired")

    def forget(self, chosen: RowFilter, now: float) -> tuple[tuple[Outcome, ...], int]:
        """Delete chosen rows that are only on disk; return the outcomes, and how many there were.

        Dead letters have their outcome already.
        """
        self._rows.delete_done(now)
        if (file := self._own.file) is None:
            return (), 0
        in_memory = set(self._rows.keys.values())
        removed: list[SpoolRow] = []
        with self._own.using(now):
            removed = [row for row in file.find(chosen) if row.key not in in_memory]
            file.remove(row.key for row in removed)
            self._rows.recount(file)
        self._owners.drop(removed, "forgotten")
        return self._owners.take_lost(), len(removed)

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave what is on disk for another process."""
        self._rows.close()

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
        self._own.leave_to_parent()
