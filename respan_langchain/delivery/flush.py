"""A flush: the waiting callers, the rows they wait for, and the result."""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from respan_langchain.delivery.outcome import RowOutcome
from respan_langchain.delivery.row import QueuedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.stats import Stats


@dataclass(frozen=True, slots=True)
class FlushResult:
    """True when everything captured before the call is delivered.

    All counts but `pending` start when the handler is made, so they include earlier losses.
    """

    delivered: int = 0
    pending: int = 0
    """Captured before the call and not delivered yet, rows on disk included."""
    rejected: int = 0
    """Refused permanently by the platform."""
    dropped: int = 0
    unconfirmed: int = 0
    """Sent, and neither confirmed nor refused."""
    all_counted: bool = True
    """False when time ran out before everything captured was even counted."""

    def __bool__(self) -> bool:
        return self.is_complete and not (self.rejected or self.dropped or self.unconfirmed)

    @property
    def is_complete(self) -> bool:
        """Whether every row captured before the call has its final state."""
        return self.all_counted and not self.pending


@dataclass(slots=True, eq=False)
class FlushRequest:
    """One waiting caller; written by the worker, read by the caller once `gate` is released."""

    deadline: float
    """On the worker's clock."""
    status: DeliveryStatus | None = None
    """Whose rows to wait for; None for all."""
    until_taken: bool = False
    """Wait only until the sources are drained, and on disk where the level is `durable`."""
    rows: set[QueuedRow] | None = None
    """Rows without a final state; None until the sources have been drained."""
    finished: bool = False
    is_on_disk: bool = False
    """Whether all accepted rows were on disk when it was finished."""
    gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.acquire()

    def includes(self, row: QueuedRow) -> bool:
        """Whether it waits for this row; not for feedback that was tried before."""
        if row.encoded.is_feedback and row.tries:
            return False
        return self.status is None or row.encoded.status.belongs_to(self.status)

    def is_done(self, *, rows_on_disk: bool) -> bool:
        """Whether the flush is complete; `rows_on_disk`: some rows are only on disk."""
        if self.rows is None or self.until_taken:
            return self.rows is not None
        if rows_on_disk and (self.status is None or self.status.counts().spooled):
            return False
        return not self.rows

    def finish(self) -> None:
        """Release the caller."""
        if not self.finished:
            self.finished = True
            self.gate.release()

    def result(self, counts: Stats) -> FlushResult:
        """Return the result as of now."""
        pending = counts.pending if self.rows is None else counts.spooled + len(self.rows)
        return FlushResult(
            delivered=counts.delivered,
            pending=pending,
            rejected=counts.rejected,
            dropped=counts.total_dropped,
            unconfirmed=counts.unconfirmed,
            all_counted=self.rows is not None,
        )


class PendingFlushes(list[FlushRequest]):
    """All waiting callers; for the worker's thread only."""

    def on_sources_empty(self, rows: list[QueuedRow]) -> bool:
        """Set which of the drained `rows` each caller waits for; True to send at once."""
        fresh = [request for request in self if request.rows is None]
        for request in fresh:
            request.rows = {row for row in rows if request.includes(row)}
        return any(not request.until_taken for request in fresh)

    def on_loaded(self, rows: Collection[QueuedRow]) -> bool:
        """Wait for these rows too, which were loaded from disk; True to send at once."""
        for request in self:
            if request.rows is not None:
                request.rows |= {row for row in rows if request.includes(row)}
        return bool(self)

    def on_outcomes(self, outcomes: Iterable[RowOutcome]) -> None:
        """Stop waiting for rows that have left memory, and for feedback that was tried."""
        if not self:
            return
        gone = [
            row
            for outcome in outcomes
            if outcome.leaves_memory or outcome.kind == "awaiting_row"
            for row in outcome.rows
        ]
        for request in self:
            if request.rows is not None:
                request.rows.difference_update(gone)

    def finish(
        self,
        now: float,
        idle_until: float,
        *,
        rows_on_disk: bool = False,
        all_on_disk: bool = False,
    ) -> None:
        """Release callers that are done, past their deadline, or that nothing can help before it.

        Nothing is sent before `idle_until`. `rows_on_disk`: some rows are only on disk;
        `all_on_disk`: every accepted row is on disk.
        """
        for request in list(self):
            idles_past_deadline = request.rows is not None and idle_until > request.deadline
            is_done = request.is_done(rows_on_disk=rows_on_disk)
            if is_done or idles_past_deadline or now >= request.deadline:
                self.remove(request)
                request.is_on_disk = all_on_disk
                request.finish()

    def deadline(self) -> float:
        """Return the first deadline; infinity when no caller waits."""
        return min((request.deadline for request in self), default=float("inf"))
