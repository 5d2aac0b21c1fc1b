"""What a flush asks for, and what it can say when it returns."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from respan_langchain.delivery.row import QueuedRow
from respan_langchain.delivery.status import Counts, DeliveryStatus


@dataclass(frozen=True, slots=True)
class FlushResult:
    """Truthy only when everything that was captured before the call is delivered.

    All but `pending` count from the beginning, so an earlier loss is not forgotten.
    """

    delivered: int = 0
    pending: int = 0
    """Captured before the call and not yet delivered; what lies on disk included."""
    rejected: int = 0
    """Refused by the platform for good."""
    dropped: int = 0
    unconfirmed: int = 0
    """Sent, and nobody can say whether they were stored."""
    all_counted: bool = True
    """False when time ran out before everything captured was even counted."""

    def __bool__(self) -> bool:
        return self.all_counted and not (
            self.pending or self.rejected or self.dropped or self.unconfirmed
        )


@dataclass(slots=True, eq=False)
class FlushRequest:
    """One caller who waits; written by the worker, read by the caller once `gate` opens."""

    deadline: float
    """On the worker's clock."""
    status: DeliveryStatus | None = None
    until_taken: bool = False
    """Wait only until the sources are drained, and on disk where that was asked for."""
    rows: set[QueuedRow] | None = None
    """What is still to be settled; None until the sources have been drained."""
    finished: bool = False
    gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.acquire()

    def has_all(self, *, on_disk: bool) -> bool:
        """Whether all has happened that it waits for; `on_disk`: some rows lie there alone."""
        if self.rows is None or self.until_taken:
            return self.rows is not None
        if on_disk and (self.status is None or self.status.counts().spooled):
            return False
        return not self.rows

    def finish(self) -> None:
        """Let the caller go on."""
        if not self.finished:
            self.finished = True
            self.gate.release()

    def result(self, counts: Counts) -> FlushResult:
        """What can be said now."""
        return FlushResult(
            delivered=counts.delivered,
            pending=counts.spooled + (counts.queued if self.rows is None else len(self.rows)),
            rejected=counts.rejected,
            dropped=counts.lost,
            unconfirmed=counts.unconfirmed,
            all_counted=self.rows is not None,
        )


class PendingFlushes:
    """All who wait now; for the worker alone."""

    def __init__(self) -> None:
        self._waiting: list[FlushRequest] = []

    def add(self, request: FlushRequest) -> None:
        """One more."""
        self._waiting.append(request)

    def mark(self, rows: list[QueuedRow]) -> bool:
        """What sources held is among `rows` now: note who waits; True if someone is in a hurry."""
        fresh = [request for request in self._waiting if request.rows is None]
        for request in fresh:
            request.rows = {row for row in rows if request.status in {None, row.encoded.status}}
        return any(not request.until_taken for request in fresh)

    def back_from_disk(self, rows: list[QueuedRow]) -> bool:
        """These can be waited for again; True when somebody does."""
        for request in self._waiting:
            if request.rows is not None:
                request.rows |= {
                    row for row in rows if request.status in {None, row.encoded.status}
                }
        return bool(self._waiting)

    def settled(self, rows: Iterable[QueuedRow]) -> None:
        """These need no more waiting."""
        for request in self._waiting:
            if request.rows is not None:
                request.rows = request.rows.difference(rows)

    def finish(self, now: float, idle_until: float, *, on_disk: bool = False) -> None:
        """Let go who has all, whose time is up, or who waits in vain until `idle_until`."""
        for request in list(self._waiting):
            in_vain = request.rows is not None and idle_until > request.deadline
            has_all = request.has_all(on_disk=on_disk)
            if has_all or in_vain or now >= request.deadline:
                self._waiting.remove(request)
                request.finish()

    def deadline(self) -> float:
        """The first of theirs; infinity when nobody waits."""
        return min((request.deadline for request in self._waiting), default=float("inf"))
