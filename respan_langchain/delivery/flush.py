"""What a flush asks for, and what it can say when it returns."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from respan_langchain.delivery.row import Row
from respan_langchain.delivery.status import Counts, Ledger


@dataclass(frozen=True, slots=True)
class FlushResult:
    """Truthy only when everything that was captured before the call is delivered.

    All but `pending` count from the beginning, so an earlier loss is not forgotten.
    """

    delivered: int = 0
    pending: int = 0
    """Captured before the call and not yet delivered; what lies on disk included."""
    dead: int = 0
    """Refused by the platform for good."""
    dropped: int = 0
    unknown: int = 0
    """Sent, and nobody can say whether they were stored."""
    all_counted: bool = True
    """False when time ran out before everything captured was even counted."""

    def __bool__(self) -> bool:
        return self.all_counted and not (self.pending or self.dead or self.dropped or self.unknown)


@dataclass(slots=True, eq=False)
class FlushRequest:
    """One caller who waits; written by the worker, read by the caller once `gate` opens."""

    deadline: float
    """On the worker's clock."""
    ledger: Ledger | None = None
    until_taken: bool = False
    """Wait only until the sources are drained, and on disk where that was asked for."""
    rows: set[Row] | None = None
    """What is still to be settled; None until the sources have been drained."""
    finished: bool = False
    gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.acquire()

    def has_all(self, *, on_disk: bool) -> bool:
        """Whether all has happened that it waits for; `on_disk`: some rows lie there alone."""
        if self.rows is None or self.until_taken:
            return self.rows is not None
        if on_disk and (self.ledger is None or self.ledger.counts().spooled):
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
            dead=counts.rejected,
            dropped=counts.lost,
            unknown=counts.unknown,
            all_counted=self.rows is not None,
        )


class Flushes:
    """All who wait now; for the worker alone."""

    def __init__(self) -> None:
        self._waiting: list[FlushRequest] = []

    def add(self, request: FlushRequest) -> None:
        """One more."""
        self._waiting.append(request)

    def mark(self, rows: list[Row]) -> bool:
        """What sources held is among `rows` now: note who waits; True if someone is in a hurry."""
        fresh = [request for request in self._waiting if request.rows is None]
        for request in fresh:
            request.rows = {row for row in rows if request.ledger in {None, row.parcel.ledger}}
        return any(not request.until_taken for request in fresh)

    def back_from_disk(self, rows: list[Row]) -> bool:
        """These can be waited for again; True when somebody does."""
        for request in self._waiting:
            if request.rows is not None:
                request.rows |= {row for row in rows if request.ledger in {None, row.parcel.ledger}}
        return bool(self._waiting)

    def settled(self, rows: Iterable[Row]) -> None:
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
