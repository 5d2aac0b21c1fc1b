"""What goes to disk, and when it comes back: the levels `spill` and `durable`.

`durable` writes every row down as it is taken in; `spill` only what would be lost otherwise. Both
keep dead letters. A disk that says no is left alone for a while, and the rows stay in memory as if
there were none; a file that is damaged is set aside.
"""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias
from weakref import WeakValueDictionary

from respan_langchain.delivery.batch import Outcome, rows_of
from respan_langchain.delivery.limits import MEBIBYTE
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.file import (
    SpoolFile,
    SpoolRow,
    SpoolState,
    cause_of,
    is_damage,
)
from respan_langchain.delivery.spool.null_spool import Loaded, NullSpool
from respan_langchain.delivery.status import DeliveryStatus

LOOK_FOR_ORPHANS = 30.0
"""Seconds between two looks for files of processes that are gone."""
Reasons: TypeAlias = Mapping[tuple[str, str], str]
NO_REASONS: Reasons = MappingProxyType({})
FIRST_REST, LONGEST_REST = 1.0, 30.0
"""Seconds that a disk which said no is left alone."""


@dataclass(frozen=True, slots=True)
class SpoolConfig:
    """That, where and how much."""

    directory: Path
    """One for each destination: whoever adopts a file sends its rows to his own."""
    level: Literal["spill", "durable"] = "spill"
    max_bytes: int = 256 * MEBIBYTE
    """Bodies on disk at most, for each process; the oldest dead letters leave first."""
    max_age: float = 7 * 86_400.0
    """Seconds after which a row on disk is thrown away, and counted."""


class Spool(NullSpool):
    """The disk's side of one worker; for the worker's thread alone."""

    def __init__(self, disk: SpoolConfig) -> None:
        super().__init__()
        self.disk = disk
        self.is_durable = disk.level == "durable"
        self.takes_overflow = True
        self._spool: SpoolFile | None = None
        self._lock: directory.Lock | None = None
        self._on_disk: dict[tuple[str, str], int] = {}
        self._owed: set[tuple[str, str]] = set()
        """Of these, what is done with and could not be deleted yet."""
        self._bytes = 0
        self._owners: WeakValueDictionary[int, DeliveryStatus] = WeakValueDictionary()
        self._rests = 0
        self._rest_until = float("-inf")
        self._look_at = float("-inf")
        self._odd_paths: set[Path] = set()

    # -- rows go to disk -------------------------------------------------------------------------

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """`durable`: these were taken in."""
        if self.is_durable:
            self._keep(rows, "waiting", now, held=True)

    def spill(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> list[QueuedRow]:
        """Keep on disk alone what cannot stay in memory; those for which there was room."""
        return self._keep(rows, state, now, held=False)

    def add_dead_letters(self, settled: Sequence[Outcome], now: float) -> None:
        """Keep dead letters, with their reasons."""
        reasons = {_key(row): one.reason for one in settled for row in one.rows}
        self._keep(rows_of(settled), "dead", now, held=True, reasons=reasons)

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These are about to be sent: should the process die, they are to be looked for first."""
        self._change([_key(row) for row in rows if _key(row) in self._on_disk], "sent", now)

    def mark_pending(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These were surely not stored."""
        self._change([_key(row) for row in rows if _key(row) in self._on_disk], "waiting", now)

    def remove(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These are done with."""
        self._owed |= {_key(row) for row in rows} & self._on_disk.keys()
        self._delete_owed(now)

    # -- rows come back --------------------------------------------------------------------------

    def adopt_orphans(self, now: float) -> list[Loaded]:
        """Adopt what processes left that are gone; what is damaged or too old is lost: this."""
        if now < self._look_at:
            return []
        self._look_at = now + LOOK_FOR_ORPHANS
        self._delete_owed(now)
        strangers = self._spool is not None or any(self.disk.directory.glob("*.db"))
        if not strangers or (spool := self._open(now)) is None:
            return []
        lost: list[Loaded] = []
        with _Rescue(self, now):
            for orphan in directory.adopt_orphans(self.disk.directory, spool):
                lost += [self._loaded(row, lost="damaged") for row in _alive(orphan.damaged)]
                self._note_odd(orphan)
            expired = spool.expire(time.time() - self.disk.max_age)
            # What is held in memory as well is not lost.
            gone = [
                row for row in expired if self._on_disk.pop((row.id, row.address), None) is None
            ]
            lost += [self._loaded(row, lost="spool_expired") for row in _alive(gone)]
            self.loadable, self._bytes = spool.loadable(), spool.bytes()
        return lost

    def load(self, most_rows: int, most_bytes: int, now: float) -> list[Loaded]:
        """Bring rows back to memory; they stay on disk until they are done with."""
        if not self.loadable or (spool := self._open(now)) is None:
            return []
        rows: list[SpoolRow] = []
        with _Rescue(self, now):
            rows = spool.load(most_rows, most_bytes)
            self.loadable = spool.loadable()
        self._on_disk.update({(row.id, row.address): len(row.body) for row in rows})
        return [self._loaded(row) for row in rows]

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave what is on disk for another process."""
        # Whoever comes next would deliver once more what is still there, so there is no rest now.
        self._rest_until = float("-inf")
        self._delete_owed(0.0)
        spool, lock = self._spool, self._lock
        if spool is None or lock is None:
            return
        empty = False
        with _Rescue(self, 0.0):
            empty = not spool.counts()
            spool.close()
        if empty:
            directory.remove(spool.path)
            lock.release()
        else:
            lock.forget()
        self._let_go()

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
        if self._spool is not None:
            import ctypes

            # Closing the copy at the child's end would touch the parent's file: it is never freed.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._spool.connection))
        if self._lock is not None:
            self._lock.forget()

    # -- inside ----------------------------------------------------------------------------------

    def _keep(
        self,
        rows: Sequence[QueuedRow],
        state: SpoolState,
        now: float,
        *,
        held: bool,
        reasons: Reasons = NO_REASONS,
    ) -> list[QueuedRow]:
        if not rows or (spool := self._open(now)) is None:
            return []
        with _Rescue(self, now):
            kept = self._fitting(rows, spool)
            spool.add(
                [self._spool_row(row, state, reasons.get(_key(row), "")) for row in kept], held=held
            )
            self._bytes += sum(map(self._growth, kept))
            self._on_disk.update({_key(row): row.size for row in kept})
            if not held:
                self.loadable += len(kept)
                self._forget(kept)
            elif state == "dead":
                self._forget(kept)
            self.last_error, self._rests = None, 0
            return kept
        return []

    def _forget(self, rows: Sequence[QueuedRow]) -> None:
        for row in rows:
            self._on_disk.pop(_key(row), None)

    def _fitting(self, rows: Sequence[QueuedRow], spool: SpoolFile) -> list[QueuedRow]:
        """Those for which there is room; dead letters make some."""
        size = sum(map(self._growth, rows))
        while self._bytes + size > self.disk.max_bytes and spool.drop_oldest_dead():
            self._bytes = spool.bytes()
        room = self.disk.max_bytes - self._bytes
        fitting: list[QueuedRow] = []
        for row in rows:
            if self._growth(row) <= room:
                room -= self._growth(row)
                fitting.append(row)
        return fitting

    def _growth(self, row: QueuedRow) -> int:
        return 0 if _key(row) in self._on_disk else row.size

    def _delete_owed(self, now: float) -> None:
        if self._owed and (spool := self._open(now)) is not None:
            with _Rescue(self, now):
                spool.remove(self._owed)
                self._bytes -= sum(self._on_disk.pop(key, 0) for key in self._owed)
                self._owed.clear()

    def _change(self, keys: list[tuple[str, str]], state: SpoolState, now: float) -> None:
        if keys and (spool := self._open(now)) is not None:
            with _Rescue(self, now):
                spool.mark(keys, state, attempt=state == "sent")

    def _spool_row(self, row: QueuedRow, state: SpoolState, reason: str) -> SpoolRow:
        parcel = row.encoded
        self._owners[id(parcel.status)] = parcel.status
        return SpoolRow(
            parcel.id, parcel.dataset, parcel.body, state, reason, owner=id(parcel.status)
        )

    def _note_odd(self, orphan: directory.Orphan) -> None:
        """Have it said once: a file that cannot be opened is met at every look."""
        if orphan.problem and orphan.path not in self._odd_paths:
            self._odd_paths.add(orphan.path)
            self.unreadable_files.append(orphan.problem)

    def _loaded(self, row: SpoolRow, lost: str = "") -> Loaded:
        owner = self._owners.get(row.owner)
        parcel = EncodedRow(row.id, row.address, row.body, owner or self.adopted)
        return Loaded(parcel, sent=row.state == "sent", adopted=owner is None, lost=lost)

    def _open(self, now: float) -> SpoolFile | None:
        if self._spool is None and now >= self._rest_until:
            with _Rescue(self, now):
                directory.prepare(self.disk.directory)
                self._spool, self._lock = directory.create(self.disk.directory)
                self.last_error, self._rests = None, 0
        return self._spool if now >= self._rest_until else None

    def on_disk_error(self, error: Exception, now: float) -> None:
        """The disk said no, or the file is damaged: go on in memory for a while."""
        self.last_error = cause_of(error)
        self._rest_until = now + min(LONGEST_REST, FIRST_REST * 2**self._rests)
        self._rests += 1
        if self._spool is not None and isinstance(error, sqlite3.Error) and is_damage(error):
            self._spool.close()
            directory.set_aside(self._spool.path)
            if self._lock is not None:
                self._lock.release()
            self._let_go()

    def _let_go(self) -> None:
        """The file is no longer ours; what becomes of its rows is not ours to say."""
        self._spool = self._lock = None
        self._on_disk.clear()
        self._owed.clear()
        self._bytes = self.loadable = 0


class _Rescue:
    """Turns what a disk may say into a rest for it."""

    def __init__(self, outbox: Spool, now: float) -> None:
        self._outbox, self._now = outbox, now

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        from respan_langchain.errors import ConfigurationError

        if isinstance(error, sqlite3.Error | OSError | ConfigurationError):
            self._outbox.on_disk_error(error, self._now)
            return True
        return False


def _key(row: QueuedRow) -> tuple[str, str]:
    return row.encoded.id, row.encoded.dataset


def _alive(rows: Iterable[SpoolRow]) -> list[SpoolRow]:
    """Those that were not counted yet: dead letters were when they died."""
    return [row for row in rows if row.state != "dead"]
