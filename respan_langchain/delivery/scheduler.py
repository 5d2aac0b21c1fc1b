"""Which request to send next, and what each response changes.

Pure but for the random source that it is given: time comes in as a number, requests go out and
responses come in as values. One request is in flight at a time.
"""

from collections.abc import Callable, Iterator, Sequence

from respan_langchain._clock import NEVER
from respan_langchain.client.retry_policy import MAX_RETRY_AFTER, parse_retry_after
from respan_langchain.delivery.batch import (
    Batch,
    BulkResponse,
    FeedbackRequest,
    FeedbackResponse,
    Lookup,
    LookupResult,
    SenderRequest,
    SenderResponse,
)
from respan_langchain.delivery.buffer import RowBuffer
from respan_langchain.delivery.feedback_queue import FeedbackQueue
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import SHUTDOWN, RowOutcome, dropped
from respan_langchain.delivery.pacing import RequestPacer
from respan_langchain.delivery.recovery import Recovery
from respan_langchain.delivery.response_classification import Action, Classification, classify
from respan_langchain.delivery.row import QueuedRow, RowFilter

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
        self.pacer = RequestPacer(limits, random)
        self._recovery = Recovery(limits, self.pacer.backoff)
        self.feedback = FeedbackQueue(limits, self.pacer.backoff)
        self._in_flight: tuple[SenderRequest, float] | None = None
        self.requests = 0
        """Number of bulk inserts sent, failed ones included."""

    def list_rows(self) -> list[QueuedRow]:
        """Return all rows without a final state."""
        return [*self._sent(), *self._unsent()]

    @property
    def is_waiting(self) -> bool:
        """Whether a request is in flight."""
        return self._in_flight is not None

    def give_up(self) -> tuple[RowOutcome, ...]:
        """Forget all rows at the end: sent rows become unconfirmed, the others are dropped."""
        unconfirmed = RowOutcome("unconfirmed", tuple(self._sent()), SHUTDOWN)
        lost = dropped(self._unsent(), SHUTDOWN)
        self._buffer.remove(lambda _: True)
        self.feedback.remove(lambda _: True)
        self._recovery.clear()
        self._in_flight = None
        return unconfirmed, lost

    def add(self, rows: Sequence[QueuedRow]) -> tuple[RowOutcome, ...]:
        """Have rows sent, and feedback applied; at once where its row waits to be sent."""
        self.feedback.add(row for row in rows if row.encoded.is_feedback)
        for row in rows:
            if not row.encoded.is_feedback:
                self._buffer.add(row)
        merged = self._buffer.merge(self.feedback.rows)
        self.feedback.discard(merged)
        changed = tuple(dict.fromkeys(merged.values()))
        return (
            RowOutcome("changed", changed),
            RowOutcome("delivered", tuple(merged)),
            self.feedback.drop_excess(),
        )

    def flush_up_to(self, number: int) -> None:
        """Make what was accepted up to this number due at once."""
        self._buffer.flush_up_to(number)
        self.feedback.flush_up_to(number)

    def add_unconfirmed(self, rows: list[QueuedRow], now: float) -> None:
        """Look up rows that an earlier process may have sent."""
        for dataset in {row.encoded.dataset for row in rows}:
            here = [row for row in rows if row.encoded.dataset == dataset]
            self._recovery.await_lookup(Batch(dataset, here), now, None)

    def remove_expired(self, now: float) -> RowOutcome:
        """Give up unsent rows that have waited for too long; held rows are not due yet."""
        before = now - self._limits.delivery_deadline

        parts = (self._recovery, self.feedback)
        others = [row for part in parts for row in part.remove(lambda row: row.accepted < before)]
        return dropped([*self._buffer.remove_older(before), *others], "expired")

    def forget(self, chosen: RowFilter) -> tuple[RowOutcome, int]:
        """Give up chosen rows that are certainly not stored; return how many others it chooses."""
        parts = (self._buffer, self._recovery, self.feedback)
        forgotten = [row for part in parts for row in part.remove(lambda row: row.matches(chosen))]
        left = sum(row.matches(chosen) for row in self.list_rows())
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

    def withdraw(self, batch: Batch, lost: tuple[QueuedRow, ...], now: float) -> None:
        """Do not send this batch: forget its rows in `lost`, and send the others later."""
        self._in_flight = None
        batch.rows = [row for row in batch.rows if row not in lost]
        if batch.rows:
            self._recovery.isolated.insert(0, batch)
        else:
            self._recovery.on_single_row(batch, now, stored=False)

    def due_at(self) -> float:
        """Return when `next_request` may have something; infinity without one."""
        if self._in_flight is not None:
            return NEVER
        return min(
            [
                *map(self._lookup_at, self._recovery.lookups),
                *map(self._isolated_at, self._recovery.isolated),
                *map(self._buffered_at, self._buffer.datasets()),
                self._buffer.held.due_at(),
                self._feedback_at(),
            ]
        )

    def _lookup_at(self, lookup: Lookup) -> float:
        batch = lookup.batch
        return max(batch.not_before, self.pacer.lookup_allowed_at(batch.dataset))

    def _isolated_at(self, batch: Batch) -> float:
        return max(batch.not_before, self.pacer.insert_allowed_at(batch.dataset))

    def _buffered_at(self, dataset: str) -> float:
        return max(self._buffer.due_at(dataset), self.pacer.insert_allowed_at(dataset))

    def _feedback_at(self) -> float:
        return max(self.feedback.due_at(), self.pacer.paused_until)

    def _next_lookup(self, now: float) -> Lookup | None:
        for lookup in self._recovery.lookups:
            if self._lookup_at(lookup) <= now:
                return self._recovery.begin_lookup(lookup)
        return None

    def _next_insert(self, now: float) -> Batch | None:
        batch = self._next_isolated(now) or self._next_buffered(now)
        if batch is not None:
            self.pacer.rate_limiter.record_request(now)
            self.requests += 1
        return batch

    def _next_isolated(self, now: float) -> Batch | None:
        isolated = self._recovery.isolated
        batch = next((each for each in isolated if self._isolated_at(each) <= now), None)
        if batch is None:
            return None
        if len(batch.rows) > 1 and self.pacer.circuit.is_open(batch.dataset):
            return batch.of([batch.rows.pop(0)])
        isolated.remove(batch)
        return batch

    def _next_buffered(self, now: float) -> Batch | None:
        self._buffer.held.release_due(now)
        for dataset in self._buffer.datasets():
            if self._buffered_at(dataset) <= now:
                most = 1 if self.pacer.circuit.is_open(dataset) else None
                return Batch(dataset, self._buffer.take(dataset, most))
        return None

    def _next_feedback(self, now: float) -> FeedbackRequest | None:
        return None if now < self.pacer.paused_until else self.feedback.next_request(now)

    # -- what a response changes -----------------------------------------------------------------

    def apply(
        self, response: SenderResponse, now: float, wall_now: float
    ) -> tuple[RowOutcome, ...]:
        """Apply a response, and return its outcomes."""
        sent = now if self._in_flight is None else self._in_flight[1]
        self._in_flight = None
        if isinstance(response, LookupResult):
            outcomes = tuple(self._recovery.apply_lookup(response, now))
            if not response.lookup.batch.rows:
                self.pacer.last_error = None
            return outcomes
        if isinstance(response, FeedbackResponse):
            return tuple(self.feedback.apply(response, now))
        return tuple(self._apply_insert(response, sent, now, wall_now))

    def _apply_insert(
        self, response: BulkResponse, sent: float, now: float, wall_now: float
    ) -> Iterator[RowOutcome]:
        batch, result = response.batch, response.result
        classification = classify(result, len(batch.rows))
        stored = [batch.rows[index] for index in classification.stored]
        yield RowOutcome("delivered", tuple(stored))
        self._recovery.on_stored(stored, sent)
        yield from self._recovery.settle_named(batch, classification, now)
        if classification.unconfirmed:
            rows = [batch.rows[index] for index in classification.unconfirmed]
            yield RowOutcome("awaiting_lookup", tuple(rows))
            self._recovery.await_lookup(batch.of(rows), now, response)
        again = batch.of([batch.rows[index] for index in classification.resend])
        if classification.action is Action.BISECT:
            yield from self._recovery.refused(again, response, classification.message, now)
        else:
            yield RowOutcome("not_stored", tuple(again.rows))
            retry_after = min(parse_retry_after(result, wall_now) or 0.0, MAX_RETRY_AFTER)
            yield from self._send_again(classification, again, now, retry_after)
            self.pacer.warn(result.warning)
        if result.timed_out and not result.maybe_sent and batch.size > STUCK_BYTES:
            self._buffer.batch_size.shrink(batch.size)
        self._recovery.on_single_row(batch, now, stored=bool(stored))

    def _send_again(
        self, classification: Classification, batch: Batch, now: float, retry_after: float
    ) -> Iterator[RowOutcome]:
        """Put the rows of `batch` back, to be sent when and as the response requires."""
        cause = classification.cause
        match classification.action:
            case Action.WAIT | Action.THROTTLE:
                throttled = classification.action is Action.THROTTLE
                self.pacer.pause(cause, now, retry_after=retry_after, throttled=throttled)
                self._buffer.put_back(batch.rows)
                yield RowOutcome("request_failed", reason=cause)
            case Action.SHRINK if len(batch.rows) == 1:
                yield RowOutcome(
                    "rejected", tuple(batch.rows), f"too large: {classification.message}"
                )
            case Action.SHRINK:
                self._buffer.batch_size.shrink(batch.size)
                self._buffer.put_back(batch.rows)
            case Action.OPEN_CIRCUIT:
                self._buffer.put_back(batch.rows)
                if self.pacer.open_circuit(batch.dataset, cause, now):
                    yield RowOutcome("circuit_opened", reason=cause)
            case _:
                self._buffer.batch_size.grow()
                if self.pacer.on_success(batch.dataset):
                    yield RowOutcome("recovered")


def _rows_in(request: SenderRequest) -> list[QueuedRow]:
    if isinstance(request, FeedbackRequest):
        return request.rows
    batch = request if isinstance(request, Batch) else request.batch
    return [*batch.unsent_rows, *batch.sent_rows]
