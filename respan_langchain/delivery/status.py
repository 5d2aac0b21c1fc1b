"""Counts of every row of one handler by state, and the state of its latest rows by id.

A writer appends an update to a deque and never waits, so writing is safe from any thread, from
`__del__` and from a signal handler that interrupts another writer. A reader applies the pending
updates to the counts first.
"""

import threading
import weakref
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from respan_langchain.delivery import fork_safety
from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.stats import Stats

MAX_UPDATES = 2_000
"""Updates that wait to be applied; beyond it the next writer applies them."""

RowState: TypeAlias = Literal["pending", "delivered", "rejected", "unconfirmed", "dropped"]
FinalState: TypeAlias = Literal["delivered", "rejected", "unconfirmed", "dropped"]


@dataclass(frozen=True, slots=True)
class RowStatus:
    """The state of one row, and the reason for it."""

    state: RowState
    reason: str = ""


class DeliveryStatus:
    """The rows of one handler."""

    def __init__(
        self, remembered: int = 10_000, *, feedback_on: "DeliveryStatus | None" = None
    ) -> None:
        """Keep the state of all pending rows, and of the latest `remembered` others.

        `feedback_on`: the status of the rows that are given feedback, where this counts feedback.
        """
        self._remembered = remembered
        self._feedback_on = feedback_on
        self.after_fork()
        fork_safety.register(self)

    def after_fork(self) -> None:
        """Start with no rows: the parent process counts its own."""
        self._updates: deque[tuple[list[str], RowState, str, dict[str, int]]] = deque()
        """Rows with their new state, its reason, and by how much other counts change."""
        self._lock = threading.RLock()
        self._applying = False
        self._pending: dict[str, str] = {}
        # Ordered: a dict finds its first key by a walk over all keys deleted before it.
        self._final: OrderedDict[str, RowStatus] = OrderedDict()
        self._totals: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def belongs_to(self, status: "DeliveryStatus") -> bool:
        """Whether it is this status, or counts feedback on the rows of it."""
        return status is self or status is self._feedback_on

    def accept(self, row_ids: list[str]) -> None:
        """Count new rows as pending."""
        count = len(row_ids)
        self._append(row_ids, "pending", captured=count, pending=count)

    def drop(self, row_id: str, reason: DropReason) -> None:
        """Count a new row as dropped: the queue refused it."""
        self._append([row_id], "dropped", reason, captured=1)

    def settle(self, row_ids: list[str], state: FinalState, reason: str = "") -> None:
        """Give pending rows their final state."""
        self._append(row_ids, state, reason, pending=-len(row_ids))

    def keep_pending(
        self, row_ids: list[str], reason: str = "", *, spooled: int = 0, resent: int = 0
    ) -> None:
        """Give pending rows another reason why they wait.

        `spooled` changes how many are only on disk, `resent` how many were sent again without proof
        that the platform does not have them.
        """
        self._append(row_ids, "pending", reason, spooled=spooled, resent=resent)

    def row_status(self, row_id: str) -> RowStatus | None:
        """Return a row's state; None when it was never captured, or settled too long ago."""
        self.apply_updates()
        with self._lock:
            if (reason := self._pending.get(row_id)) is not None:
                return RowStatus("pending", reason)
            return self._final.get(row_id)

    def counts(self) -> Stats:
        """Return all counts as of now."""
        return sum_counts([self])

    def add_counts(self, totals: Counter[str], dropped: Counter[str]) -> None:
        """Add its counts as of now, by the names of `Stats`, and its dropped rows by reason."""
        self.apply_updates()
        with self._lock:
            totals.update(self._totals)
            dropped.update(self._dropped)

    def apply_updates(self) -> None:
        """Apply the pending updates to the counts."""
        with self._lock:
            # Re-entered from a signal handler or __del__ in the middle of an update: the outer call
            # goes on after this one and applies the new updates as well.
            if self._applying:
                return
            self._applying = True
            try:
                while self._updates:
                    self._apply(*self._updates.popleft())
            finally:
                self._applying = False

    def _append(
        self, row_ids: list[str], state: RowState, reason: str = "", **changes: int
    ) -> None:
        self._updates.append((row_ids, state, reason, changes))
        # If the counts are never read, a writer applies the updates, unless another one does.
        if len(self._updates) > MAX_UPDATES and self._lock.acquire(blocking=False):
            try:
                self.apply_updates()
            finally:
                self._lock.release()

    def _apply(
        self, row_ids: list[str], state: RowState, reason: str, changes: dict[str, int]
    ) -> None:
        self._totals.update(changes)
        if state == "pending":
            self._pending.update(dict.fromkeys(row_ids, reason))
            return
        self._totals[state] += len(row_ids)
        if state == "dropped":
            self._dropped[reason] += len(row_ids)
        status = RowStatus(state, reason)
        for row_id in row_ids:
            self._pending.pop(row_id, None)
            self._final.pop(row_id, None)
            self._final[row_id] = status
        while len(self._final) > self._remembered:
            self._final.popitem(last=False)


class StatusRegistry:
    """Every status that a queue has written to, through weak references."""

    def __init__(self) -> None:
        # Each change is atomic, and iteration uses a copy, so any thread may add one.
        self._known: dict[int, weakref.ref[DeliveryStatus]] = {}

    def add(self, status: DeliveryStatus) -> None:
        """Include this status."""
        number = id(status)
        if number not in self._known:
            self._known[number] = weakref.ref(status, lambda _: self._known.pop(number, None))

    def apply_updates(self) -> None:
        """Apply the pending updates of every status."""
        for status in self._alive():
            status.apply_updates()

    def counts(self) -> Stats:
        """Return the sums over all statuses of handlers that are not deleted."""
        return sum_counts(self._alive())

    def _alive(self) -> list[DeliveryStatus]:
        return [status for known in list(self._known.values()) if (status := known()) is not None]


def sum_counts(statuses: Iterable[DeliveryStatus]) -> Stats:
    """Add up the rows of several handlers."""
    totals: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for status in statuses:
        status.add_counts(totals, dropped)
    return Stats(
        captured=totals["captured"],
        pending=totals["pending"],
        spooled=totals["spooled"],
        delivered=totals["delivered"],
        rejected=totals["rejected"],
        unconfirmed=totals["unconfirmed"],
        resent=totals["resent"],
        dropped=dict(dropped),
    )
