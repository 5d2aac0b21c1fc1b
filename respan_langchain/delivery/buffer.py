"""Rows in memory that wait to be sent, by dataset, in the order of acceptance.

Pure: holds no lock and reads no clock. For the worker's thread only.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from respan_langchain.delivery.held_rows import HeldRows
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import QueuedRow


class AdaptiveBatchSize:
    """The size of a batch: the configured one, halved after a 413, growing back slowly."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self.rows = limits.batch_rows
        self.bytes = limits.batch_bytes
        self._max_bytes = limits.batch_bytes

    def shrink(self, refused_bytes: int) -> None:
        """Halve it: a body of `refused_bytes` was too large, or took too long."""
        self.bytes = max(1, min(self.bytes, refused_bytes) // 2)

    def grow(self) -> None:
        """Raise it a little: a batch was accepted."""
        self.bytes = min(self._max_bytes, self.bytes + max(1, self.bytes // 64))


class RowBuffer:
    """Rows that wait for their batch."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self.batch_size = AdaptiveBatchSize(limits)
        self.held = HeldRows(limits, self._append)
        """Rows that wait for feedback first."""
        self._max_age = limits.max_age
        self._max_row_bytes = limits.max_row_bytes
        self._queues: dict[str, deque[QueuedRow]] = {}
        self._bytes: dict[str, int] = {}
        self._flushed_up_to = -1

    def __len__(self) -> int:
        return len(self.held) + sum(len(queue) for queue in self._queues.values())

    def __iter__(self) -> Iterator[QueuedRow]:
        for queue in self._queues.values():
            yield from queue
        yield from self.held

    @property
    def bytes(self) -> int:
        """The size of all rows here that are not held."""
        return sum(self._bytes.values())

    def datasets(self) -> list[str]:
        """Return the datasets with waiting rows, the longest waiting first."""
        return sorted(self._queues, key=lambda dataset: self._queues[dataset][0].number)

    def add(self, row: QueuedRow) -> None:
        """Append a row, or hold it for feedback."""
        if row.encoded.hold:
            self.held.add(row)
        else:
            self._append(row)

    def _append(self, row: QueuedRow) -> None:
        dataset = row.encoded.dataset
        self._queues.setdefault(dataset, deque()).append(row)
        self._bytes[dataset] = self._bytes.get(dataset, 0) + row.size

    def merge(self, feedback: Sequence[QueuedRow]) -> dict[QueuedRow, QueuedRow]:
        """Merge feedback into rows that wait here; return these rows by what was merged."""
        if not feedback:
            return {}
        for each in feedback:
            self.held.release_for(each)
        waiting = {row.encoded.feedback_key: row for row in self}
        merged: dict[QueuedRow, QueuedRow] = {}
        for each in feedback:
            row = waiting.get((each.encoded.dataset, each.encoded.id))
            if row is not None and row.size + each.size <= self._max_row_bytes:
                self._bytes[row.encoded.dataset] += each.size
                row.merge(each)
                merged[each] = row
        return merged

    def put_back(self, rows: Sequence[QueuedRow]) -> None:
        """Put rows that were taken back in their old places."""
        for row in rows:
            self._append(row)
        for dataset in {row.encoded.dataset for row in rows}:
            in_order = sorted(self._queues[dataset], key=lambda row: row.number)
            self._queues[dataset] = deque(in_order)

    def flush_up_to(self, number: int) -> None:
        """Make rows accepted up to this number due at once, held ones too."""
        self.held.release_up_to(number)
        self._flushed_up_to = max(self._flushed_up_to, number)

    def due_at(self, dataset: str) -> float:
        """Return when the next batch for this dataset should leave."""
        queue, size = self._queues[dataset], self.batch_size
        is_full = len(queue) >= size.rows or self._bytes[dataset] >= size.bytes
        if is_full or queue[0].number <= self._flushed_up_to:
            return float("-inf")
        return queue[0].accepted + self._max_age

    def take(self, dataset: str, max_rows: int | None = None) -> list[QueuedRow]:
        """Remove and return the next batch: at least one row, at most `batch_size`."""
        queue = self._queues[dataset]
        max_rows = self.batch_size.rows if max_rows is None else max_rows
        taken = [queue.popleft()]
        size = taken[0].size
        while queue and len(taken) < max_rows and size + queue[0].size < self.batch_size.bytes:
            taken.append(queue.popleft())
            size += taken[-1].size + 1
        self._removed(dataset, taken)
        return taken

    def remove_older(self, before: float) -> list[QueuedRow]:
        """Remove and return the rows that were accepted before this time."""
        older: list[QueuedRow] = []
        for dataset, queue in list(self._queues.items()):
            here: list[QueuedRow] = []
            while queue and queue[0].accepted < before:
                here.append(queue.popleft())
            self._removed(dataset, here)
            older += here
        return older

    def remove(self, is_removed: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        """Remove and return the rows for which this is true."""
        held = self.held.remove(is_removed)
        removed = [row for row in self if is_removed(row)]
        for dataset in {row.encoded.dataset for row in removed}:
            here = [row for row in removed if row.encoded.dataset == dataset]
            gone = set(here)
            self._queues[dataset] = deque(row for row in self._queues[dataset] if row not in gone)
            self._removed(dataset, here)
        return [*held, *removed]

    def remove_oldest(self) -> QueuedRow | None:
        """Remove and return the row that waits longest; None when there is none."""
        if not self._queues:
            return None
        dataset = self.datasets()[0]
        row = self._queues[dataset].popleft()
        self._removed(dataset, [row])
        return row

    def _removed(self, dataset: str, rows: list[QueuedRow]) -> None:
        self._bytes[dataset] -= sum(row.size for row in rows)
        if not self._queues[dataset]:
            del self._queues[dataset], self._bytes[dataset]
