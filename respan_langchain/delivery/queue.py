"""The waiting room: what is kept, what is dropped, and when a batch should leave.

Holds no lock and reads no clock; the worker brings both, so every rule is tested by passing
numbers.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.row import EncodedRow, QueuedRow, ids_by_status
from respan_langchain.delivery.spool.null_spool import Loaded
from respan_langchain.delivery.status import DeliveryStatus

NO_ROOM = frozenset({"queue_rows", "queue_bytes"})
"""Refusals that would not be, were there fewer rows."""


@dataclass(slots=True)
class Door:
    """Counts what is held, from acceptance until its fate is known, against the limits."""

    limits: Limits
    rows: int = 0
    bytes: int = 0

    def refusal(self, size: int) -> str | None:
        """Why a row of `size` bytes may not come in now; None when it may."""
        if size > self.limits.max_row_bytes:
            return "row_too_big"
        if self.rows >= self.limits.max_rows:
            return "queue_rows"
        if self.bytes + size > self.limits.max_bytes:
            return "queue_bytes"
        return None


class Target:
    """How large a batch should be: all that is allowed, less after a refusal, slowly back."""

    def __init__(self, limits: Limits) -> None:
        self.rows = limits.batch_rows
        self.bytes = limits.batch_bytes
        self._most = limits.batch_bytes

    def shrink(self, refused_bytes: int) -> None:
        """A body of this size was too large, or took too long."""
        self.bytes = max(1, min(self.bytes, refused_bytes) // 2)

    def grow(self) -> None:
        """A batch went through."""
        self.bytes = min(self._most, self.bytes + max(1, self.bytes // 64))


class Buffer:
    """Rows that wait to be sent, by address, in the order of their acceptance."""

    def __init__(self, limits: Limits, target: Target) -> None:
        self._max_age = limits.max_age
        self._target = target
        self._queues: dict[str, deque[QueuedRow]] = {}
        self._bytes: dict[str, int] = {}
        self._hurried = -1

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    @property
    def bytes(self) -> int:
        """What all rows here weigh."""
        return sum(self._bytes.values())

    def __iter__(self) -> Iterator[QueuedRow]:
        for queue in self._queues.values():
            yield from queue

    def addresses(self) -> list[str]:
        """Where something waits for, the longest waiting first."""
        return sorted(self._queues, key=lambda address: self._queues[address][0].number)

    def add(self, row: QueuedRow) -> None:
        """Put a new row last."""
        address = row.encoded.dataset
        self._queues.setdefault(address, deque()).append(row)
        self._bytes[address] = self._bytes.get(address, 0) + row.size

    def put_back(self, rows: Sequence[QueuedRow]) -> None:
        """Return rows that were taken, to where they stood."""
        for row in rows:
            self.add(row)
        for address in {row.encoded.dataset for row in rows}:
            in_order = sorted(self._queues[address], key=lambda row: row.number)
            self._queues[address] = deque(in_order)

    def hurry(self, number: int) -> None:
        """Rows accepted up to this one are due at once."""
        self._hurried = max(self._hurried, number)

    def due_at(self, address: str) -> float:
        """When the next batch for this address should leave."""
        queue = self._queues[address]
        full = len(queue) >= self._target.rows or self._bytes[address] >= self._target.bytes
        if full or queue[0].number <= self._hurried:
            return float("-inf")
        return queue[0].accepted + self._max_age

    def take(self, address: str, most_rows: int | None = None) -> list[QueuedRow]:
        """Remove the next batch: at least one row, at most what the target says."""
        queue = self._queues[address]
        most_rows = self._target.rows if most_rows is None else most_rows
        taken = [queue.popleft()]
        size = taken[0].size
        while queue and len(taken) < most_rows and size + queue[0].size < self._target.bytes:
            taken.append(queue.popleft())
            size += taken[-1].size + 1
        self._forget(address, taken)
        return taken

    def expired(self, before: float) -> list[QueuedRow]:
        """Remove the rows that were accepted before this time."""
        gone: list[QueuedRow] = []
        for address, queue in list(self._queues.items()):
            here: list[QueuedRow] = []
            while queue and queue[0].accepted < before:
                here.append(queue.popleft())
            self._forget(address, here)
            gone += here
        return gone

    def oldest(self) -> QueuedRow | None:
        """Remove the row that waits longest."""
        if not self._queues:
            return None
        address = self.addresses()[0]
        row = self._queues[address].popleft()
        self._forget(address, [row])
        return row

    def _forget(self, address: str, taken: list[QueuedRow]) -> None:
        self._bytes[address] -= sum(row.size for row in taken)
        if not self._queues[address]:
            del self._queues[address], self._bytes[address]


class Intake:
    """Parcels on their way from producers to the worker."""

    def __init__(self, limits: Limits, ledger: DeliveryStatus) -> None:
        self._ledger = ledger
        self._door = Door(limits)
        self._lock = threading.RLock()
        self._arrived: deque[tuple[list[EncodedRow], float]] = deque()
        self._overflow: deque[tuple[list[EncodedRow], float]] = deque()
        self._limits = limits
        self._count = 0
        self.refusals: deque[str] = deque()
        """Why parcels were dropped, for whoever tells people."""

    def admit(self, parcels: Iterable[EncodedRow], now: float) -> list[tuple[EncodedRow, str]]:
        """Take them in; gives those that may not come in, and what stands against each."""
        accepted: list[EncodedRow] = []
        refused: list[tuple[EncodedRow, str]] = []
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

    def divert(self, parcel: EncodedRow, now: float) -> None:
        """Take it in although there is no room: it goes to disk."""
        self._accept([parcel])
        self._overflow.append(([parcel], now))

    def refuse(self, parcel: EncodedRow, reason: str) -> None:
        """Count it as dropped."""
        parcel.status.drop(parcel.id, reason)
        self._ledger.drop(parcel.id, reason)
        self.refusals.append(reason)

    def arrivals(self) -> list[QueuedRow]:
        """Those that came since the last call, in order; for the worker alone."""
        return self._drained(self._arrived)

    def overflow(self) -> list[QueuedRow]:
        """Those that were diverted since the last call."""
        return self._drained(self._overflow)

    def readmit(self, loaded: list[Loaded], now: float) -> list[QueuedRow]:
        """Hold rows that came back from disk."""
        for one in loaded:
            for ledger in (one.parcel.status, self._ledger):
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

    def _accept(self, parcels: list[EncodedRow]) -> None:
        for ledger, ids in ids_by_status(parcels).items():
            ledger.accept(ids)
            self._ledger.accept(ids)

    def _drained(self, arrived: deque[tuple[list[EncodedRow], float]]) -> list[QueuedRow]:
        rows: list[QueuedRow] = []
        while arrived:
            rows += self._numbered(*arrived.popleft())
        return rows

    def _numbered(self, parcels: list[EncodedRow], accepted: float) -> list[QueuedRow]:
        first = self._count + 1
        self._count += len(parcels)
        return [QueuedRow(parcel, number, accepted) for number, parcel in enumerate(parcels, first)]

    def release(self, rows: list[QueuedRow]) -> None:
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
