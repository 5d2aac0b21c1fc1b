"""The door: takes parcels in from any thread, within the limits, and keeps count of what is held.

The lock guards plain additions only. A signal handler or `__del__` that comes in between finds it
re-entrant, and since Python looks for signals at calls and jumps alone, no addition is lost.
"""

import threading
from collections import deque

from respan_langchain.delivery.buffer import Door
from respan_langchain.delivery.disk.no_outbox import Loaded
from respan_langchain.delivery.ledger import Ledger
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.parcel import Parcel, Row


class Intake:
    """Parcels on their way from producers to the worker."""

    def __init__(self, limits: Limits, ledger: Ledger) -> None:
        self._ledger = ledger
        self._door = Door(limits)
        self._lock = threading.RLock()
        self._arrived: deque[tuple[Parcel, float]] = deque()
        self._overflow: deque[tuple[Parcel, float]] = deque()
        self._limits = limits
        self._count = 0
        self.refusals: deque[str] = deque()
        """Why parcels were dropped, for whoever tells people."""

    def admit(self, parcel: Parcel, now: float) -> str | None:
        """Take it in; what stands against it otherwise."""
        size = len(parcel.body)
        with self._lock:
            reason = self._door.refusal(size)
            if reason is not None:
                return reason
            self._door.rows += 1
            self._door.bytes += size
        parcel.ledger.accept(parcel.id)
        self._ledger.accept(parcel.id)
        self._arrived.append((parcel, now))
        return None

    def divert(self, parcel: Parcel, now: float) -> None:
        """Take it in although there is no room: it goes to disk."""
        parcel.ledger.accept(parcel.id)
        self._ledger.accept(parcel.id)
        self._overflow.append((parcel, now))

    def refuse(self, parcel: Parcel, reason: str) -> None:
        """Count it as dropped."""
        parcel.ledger.drop(parcel.id, reason)
        self._ledger.drop(parcel.id, reason)
        self.refusals.append(reason)

    def arrivals(self) -> list[Row]:
        """Those that came since the last call, in order; for the worker alone."""
        return self._numbered(self._arrived)

    def overflow(self) -> list[Row]:
        """Those that were diverted since the last call."""
        return self._numbered(self._overflow)

    def readmit(self, loaded: list[Loaded], now: float) -> list[Row]:
        """Hold rows that came back from disk."""
        for one in loaded:
            for ledger in (one.parcel.ledger, self._ledger):
                one.count_in(ledger)
        rows = self._numbered(deque((one.parcel, now) for one in loaded))
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

    def _numbered(self, parcels: deque[tuple[Parcel, float]]) -> list[Row]:
        rows: list[Row] = []
        while parcels:
            parcel, accepted = parcels.popleft()
            self._count += 1
            rows.append(Row(parcel, self._count, accepted))
        return rows

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
