"""The door: takes parcels in from any thread, within the limits, and keeps count of what is held.

The lock guards plain additions only. A signal handler or `__del__` that comes in between finds it
re-entrant, and since Python looks for signals at calls and jumps alone, no addition is lost.
"""

import threading
from collections import deque
from collections.abc import Iterable

from respan_langchain.delivery.buffer import Door
from respan_langchain.delivery.disk.no_outbox import Loaded
from respan_langchain.delivery.ledger import Ledger
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.parcel import Parcel, Row, by_ledger


class Intake:
    """Parcels on their way from producers to the worker."""

    def __init__(self, limits: Limits, ledger: Ledger) -> None:
        self._ledger = ledger
        self._door = Door(limits)
        self._lock = threading.RLock()
        self._arrived: deque[tuple[list[Parcel], float]] = deque()
        self._overflow: deque[tuple[list[Parcel], float]] = deque()
        self._limits = limits
        self._count = 0
        self.refusals: deque[str] = deque()
        """Why parcels were dropped, for whoever tells people."""

    def admit(self, parcels: Iterable[Parcel], now: float) -> list[tuple[Parcel, str]]:
        """Take them in; gives those that may not come in, and what stands against each."""
        accepted: list[Parcel] = []
        refused: list[tuple[Parcel, str]] = []
        door = self._door
        with self._lock:
            for parcel in parcels:
                size = len(parcel.body)
                reason = door.refusal(size)
                if reason is not None:
                    refused.append((parcel, reason))
                    continue
                door.rows += 1
                door.bytes += size
                accepted.append(parcel)
        if accepted:
            self._accept(accepted)
            self._arrived.append((accepted, now))
        return refused

    def divert(self, parcel: Parcel, now: float) -> None:
        """Take it in although there is no room: it goes to disk."""
        self._accept([parcel])
        self._overflow.append(([parcel], now))

    def refuse(self, parcel: Parcel, reason: str) -> None:
        """Count it as dropped."""
        parcel.ledger.drop(parcel.id, reason)
        self._ledger.drop(parcel.id, reason)
        self.refusals.append(reason)

    def arrivals(self) -> list[Row]:
        """Those that came since the last call, in order; for the worker alone."""
        return self._drained(self._arrived)

    def overflow(self) -> list[Row]:
        """Those that were diverted since the last call."""
        return self._drained(self._overflow)

    def readmit(self, loaded: list[Loaded], now: float) -> list[Row]:
        """Hold rows that came back from disk."""
        for one in loaded:
            for ledger in (one.parcel.ledger, self._ledger):
                one.count_in(ledger)
        rows = self._numbered([one.parcel for one in loaded], now)
        size = sum(row.size for row in rows)
        with self._lock:
            self._door.rows += len(rows)
            self._door.bytes += size
        return rows

    @property
    def room(self) -> tuple[int, int]:
        """Rows and bytes that may come back from disk: half of the house is kept for new ones."""
        rows = self._limits.max_rows // 2 - self._door.rows
        return rows, self._limits.max_bytes // 2 - self._door.bytes

    def _accept(self, parcels: list[Parcel]) -> None:
        for ledger, ids in by_ledger(parcels).items():
            ledger.accept(ids)
            self._ledger.accept(ids)

    def _drained(self, arrived: deque[tuple[list[Parcel], float]]) -> list[Row]:
        rows: list[Row] = []
        while arrived:
            rows += self._numbered(*arrived.popleft())
        return rows

    def _numbered(self, parcels: list[Parcel], accepted: float) -> list[Row]:
        first = self._count + 1
        self._count += len(parcels)
        return [Row(parcel, number, accepted) for number, parcel in enumerate(parcels, first)]

    def release(self, rows: list[Row]) -> None:
        """These are held no longer."""
        size = sum(row.size for row in rows)
        with self._lock:
            self._door.rows -= len(rows)
            self._door.bytes -= size

    @property
    def held_bytes(self) -> int:
        """What all rows weigh whose fate is open."""
        return self._door.bytes

    @property
    def latest(self) -> int:
        """The number of the last row that arrived."""
        return self._count
