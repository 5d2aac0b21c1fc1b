"""The waiting room: what is kept, what is dropped, and when a batch should leave.

Holds no lock and reads no clock; the worker brings both, so every rule is tested by passing
numbers.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.parcel import Row

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
        self._queues: dict[str, deque[Row]] = {}
        self._bytes: dict[str, int] = {}
        self._hurried = -1

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    @property
    def bytes(self) -> int:
        """What all rows here weigh."""
        return sum(self._bytes.values())

    def __iter__(self) -> Iterator[Row]:
        for queue in self._queues.values():
            yield from queue

    def addresses(self) -> list[str]:
        """Where something waits for, the longest waiting first."""
        return sorted(self._queues, key=lambda address: self._queues[address][0].number)

    def add(self, row: Row) -> None:
        """Put a new row last."""
        address = row.parcel.address
        self._queues.setdefault(address, deque()).append(row)
        self._bytes[address] = self._bytes.get(address, 0) + row.size

    def put_back(self, rows: Sequence[Row]) -> None:
        """Return rows that were taken, to where they stood."""
        for row in rows:
            self.add(row)
        for address in {row.parcel.address for row in rows}:
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

    def take(self, address: str, most_rows: int | None = None) -> list[Row]:
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

    def expired(self, before: float) -> list[Row]:
        """Remove the rows that were accepted before this time."""
        gone: list[Row] = []
        for address, queue in list(self._queues.items()):
            here: list[Row] = []
            while queue and queue[0].accepted < before:
                here.append(queue.popleft())
            self._forget(address, here)
            gone += here
        return gone

    def oldest(self) -> Row | None:
        """Remove the row that waits longest."""
        if not self._queues:
            return None
        address = self.addresses()[0]
        row = self._queues[address].popleft()
        self._forget(address, [row])
        return row

    def _forget(self, address: str, taken: list[Row]) -> None:
        self._bytes[address] -= sum(row.size for row in taken)
        if not self._queues[address]:
            del self._queues[address], self._bytes[address]
