"""What became of every row of one handler: exact counts, and the fate of the latest rows by id.

Writing appends a note to a deque and waits for nobody, so it is safe from any thread, from
`__del__` and from a signal handler that interrupts another note. Whoever reads folds the notes into
the counts first.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from respan_langchain.delivery import fork_safety

RESUMED = "back from disk"
MOST_NOTES = 2_000
"""Notes that wait to be counted; beyond it the next writer counts them."""

State = Literal["queued", "delivered", "rejected", "dropped", "unconfirmed", "spooled"]
Final = Literal["delivered", "rejected", "dropped", "unconfirmed", "spooled"]


@dataclass(frozen=True, slots=True)
class RowStatus:
    """Where one row stands, and why."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Every row is in exactly one of queued, delivered, rejected, dropped, unknown and spooled."""

    captured: int = 0
    """Rows that came to the door: accepted, or refused there."""
    accepted: int = 0
    queued: int = 0
    delivered: int = 0
    rejected: int = 0
    """Refused by the platform for good."""
    unconfirmed: int = 0
    """Sent, and nobody can say whether they were stored."""
    spooled: int = 0
    """On disk, for a later process."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """By reason; those that were refused at the door included."""

    @property
    def lost(self) -> int:
        """Rows dropped for any reason."""
        return sum(self.dropped.values())


_Note: TypeAlias = tuple[list[str], State, str, bool]
"""The ids of rows, their state, why, and whether they were refused at the door."""


class DeliveryStatus:
    """One handler's book of rows."""

    def __init__(self, remembered: int = 10_000) -> None:
        """Keep the fate of the latest `remembered` settled rows, and of all that are queued."""
        self._remembered = remembered
        self.after_fork()
        fork_safety.register(self)

    def after_fork(self) -> None:
        """Begin an empty book; what the parent process counted stays with it."""
        self._notes: deque[_Note] = deque()
        self._lock = threading.RLock()
        self._folding = False
        self._queued: dict[str, str] = {}
        # Ordered: a dict's first key is found by a walk over all that were deleted before it.
        self._settled: OrderedDict[str, RowStatus] = OrderedDict()
        self._totals: dict[State, int] = {}
        self._dropped: dict[str, int] = {}
        self._accepted = 0
        self._refused = 0

    def accept(self, row_ids: list[str]) -> None:
        """Rows were taken in and will be counted again when their fate is known."""
        self._note((row_ids, "queued", "", False))

    def mark_unconfirmed(self, row_id: str, reason: str) -> None:
        """A queued row has news: it stays queued, `reason` says what it waits for."""
        self._note(([row_id], "queued", reason, False))

    def resume(self, row_id: str) -> None:
        """A row came back from disk."""
        self._note(([row_id], "queued", RESUMED, False))

    def record(self, row_ids: list[str], state: Final, reason: str = "") -> None:
        """Accepted rows have met their fate."""
        self._note((row_ids, state, reason, False))

    def drop(self, row_id: str, reason: str) -> None:
        """A row was refused at the door, or could not even be made: it was never accepted."""
        self._note(([row_id], "dropped", reason, True))

    def row_status(self, row_id: str) -> RowStatus | None:
        """Where the row stands; None when it never came, or was settled too long ago."""
        self.fold()
        with self._lock:
            if (reason := self._queued.get(row_id)) is not None:
                return RowStatus("queued", reason)
            return self._settled.get(row_id)

    def counts(self) -> Counts:
        """All counts as of now."""
        self.fold()
        with self._lock:
            totals = self._totals
            return Counts(
                captured=self._accepted + self._refused,
                accepted=self._accepted,
                queued=totals.get("queued", 0),
                delivered=totals.get("delivered", 0),
                rejected=totals.get("rejected", 0),
                unconfirmed=totals.get("unconfirmed", 0),
                spooled=totals.get("spooled", 0),
                dropped=dict(self._dropped),
            )

    def fold(self) -> None:
        """Bring the notes into the counts."""
        with self._lock:
            # Re-entered from a signal handler or __del__ in the middle of folding: the outer call
            # goes on after us and takes these notes as well.
            if self._folding:
                return
            self._folding = True
            try:
                while self._notes:
                    self._count(self._notes.popleft())
            finally:
                self._folding = False

    def _note(self, note: _Note) -> None:
        self._notes.append(note)
        # Where nobody ever asks, somebody has to count; who comes while another counts need not.
        if len(self._notes) > MOST_NOTES and self._lock.acquire(blocking=False):
            try:
                self.fold()
            finally:
                self._lock.release()

    def _count(self, note: _Note) -> None:
        row_ids, state, reason, at_door = note
        number = len(row_ids)
        if state == "queued":
            self._count_queued(row_ids, reason)
            return
        if at_door:
            self._refused += number
        else:
            for row_id in row_ids:
                self._queued.pop(row_id, None)
            self._totals["queued"] = self._totals.get("queued", 0) - number
        self._totals[state] = self._totals.get(state, 0) + number
        if state == "dropped":
            self._dropped[reason] = self._dropped.get(reason, 0) + number
        if self._remembered:
            self._remember(row_ids, RowStatus(state, reason))

    def _count_queued(self, row_ids: list[str], reason: str) -> None:
        number = len(row_ids)
        if reason in {"", RESUMED}:
            self._totals["queued"] = self._totals.get("queued", 0) + number
            came, left = (number, 0) if not reason else (0, number)
            self._accepted += came
            self._totals["spooled"] = self._totals.get("spooled", 0) - left
        self._queued.update(dict.fromkeys(row_ids, reason))

    def _remember(self, row_ids: list[str], fate: RowStatus) -> None:
        for row_id in row_ids:
            self._settled.pop(row_id, None)
            self._settled[row_id] = fate
        while len(self._settled) > self._remembered:
            self._settled.popitem(last=False)
