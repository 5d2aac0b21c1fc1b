"""The delivery queue: which rows are accepted, and what happens when it is full.

Enforces `max_rows`, `max_bytes` and `max_row_bytes`. Events, open traces, held rows and feedback
have bounds of their own. A row counts from its acceptance to its final state, so rows in flight
count. When the queue is full, `overflow` decides whether the newest or the oldest row is dropped;
with a spool the row goes to disk instead.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from respan_langchain.delivery.buffer import RowBuffer
from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.limits import DeliveryLimits, MemoryBudget
from respan_langchain.delivery.outcome import RowOutcome, dropped
from respan_langchain.delivery.row import EncodedRow, QueuedRow, ids_by_status
from respan_langchain.delivery.status import StatusRegistry


class DeliveryQueue:
    """Rows from their acceptance to their final state."""

    def __init__(self, limits: DeliveryLimits, statuses: StatusRegistry, *, spills: bool) -> None:
        """With `spills`, rows that do not fit are accepted and go to disk."""
        self._limits = limits
        self._statuses = statuses
        self._spills = spills
        # Producers may be interrupted anywhere, also by a signal handler that calls `put` again:
        # the lock is reentrant and guards nothing but additions.
        self._lock = threading.RLock()
        self._rows = 0
        self.bytes_in_memory = 0
        """The size of all rows in memory, those in flight included."""
        # Accepted rows that the worker has neither taken nor numbered.
        self._arrived: deque[QueuedRow] = deque()
        self._overflow: deque[QueuedRow] = deque()
        self._refused: deque[DropReason] = deque()
        self._evicted: list[QueuedRow] = []
        self.buffer = RowBuffer(limits)
        self.closed = False
        """Whether rows that the worker did not poll itself are refused."""
        self.captured = 0
        """Rows that were given to `put` or `refuse` since the process started, of all handlers."""
        self.dropped = 0
        """Of these, rows that were given up."""
        self.latest = 0
        """The number of the last row that was numbered."""

    # -- any thread ------------------------------------------------------------------------------

    def put(self, rows: Sequence[EncodedRow], now: float, *, may_evict: bool = False) -> bool:
        """Accept rows; False when one was dropped.

        `may_evict`: the caller is the worker, the only thread that may remove older rows.
        """
        if self.closed and not may_evict:
            for row in rows:
                self.refuse(row, "closed")
            return not rows
        accepted: list[QueuedRow] = []
        all_taken = True
        for row in rows:
            reason = self._reserve(len(row.body))
            if reason is not None and may_evict:
                self._accept(accepted, self._arrived)
                accepted = []
                if self._evict_for(len(row.body)):
                    reason = self._reserve(len(row.body))
            if reason is None:
                accepted.append(QueuedRow(row, 0, now))
            elif self._spills and reason != "row_too_big":
                self._accept([QueuedRow(row, 0, now, uses_capacity=False)], self._overflow)
            else:
                self.refuse(row, reason)
                all_taken = False
        self._accept(accepted, self._arrived)
        return all_taken

    def refuse(self, row: EncodedRow, reason: DropReason) -> None:
        """Count a row as dropped."""
        row.status.drop(row.id, reason)
        with self._lock:
            self.captured += 1
            self.dropped += 1
        self._refused.append(reason)

    @property
    def is_empty(self) -> bool:
        """Whether every accepted row has its final state, or is on disk alone."""
        return not (self._rows or self._arrived or self._overflow)

    def _reserve(self, size: int) -> DropReason | None:
        """Reserve capacity for a row; return the reason when it does not fit."""
        limits = self._limits
        if size > limits.max_row_bytes:
            return "row_too_big"
        with self._lock:
            if self._rows >= limits.max_rows:
                return "queue_rows"
            if self.bytes_in_memory + size > limits.max_bytes:
                return "queue_bytes"
            self._rows += 1
            self.bytes_in_memory += size
        return None

    def _accept(self, rows: list[QueuedRow], waiting: deque[QueuedRow]) -> None:
        """Count rows as pending, before the worker can take them."""
        with self._lock:
            self.captured += len(rows)
        for status, ids in ids_by_status(row.encoded for row in rows).items():
            self._statuses.add(status)
            status.accept(ids)
        waiting.extend(rows)

    # -- the worker's thread ---------------------------------------------------------------------

    def take_arrivals(self) -> list[QueuedRow]:
        """Return rows accepted since the last call, in order; they are not in the buffer yet."""
        return self._take_all(self._arrived)

    def take_overflow(self) -> tuple[RowOutcome, ...]:
        """Return the outcomes of rows that did not fit, or were evicted for newer rows."""
        evicted, self._evicted = self._evicted, []
        return dropped(evicted, "evicted"), dropped(self._take_all(self._overflow), "spool_full")

    def take_refusals(self) -> Counter[str]:
        """Return how many rows were refused since the last call, by reason."""
        reasons: Counter[str] = Counter()
        while self._refused:
            reasons[self._refused.popleft()] += 1
        return reasons

    def put_loaded(self, rows: list[EncodedRow], now: float) -> list[QueuedRow]:
        """Count rows that were loaded from disk; they are not in the buffer yet."""
        loaded = self._take_all(deque(QueuedRow(row, 0, now) for row in rows))
        with self._lock:
            self._rows += len(loaded)
            self.bytes_in_memory += sum(row.size for row in loaded)
        return loaded

    @property
    def capacity_for_loaded(self) -> tuple[int, int]:
        """Rows and bytes that may be loaded from disk: half of the queue is kept for new rows."""
        rows = self._limits.max_rows // 2 - self._rows
        return rows, MemoryBudget(self._limits.max_bytes).part - self.bytes_in_memory

    def on_outcomes(self, outcomes: Iterable[RowOutcome]) -> None:
        """Free the capacity of rows that have reached their final state, or are on disk."""
        for outcome in outcomes:
            if outcome.leaves_memory:
                self._release(outcome.rows)
            if outcome.kind == "dropped":
                with self._lock:
                    self.dropped += len(outcome.rows)

    def _evict_for(self, size: int) -> bool:
        """Remove the oldest rows until `size` bytes fit; False when that is not possible."""
        limits = self._limits
        arrived = sum(row.size for row in self._arrived.copy())
        others = self.bytes_in_memory - self.buffer.bytes - arrived
        if limits.overflow != "drop_oldest" or others + size > limits.max_bytes:
            return False
        while self._rows >= limits.max_rows or self.bytes_in_memory + size > limits.max_bytes:
            oldest = self.buffer.remove_oldest()
            if oldest is None and not self._arrived:
                return False
            oldest = oldest or self._arrived.popleft()
            self._release([oldest])
            self._evicted.append(oldest)
        return True

    def _release(self, rows: Iterable[QueuedRow]) -> None:
        held = [row for row in rows if row.uses_capacity]
        for row in held:
            row.uses_capacity = False
        size = sum(row.size for row in held)
        with self._lock:
            self._rows -= len(held)
            self.bytes_in_memory -= size

    def _take_all(self, waiting: deque[QueuedRow]) -> list[QueuedRow]:
        """Remove and return the rows, numbered in their order."""
        rows: list[QueuedRow] = []
        while waiting:
            row = waiting.popleft()
            self.latest += 1
            row.number = self.latest
            rows.append(row)
        return rows
