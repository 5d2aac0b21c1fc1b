"""What to send next, and what each answer changes: the worker's whole mind, without its hands.

Pure but for the random source that it is given: time comes in as a number, requests go out as
errands, answers come back as values. One errand is out at a time.
"""

from collections.abc import Callable

from respan_langchain.client.retry import MAX_RETRY_AFTER, backoff, parse_retry_after
from respan_langchain.delivery.batch import (
    Batch,
    BulkResponse,
    Changes,
    LogEvent,
    LookupResult,
    Outcome,
    Request,
)
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.queue import Buffer, Target
from respan_langchain.delivery.response import Action, Classification, classify
from respan_langchain.delivery.retry import CircuitBreaker, RateLimiter
from respan_langchain.delivery.row import QueuedRow

NEVER = float("inf")
ALWAYS = float("-inf")
STUCK_BYTES = 256 * 1024
"""A larger body that could not be written in time may have been too large for the line."""


class Scheduler:
    """Everything that waits, and the rules by which it leaves."""

    def __init__(self, limits: Limits, uniform: Callable[[float, float], float]) -> None:
        self._limits = limits
        self._uniform = uniform
        self._target = Target(limits)
        self._budget = RateLimiter(limits.requests_per_minute)
        self._circuit = CircuitBreaker(limits.probe_interval)
        self._failures = 0
        self._successes = 0
        self._refuses_cleanly = False
        """Whether a batch that is refused whole leaves nothing behind."""
        self._paused_until = ALWAYS
        self.buffer = Buffer(limits, self._target)
        self.isolated: list[Batch] = []
        """Rows that travel by themselves: halves of a spoilt batch, rows that failed by name."""
        self.unconfirmed: list[Batch] = []
        """Sent, outcome unknown: to be looked for before they are sent again."""
        self.in_flight: Request | None = None
        self.requests = 0
        """Batches that were sent, whatever came of them."""
        self.last_error: str | None = None
        """What stands against delivery now; None while it works."""

    @property
    def rows(self) -> list[QueuedRow]:
        """All rows without a final status."""
        return [*self._sent(), *self._unsent()]

    def abandoned(self, reason: str) -> list[Outcome]:
        """Give up all rows: sent rows become unconfirmed, the rest is dropped."""
        unconfirmed = Outcome(self._sent(), "unconfirmed", reason)
        return [unconfirmed, Outcome(self._unsent(), "dropped", reason)]

    def _sent(self) -> list[QueuedRow]:
        in_flight = [] if self.in_flight is None else self.in_flight.batch.rows
        return [*(row for batch in self.unconfirmed for row in batch.rows), *in_flight]

    def _unsent(self) -> list[QueuedRow]:
        return [*self.buffer, *(row for batch in self.isolated for row in batch.rows)]

    def clear(self) -> None:
        """All of it was given up."""
        self.buffer = Buffer(self._limits, self._target)
        self.isolated, self.unconfirmed, self.in_flight = [], [], None

    def doubt(self, rows: list[QueuedRow], now: float) -> None:
        """These were sent in another life, and nobody knows what became of them."""
        for address in {row.encoded.dataset for row in rows}:
            here = [row for row in rows if row.encoded.dataset == address]
            self.unconfirmed.append(self._doubt(Batch(address, []), here, now))

    # -- what leaves next ------------------------------------------------------------------------

    def next_request(self, now: float) -> Request | None:
        """What to do on the wire now; None when nothing is due or an errand is out already."""
        if self.in_flight is not None:
            return None
        self.in_flight = self._look(now) or self._post(now)
        return self.in_flight

    def due_at(self) -> float:
        """When `next_errand` may have something; infinity: not before new rows or an answer."""
        if self.in_flight is not None:
            return NEVER
        looks = [self._look_at(batch) for batch in self.unconfirmed]
        return min([*looks, max(self._post_due_at(), self._free_at())], default=NEVER)

    def _look_at(self, batch: Batch) -> float:
        return max(batch.not_before, self._circuit.next_probe_at(batch.address), self._paused_until)

    def _look(self, now: float) -> Request | None:
        for batch in self.unconfirmed:
            if self._look_at(batch) <= now:
                self.unconfirmed.remove(batch)
                return Request("find", batch)
        return None

    def _post(self, now: float) -> Request | None:
        if self._free_at() > now or self._post_due_at() > now:
            return None
        batch = self._next_batch(now)
        if batch is None:
            return None
        self._budget.record_request(now)
        self.requests += 1
        return Request("post", batch)

    def _next_batch(self, now: float) -> Batch | None:
        for batch in self.isolated:
            if max(batch.not_before, self._circuit.next_probe_at(batch.address)) <= now:
                return self._leave_apart(batch)
        for address in self.buffer.addresses():
            if max(self.buffer.due_at(address), self._circuit.next_probe_at(address)) <= now:
                most = 1 if self._circuit.is_open(address) else None
                return Batch(address, self.buffer.take(address, most))
        return None

    def _leave_apart(self, batch: Batch) -> Batch:
        if len(batch.rows) > 1 and self._circuit.is_open(batch.address):
            return Batch(batch.address, [batch.rows.pop(0)])
        self.isolated.remove(batch)
        return batch

    def _post_due_at(self) -> float:
        probe_at = self._circuit.next_probe_at
        isolated = [max(batch.not_before, probe_at(batch.address)) for batch in self.isolated]
        buffered = [
            max(self.buffer.due_at(name), probe_at(name)) for name in self.buffer.addresses()
        ]
        return min([*isolated, *buffered], default=NEVER)

    def _free_at(self) -> float:
        return max(self._paused_until, self._budget.next_allowed_at(ALWAYS))

    # -- what an answer changes ------------------------------------------------------------------

    def posted(self, posted: BulkResponse, now: float, wall_clock: float) -> Changes:
        """A batch came back."""
        self.in_flight = None
        batch, answer = posted.batch, posted.response
        verdict = classify(answer, len(batch.rows))
        news = Changes()
        self._settle_named(batch, verdict, now, news)
        if verdict.unconfirmed:
            doubtful = [batch.rows[index] for index in verdict.unconfirmed]
            news.doubtful.extend(doubtful)
            self.unconfirmed.append(self._doubt(batch, doubtful, now))
        again = [batch.rows[index] for index in verdict.resend]
        news.returned.extend(again)
        asked = min(parse_retry_after(answer, wall_clock) or 0.0, MAX_RETRY_AFTER)
        if answer.timed_out and not answer.maybe_sent and batch.size > STUCK_BYTES:
            self._target.shrink(batch.size)
        self._apply(verdict, Batch(batch.address, again), now, asked, news)
        return news

    def found(self, found: LookupResult, now: float) -> Changes:
        """A batch in doubt was looked for."""
        self.in_flight = None
        batch, counts, news = found.batch, found.counts, Changes()
        missing = [row for row in batch.rows if not (counts or {}).get(row.encoded.id)]
        here = [row for row in batch.rows if (counts or {}).get(row.encoded.id)]
        news.settled.append(Outcome(here, "delivered"))
        if any(count > 1 for count in (counts or {}).values()):
            news.remarks.append(LogEvent("some records are stored more than once"))
        batch.rows, batch.looked = missing, batch.looked + 1
        holds = counts is None and self._limits.on_unconfirmed == "hold"
        if batch.refused and not holds:
            self._refuses_cleanly = not here
            self._isolate(batch, news)
        elif missing and batch.looked < len(self._limits.lookup_delays):
            batch.not_before = max(now, batch.ended + self._limits.lookup_delays[batch.looked])
            self.unconfirmed.append(batch)
        elif holds:
            news.settled.append(Outcome(missing, "unconfirmed", "could not be looked for"))
        elif missing:
            news.returned.extend(missing)
            self._send_again(batch, now)
        else:
            self.last_error = None
        return news

    def expire(self, now: float) -> list[Outcome]:
        """Give up what waited for too long."""
        before = now - self._limits.delivery_deadline
        gone = self.buffer.expired(before)
        for batch in self.isolated:
            gone += batch.remove_older(before)
        self.isolated = [batch for batch in self.isolated if batch.rows]
        return [Outcome(gone, "dropped", "expired")]

    def _doubt(self, batch: Batch, rows: list[QueuedRow], now: float) -> Batch:
        return batch.doubted(rows, now, now + self._limits.lookup_delays[0], self._successes)

    def _send_again(self, batch: Batch, now: float) -> None:
        """Send what was not stored; in halves once it fails while others do not."""
        batch.not_before, batch.looked = now + self._jitter(batch.failures - 1), 0
        if batch.failures > 1 and self._successes > batch.successes_then and len(batch.rows) > 1:
            self.isolated += batch.halves()
        else:
            self.isolated.append(batch)

    def _settle_named(
        self, batch: Batch, verdict: Classification, now: float, news: Changes
    ) -> None:
        rows = batch.rows
        news.settled.append(Outcome([rows[index] for index in verdict.stored], "delivered"))
        news.settled.extend(
            Outcome([rows[index]], "rejected", words) for index, words in verdict.rejected.items()
        )
        later: list[QueuedRow] = []
        for index, words in verdict.retryable.items():
            rows[index].tries += 1
            if rows[index].tries > self._limits.max_row_tries:
                news.settled.append(Outcome([rows[index]], "rejected", words))
            else:
                later.append(rows[index])
        if later:
            wait = self._jitter(max(row.tries for row in later))
            self.isolated.append(Batch(batch.address, later, not_before=now + wait))

    def _apply(
        self, verdict: Classification, batch: Batch, now: float, asked: float, news: Changes
    ) -> None:
        match verdict.action:
            case Action.NONE:
                self._succeed(batch.address, news)
            case Action.WAIT | Action.THROTTLE:
                self._wait(verdict, batch, now, asked, news)
            case Action.SHRINK:
                self._split(verdict, batch, news)
            case Action.BISECT:
                self._bisect(verdict, batch, now, news)
            case Action.OPEN_CIRCUIT:
                self.last_error = verdict.cause
                self.buffer.put_back(batch.rows)
                if self._circuit.trip(batch.address, now):
                    news.remarks.append(LogEvent("halted", verdict.cause))

    def _succeed(self, address: str, news: Changes) -> None:
        if self._circuit.reset(address) or self._failures:
            news.remarks.append(LogEvent("works again"))
        self.last_error = None
        self._failures = 0
        self._successes += 1
        self._budget.increase()
        self._target.grow()

    def _wait(
        self, verdict: Classification, batch: Batch, now: float, asked: float, news: Changes
    ) -> None:
        if verdict.action is Action.THROTTLE:
            self._budget.decrease()
        self._paused_until = now + max(self._jitter(self._failures), asked)
        self._failures += 1
        self.last_error = verdict.cause
        self.buffer.put_back(batch.rows)
        news.remarks.append(LogEvent("failing", verdict.cause))

    def _split(self, verdict: Classification, batch: Batch, news: Changes) -> None:
        if len(batch.rows) == 1:
            news.settled.append(Outcome(batch.rows, "rejected", f"too large: {verdict.message}"))
            return
        self._target.shrink(batch.size)
        self.buffer.put_back(batch.rows)

    def _bisect(self, verdict: Classification, batch: Batch, now: float, news: Changes) -> None:
        batch.words = verdict.message
        if len(batch.rows) == 1 or self._refuses_cleanly:
            self._isolate(batch, news)
            return
        # It may have kept the rows before that one. Looked for once: who kept none keeps none.
        batch.refused, batch.not_before = True, now + self._limits.lookup_delays[0]
        self.unconfirmed.append(batch)

    def _isolate(self, batch: Batch, news: Changes) -> None:
        """Find the row that spoils its batch, half by half."""
        news.returned.extend(batch.rows)
        if len(batch.rows) > 1:
            self.isolated[:0] = batch.halves()
        else:
            news.settled.append(Outcome(batch.rows, "rejected", batch.words))

    def _jitter(self, failures: int) -> float:
        jitter = self._uniform(0.0, 1.0)
        return backoff(failures, self._limits.backoff_first, self._limits.backoff_max, jitter)
