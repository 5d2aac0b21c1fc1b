"""Feedback that waits for its row: what is tried next, and when it is given up.

Pure. Feedback is tried when its row should be stored, and again while the platform's list does not
show the row. It is idempotent, so a request without a response is simply made again.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from respan_langchain.delivery.batch import ALWAYS, FeedbackRequest, FeedbackResponse
from respan_langchain.delivery.drop_reasons import DropReason
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import RowOutcome, dropped
from respan_langchain.delivery.row import QueuedRow

RETRY_DELAYS: Final = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds from one try to the next while the list does not show the row; then it is given up."""
MAX_WAITING: Final = 1_000
"""Feedback that waits at most; beyond it the oldest is given up. It takes the place of rows."""
MAX_IN_REQUEST: Final = 10
REQUESTS_EACH: Final = 2
"""HTTP requests to apply one feedback: the row is read, then changed."""
REFUSED: Final = "the platform refused the feedback"


class FeedbackQueue:
    """Feedback that is not applied; for the worker's thread only."""

    def __init__(self, limits: DeliveryLimits, backoff: Callable[[int], float]) -> None:
        """`backoff` returns the seconds to wait after a number of failures."""
        self._max_age = limits.max_age
        self._backoff = backoff
        # The platform allows twice as many of these requests as bulk inserts: half are left over.
        self._seconds_per_request = 60.0 / limits.requests_per_minute
        self._due_at: dict[QueuedRow, float] = {}
        """In the order of acceptance."""
        self._flushed_up_to = -1
        self._failures = 0
        self._not_before = ALWAYS

    @property
    def rows(self) -> list[QueuedRow]:
        """All feedback that waits."""
        return list(self._due_at)

    def add(self, rows: Iterable[QueuedRow]) -> None:
        """Add feedback."""
        self._due_at.update((row, row.accepted + self._max_age) for row in rows)

    def drop_excess(self) -> RowOutcome:
        """Give up the oldest feedback where too much waits."""
        excess = max(0, len(self._due_at) - MAX_WAITING)
        return self._give_up(list(islice(self._due_at, excess)), "feedback_full")

    def flush_up_to(self, number: int) -> None:
        """Make feedback accepted up to this number due at once, unless it was tried before."""
        self._flushed_up_to = max(self._flushed_up_to, number)

    def remove(self, chosen: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        """Remove and return chosen feedback."""
        removed = [row for row in self._due_at if chosen(row)]
        self.discard(removed)
        return removed

    def discard(self, rows: Iterable[QueuedRow]) -> None:
        """Remove feedback that is applied or given up."""
        for row in rows:
            self._due_at.pop(row, None)

    def due_at(self) -> float:
        """Return when `next_request` has something; infinity when nothing waits."""
        return max(min(map(self._when, self._due_at), default=float("inf")), self._not_before)

    def next_request(self, now: float) -> FeedbackRequest | None:
        """Remove and return what is due, for one dataset; None when nothing is."""
        due = [row for row in self._due_at if self._when(row) <= now]
        if not due or now < self._not_before:
            return None
        dataset = due[0].encoded.dataset
        rows = [row for row in due if row.encoded.dataset == dataset][:MAX_IN_REQUEST]
        self.discard(rows)
        return FeedbackRequest(dataset, rows)

    def apply(self, response: FeedbackResponse, now: float) -> Iterator[RowOutcome]:
        """Apply a response; retry or give up feedback that was neither applied nor refused."""
        rows = response.request.rows
        states = response.states or ["failed"] * len(rows)
        by_state = {
            state: [row for row, its in zip(rows, states, strict=True) if its == state]
            for state in ("applied", "refused", "no_row", "failed")
        }
        requests = 1 + REQUESTS_EACH * len(by_state["applied"])
        self._not_before = now + requests * self._seconds_per_request
        yield RowOutcome("delivered", tuple(by_state["applied"]))
        yield RowOutcome("rejected", tuple(by_state["refused"]), REFUSED)
        yield from self._retry_missing(by_state["no_row"], now)
        self._retry_failed(by_state["failed"], now)

    def _when(self, row: QueuedRow) -> float:
        is_flushed = not row.tries and row.number <= self._flushed_up_to
        return ALWAYS if is_flushed else self._due_at[row]

    def _retry_missing(self, rows: list[QueuedRow], now: float) -> Iterator[RowOutcome]:
        for row in rows:
            row.tries += 1
        given_up = [row for row in rows if row.tries > len(RETRY_DELAYS)]
        waiting = [row for row in rows if row.tries <= len(RETRY_DELAYS)]
        self._due_at.update((row, now + RETRY_DELAYS[row.tries - 1]) for row in waiting)
        yield RowOutcome("awaiting_row", tuple(waiting))
        yield self._give_up(given_up, "no_row")

    def _retry_failed(self, rows: list[QueuedRow], now: float) -> None:
        if not rows:
            self._failures = 0
            return
        wait = self._backoff(self._failures)
        self._failures += 1
        self._not_before = max(self._not_before, now + wait)
        self._due_at.update((row, self._not_before) for row in rows)

    def _give_up(self, rows: list[QueuedRow], reason: DropReason) -> RowOutcome:
        self.discard(rows)
        return dropped(rows, reason)
