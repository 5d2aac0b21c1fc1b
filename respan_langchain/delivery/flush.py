"""A flush: who waits, for which rows, and the result."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from respan_langchain.delivery.outcome import Outcome
from respan_langchain.delivery.row import QueuedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.stats import Stats


@dataclass(frozen=True, slots=True)
class FlushResult:
    """Truthy only when everything captured before the call is delivered.

    All counts but `pending` begin with the handler, so an earlier loss is not forgotten.
    """

    delivered: int = 0
    pending: int = 0
    """Captured before the call and not delivered yet, rows on disk included."""
    rejected: int = 0
    """Refused by the platform for good."""
    dropped: int = 0
    unconfirmed: int = 0
    """Sent, and neither confirmed nor refused."""
    all_counted: bool = True
    """False when time ran out before everything captured was even counted."""

    def __bool__(self) -> bool:
        lost = self.rejected or self.dropped or self.unconfirmed
        return self.all_counted and not (self.pending or lost)


@dataclass(slots=True, eq=False)
class FlushRequest:
    """One caller who waits; written by the worker, read by the caller once `gate` opens."""

    deadline: float
    """On the worker's clock."""
    status: DeliveryStatus | None = None
    """Whose rows to wait for; None for all."""
    until_taken: bool = False
    """Wait only until the sources are drained, and on disk where the level is `durable`."""
    rows: set[QueuedRow] | None = None
    """Rows without a final state; None until the sources have been drained."""
    finished: bool = False
    gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.acquire()

    def includes(self, row: QueuedRow) -> bool:
        """Whether it waits for this row."""
        return self.status is None or self.status is row.encoded.status

    def is_done(self, *, rows_on_disk: bool) -> bool:
        """Whether all has happened that it waits for; `rows_on_disk`: some rows are there alone."""
        if self.rows is None or self.until_taken:
            return self.rows is not None
        if rows_on_disk and (self.status is None or self.status.counts().spooled):
            return False
        return not self.rows

    def finish(self) -> None:
        """Let the caller go on."""
        if not self.finished:
            self.finished = True
            self.gate.release()

    def result(self, counts: Stats) -> FlushResult:
        """Return what is known now."""
        pending = counts.pending if self.rows is None else counts.spooled + len(self.rows)
        return FlushResult(
            delivered=counts.delivered,
            pending=pending,
            rejected=counts.rejected,
            dropped=counts.total_dropped,
            unconfirmed=counts.unconfirmed,
            all_counted=self.rows is not None,
        )


class PendingFlushes:
    """All callers who wait; for the worker alone."""

    def __init__(self) -> None:
        self._waiting: list[FlushRequest] = []

    def add(self, request: FlushRequest) -> None:
        """Include one more."""
        self._waiting.append(request)

    def on_drained(self, rows: list[QueuedRow]) -> bool:
        """The sources are drained into `rows`: note who waits for which; True to send at once."""
        fresh = [request for request in self._waiting if request.rows is None]
        for request in fresh:
            request.rows = {row for row in rows if request.includes(row)}
        return any(not request.until_taken for request in fresh)

    def on_loaded(self, rows: list[QueuedRow]) -> bool:
        """Wait for these rows as well, which came back from disk; True to send at once."""
        for request in self._waiting:
            if request.rows is not None:
                request.rows |= {row for row in rows if request.includes(row)}
        return bool(self._waiting)

    def on_outcomes(self, outcomes: Iterable[Outcome], now: float) -> None:
        """Wait no longer for rows that have left memory."""
        del now
        if not self._waiting:
            return
        gone = [row for outcome in outcomes if outcome.leaves_memory for row in outcome.rows]
        for request in self._waiting:
            if request.rows is not None:
                request.rows = request.rows.difference(gone)

    def finish(self, now: float, idle_until: float, *, rows_on_disk: bool = False) -> None:
        """Release callers that are done, out of time, or wait in vain until `idle_until`."""
        for request in list(self._waiting):
            in_vain = request.rows is not None and idle_until > request.deadline
            is_done = request.is_done(rows_on_disk=rows_on_disk)
            if is_done or in_vain or now >= request.deadline:
                self._waiting.remove(request)
                request.finish()

    def deadline(self) -> float:
        """Return the first deadline; infinity when nobody waits."""
        return min((request.deadline for request in self._waiting), default=float("inf"))
