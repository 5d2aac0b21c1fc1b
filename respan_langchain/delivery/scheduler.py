"""Which request to send next, and what each response changes.

Pure but for the random source that it is given: time comes in as a number, requests go out and
responses come in as values. One request is in flight at a time.
"""

from collections.abc import Callable, Iterator, Sequence

from respan_langchain.client.retry_policy import MAX_RETRY_AFTER, backoff, parse_retry_after
from respan_langchain.delivery.batch import (
    ALWAYS,
    Batch,
    BulkInsert,
    BulkResponse,
    FeedbackRequest,
    FeedbackResponse,
    Lookup,
    LookupResult,
    SenderRequest,
    SenderResponse,
    Unconfirmed,
)
from respan_langchain.delivery.buffer import RowBuffer
from respan_langchain.delivery.circuit_breaker import CircuitBreaker
from respan_langchain.delivery.feedback_queue import FeedbackQueue
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import SHUTDOWN, Outcome, dropped
from respan_langchain.delivery.rate_limiter import RateLimiter
from respan_langchain.delivery.recovery import Recovery
from respan_langchain.delivery.response_classification import Action, Classification, classify
from respan_langchain.delivery.row import QueuedRow, RowFilter

NEVER = float("inf")
STUCK_BYTES = 256 * 1024
"""A larger body that was not written in time may be too large for the connection."""


class Scheduler:
    """All rows that wait, and the rules by which they are sent."""

    def __init__(
        self, limits: DeliveryLimits, buffer: RowBuffer, random: Callable[[], float]
    ) -> None:
        """`random` returns a number from 0 to 1."""
        self._limits = limits
        self._buffer = buffer
        self._random = random
        self._rate_limiter = RateLimiter(limits.requests_per_minute)
        self._circuit = CircuitBreaker(limits.probe_interval)
        self._failures = 0
        self._paused_until = ALWAYS
        self._recovery = Recovery(limits, self._backoff)
        self.feedback = FeedbackQueue(limits, self._backoff)
        self._in_flight: tuple[SenderRequest, float] | None = None
        self.requests = 0
        """Number of bulk inserts sent, failed ones included."""
        self.last_error: str | None = None
        """Why rows cannot be delivered now; None while they can."""

    @property
    def rows(self) -> list[QueuedRow]:
        """All rows without a final state."""
        return [*self._sent(), *self._unsent()]

    @property
    def is_waiting(self) -> bool:
        """Whether a request is in flight."""
        return self._in_flight is not None

    def give_up(self) -> tuple[Outcome, ...]:
        """Forget all rows at the end: sent rows become unconfirmed, the others are dropped."""
        unconfirmed = Outcome("unconfirmed", tuple(self._sent()), SHUTDOWN)
        lost = dropped(self._unsent(), SHUTDOWN)
        self._buffer.clear()
        self._recovery.clear()
        self.feedback.clear()
        self._in_flight = None
        return unconfirmed, lost

    def add(self, rows: Sequence[QueuedRow]) -> tuple[Outcome, ...]:
        """Have rows sent, and feedback applied; at once where its row waits to be sent."""
        given_up = self.feedback.add(row for row in rows if row.encoded.is_feedback)
        for row in rows:
            if not row.encoded.is_feedback:
                self._buffer.add(row)
        merged = self._buffer.merge(self.feedback.rows)
        self.feedback.discard(merged)
        changed = tuple(dict.fromkeys(merged.values()))
        return Outcome("changed", changed), Outcome("delivered", tuple(merged)), given_up

    def flush_up_to(self, number: int) -> None:
        """Make what was accepted up to this number due at once."""
        self._buffer.flush_up_to(number)
        self.feedback.flush_up_to(number)

    def add_unconfirmed(self, rows: list[QueuedRow], now: float) -> None:
        """Look up rows that an earlier process may have sent."""
        for dataset in {row.encoded.dataset for row in rows}:
            here = [row for row in rows if row.encoded.dataset == dataset]
            self._recovery.await_lookup(Batch(dataset, here), now, None)

    def remove_expired(self, now: float) -> Outcome:
        """Give up unsent rows that have waited for too long."""
        before = now - self._limits.delivery_deadline

        parts = (self._recovery, self.feedback)
        others = [row for part in parts for row in part.remove(lambda row: row.accepted < before)]
        return dropped([*self._buffer.remove_older(before), *others], "expired")

    def forget(self, chosen: RowFilter) -> tuple[Outcome, int]:
        """Give up chosen rows that are certainly not stored; return how many others it chooses."""
        parts = (self._buffer, self._recovery, self.feedback)
        forgotten = [row for part in parts for row in part.remove(lambda row: row.matches(chosen))]
        left = sum(row.matches(chosen) for row in self.rows)
        return dropped(forgotten, "forgotten"), left

    def _sent(self) -> list[QueuedRow]:
        in_flight = [] if self._in_flight is None else _rows_in(self._in_flight[0])
        return [*self._recovery.sent_rows(), *in_flight]

    def _unsent(self) -> list[QueuedRow]:
        return [*self._buffer, *self._recovery.unsent_rows(), *self.feedback.rows]

    # -- the next request ------------------------------------------------------------------------

    def next_request(self, now: float) -> SenderRequest | None:
        """Return what to send now; None when nothing is due or a request is in flight."""
        if self._in_flight is not None:
            return None
        request = self._next_lookup(now) or self._next_insert(now) or self._next_feedback(now)
        self._in_flight = None if request is None else (request, now)
        return request

    def withdraw(self, request: BulkInsert, lost: tuple[QueuedRow, ...], now: float) -> None:
        """Do not send this request: forget its rows in `lost`, and send the others later."""
        self._in_flight = None
        batch = request.batch
        batch.rows = [row for row in batch.rows if row not in lost]
        if batch.rows:
            self._recovery.isolated.insert(0, batch)
        else:
            self._recovery.on_single_row(batch, now, stored=False)

    def due_at(self) -> float:
        """Return when `next_request` may have something; infinity without one."""
        if self._in_flight is not None:
            return NEVER
        lookups = [self._lookup_at(each) for each in self._recovery.unconfirmed]
        insert_at = max(self._insert_due_at(), self._allowed_at())
        return min([*lookups, insert_at, self._feedback_at()])

    def _feedback_at(self) -> float:
        return max(self.feedback.due_at(), self._paused_until)

    def _next_feedback(self, now: float) -> FeedbackRequest | None:
        return None if now < self._paused_until else self.feedback.next_request(now)

    def _lookup_at(self, unconfirmed: Unconfirmed) -> float:
        batch = unconfirmed.batch
        probe_at = self._circuit.next_probe_at(batch.dataset)
        return max(batch.not_before, probe_at, self._paused_until)

    def _next_lookup(self, now: float) -> Lookup | None:
        for unconfirmed in self._recovery.unconfirmed:
            if self._lookup_at(unconfirmed) <= now:
                return self._recovery.begin_lookup(unconfirmed)
        return None

    def _next_insert(self, now: float) -> BulkInsert | None:
        if self._allowed_at() > now:
            return None
        batch = self._next_batch(now)
        if batch is None:
            return None
        self._rate_limiter.record_request(now)
        self.requests += 1
        return BulkInsert(batch)

    def _next_batch(self, now: float) -> Batch | None:
        for batch in self._recovery.isolated:
            if max(batch.not_before, self._circuit.next_probe_at(batch.dataset)) <= now:
                return self._take_isolated(batch)
        for dataset in self._buffer.datasets():
            if max(self._buffer.due_at(dataset), self._circuit.next_probe_at(dataset)) <= now:
                probe = 1 if self._circuit.is_open(dataset) else None
                return Batch(dataset, self._buffer.take(dataset, probe))
        return None

    def _take_isolated(self, batch: Batch) -> Batch:
        if len(batch.rows) > 1 and self._circuit.is_open(batch.dataset):
            return batch.of([batch.rows.pop(0)])
        self._recovery.isolated.remove(batch)
        return batch

    def _insert_due_at(self) -> float:
        probe_at = self._circuit.next_probe_at
        isolated = [
            max(batch.not_before, probe_at(batch.dataset)) for batch in self._recovery.isolated
        ]
        buffered = [
            max(self._buffer.due_at(dataset), probe_at(dataset))
            for dataset in self._buffer.datasets()
        ]
        return min([*isolated, *buffered], default=NEVER)

    def _allowed_at(self) -> float:
        return max(self._paused_until, self._rate_limiter.next_allowed_at(ALWAYS))

    # -- what a response changes -----------------------------------------------------------------

    def apply(self, response: SenderResponse, now: float, wall_now: float) -> tuple[Outcome, ...]:
        """Apply a response, and return its outcomes."""
        sent = now if self._in_flight is None else self._in_flight[1]
        self._in_flight = None
        if isinstance(response, LookupResult):
            outcomes = tuple(self._recovery.apply_lookup(response, now))
            if not response.request.unconfirmed.batch.rows:
                self.last_error = None
            return outcomes
        if isinstance(response, FeedbackResponse):
            return tuple(self.feedback.apply(response, now))
        return tuple(self._apply_insert(response, sent, now, wall_now))

    def _apply_insert(
        self, response: BulkResponse, sent: float, now: float, wall_now: float
    ) -> Iterator[Outcome]:
        batch, result = response.request.batch, response.result
        classification = classify(result, len(batch.rows))
        stored = [batch.rows[index] for index in classification.stored]
        yield Outcome("delivered", tuple(stored))
        self._recovery.on_stored(stored, sent)
        yield from self._recovery.settle_named(batch, classification, now)
        if classification.unconfirmed:
            rows = [batch.rows[index] for index in classification.unconfirmed]
            yield Outcome("awaiting_lookup", tuple(rows))
            self._recovery.await_lookup(batch.of(rows), now, response)
        again = batch.of([batch.rows[index] for index in classification.resend])
        if classification.action is Action.BISECT:
            yield from self._recovery.refused(again, response, classification.message, now)
        else:
            yield Outcome("not_stored", tuple(again.rows))
            asked = min(parse_retry_after(result, wall_now) or 0.0, MAX_RETRY_AFTER)
            yield from self._act(classification, again, now, asked)
            self.last_error = self.last_error or result.warning or None
        if result.timed_out and not result.maybe_sent and batch.size > STUCK_BYTES:
            self._buffer.batch_size.shrink(batch.size)
        self._recovery.on_single_row(batch, now, stored=bool(stored))

    def _act(
        self, classification: Classification, batch: Batch, now: float, asked: float
    ) -> Iterator[Outcome]:
        """Do what the response asks for; the rows of `batch` are to be sent again."""
        match classification.action:
            case Action.WAIT | Action.THROTTLE:
                yield self._wait(classification, batch, now, asked)
            case Action.SHRINK if len(batch.rows) == 1:
                yield Outcome("rejected", tuple(batch.rows), f"too large: {classification.message}")
            case Action.SHRINK:
                self._buffer.batch_size.shrink(batch.size)
                self._buffer.put_back(batch.rows)
            case Action.OPEN_CIRCUIT:
                self.last_error = classification.cause
                self._buffer.put_back(batch.rows)
                if self._circuit.trip(batch.dataset, now):
                    yield Outcome("circuit_opened", reason=classification.cause)
            case _:
                yield from self._succeed(batch.dataset)

    def _succeed(self, dataset: str) -> Iterator[Outcome]:
        if self._circuit.reset(dataset) or self._failures:
            yield Outcome("recovered")
        self.last_error = None
        self._failures = 0
        self._rate_limiter.increase()
        self._buffer.batch_size.grow()

    def _wait(
        self, classification: Classification, batch: Batch, now: float, asked: float
    ) -> Outcome:
        if classification.action is Action.THROTTLE:
            self._rate_limiter.decrease()
        self._paused_until = now + max(self._backoff(self._failures), asked)
        self._failures += 1
        self.last_error = classification.cause
        self._buffer.put_back(batch.rows)
        return Outcome("request_failed", reason=classification.cause)

    def _backoff(self, failures: int) -> float:
        limits = self._limits
        return backoff(failures, limits.backoff_first, limits.backoff_max, self._random())


def _rows_in(request: SenderRequest) -> list[QueuedRow]:
    if isinstance(request, FeedbackRequest):
        return request.rows
    batch = request.batch if isinstance(request, BulkInsert) else request.unconfirmed.batch
    return [*batch.rows, *batch.sent_rows, *(batch.others.rows if batch.others else [])]
