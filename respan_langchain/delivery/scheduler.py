"""What to send next, and what each answer changes: the worker's whole mind, without its hands.

Pure but for the random source that it is given: time comes in as a number, requests go out as
errands, answers come back as values. One errand is out at a time.
"""

from collections.abc import Callable

from respan_langchain.delivery.batch import Batch, Errand, Found, News, Posted, Remark, Settled
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.queue import Buffer, Target
from respan_langchain.delivery.response import Remedy, Verdict, judge
from respan_langchain.delivery.retry import Budget, Circuit, asked_wait, backoff
from respan_langchain.delivery.row import Row

NEVER = float("inf")
ALWAYS = float("-inf")
STUCK_BYTES = 256 * 1024
"""A larger body that could not be written in time may have been too large for the line."""


class Dispatch:
    """Everything that waits, and the rules by which it leaves."""

    def __init__(self, limits: Limits, uniform: Callable[[float, float], float]) -> None:
        self._limits = limits
        self._uniform = uniform
        self._target = Target(limits)
        self._budget = Budget(limits.requests_per_minute)
        self._circuit = Circuit(limits.probe_interval)
        self._failures = 0
        self._successes = 0
        self._refuses_cleanly = False
        """Whether a batch that is refused whole leaves nothing behind."""
        self._paused_until = ALWAYS
        self.buffer = Buffer(limits, self._target)
        self.apart: list[Batch] = []
        """Rows that travel by themselves: halves of a spoilt batch, rows that failed by name."""
        self.doubts: list[Batch] = []
        """Sent, outcome unknown: to be looked for before they are sent again."""
        self.flying: Errand | None = None
        self.requests = 0
        """Batches that were sent, whatever came of them."""
        self.problem: str | None = None
        """What stands against delivery now; None while it works."""

    @property
    def rows(self) -> list[Row]:
        """Everything whose fate is open."""
        batches = [*self.apart, *self.doubts, *([self.flying.batch] if self.flying else [])]
        return [*self.buffer, *(row for batch in batches for row in batch.rows)]

    @property
    def count(self) -> int:
        """How many rows that is."""
        return len(self.rows)

    def abandoned(self, reason: str) -> list[Settled]:
        """Give up everything: what was sent without a clear answer is unknown, the rest dropped."""
        batches = [*self.doubts, *([self.flying.batch] if self.flying else [])]
        sent = [row for batch in batches for row in batch.rows]
        unsent = [*self.buffer, *(row for batch in self.apart for row in batch.rows)]
        return [Settled(sent, "unknown", reason), Settled(unsent, "dropped", reason)]

    def forget(self) -> None:
        """All of it was given up."""
        self.buffer = Buffer(self._limits, self._target)
        self.apart, self.doubts, self.flying = [], [], None

    def doubt(self, rows: list[Row], now: float) -> None:
        """These were sent in another life, and nobody knows what became of them."""
        for address in {row.parcel.address for row in rows}:
            here = [row for row in rows if row.parcel.address == address]
            self.doubts.append(self._doubt(Batch(address, []), here, now))

    # -- what leaves next ------------------------------------------------------------------------

    def next_errand(self, now: float) -> Errand | None:
        """What to do on the wire now; None when nothing is due or an errand is out already."""
        if self.flying is not None:
            return None
        self.flying = self._look(now) or self._post(now)
        return self.flying

    def due_at(self) -> float:
        """When `next_errand` may have something; infinity: not before new rows or an answer."""
        if self.flying is not None:
            return NEVER
        looks = [self._look_at(batch) for batch in self.doubts]
        return min([*looks, max(self._post_due_at(), self._free_at())], default=NEVER)

    def _look_at(self, batch: Batch) -> float:
        return max(batch.not_before, self._gate(batch.address), self._paused_until)

    def _look(self, now: float) -> Errand | None:
        for batch in self.doubts:
            if self._look_at(batch) <= now:
                self.doubts.remove(batch)
                return Errand("find", batch)
        return None

    def _post(self, now: float) -> Errand | None:
        if self._free_at() > now or self._post_due_at() > now:
            return None
        batch = self._next_batch(now)
        if batch is None:
            return None
        self._budget.spend(now)
        self.requests += 1
        return Errand("post", batch)

    def _next_batch(self, now: float) -> Batch | None:
        for batch in self.apart:
            if max(batch.not_before, self._gate(batch.address)) <= now:
                return self._leave_apart(batch)
        for address in self.buffer.addresses():
            if max(self.buffer.due_at(address), self._gate(address)) <= now:
                most = 1 if self._circuit.is_halted(address) else None
                return Batch(address, self.buffer.take(address, most))
        return None

    def _leave_apart(self, batch: Batch) -> Batch:
        if len(batch.rows) > 1 and self._circuit.is_halted(batch.address):
            return Batch(batch.address, [batch.rows.pop(0)])
        self.apart.remove(batch)
        return batch

    def _post_due_at(self) -> float:
        apart = [max(batch.not_before, self._gate(batch.address)) for batch in self.apart]
        whole = [
            max(self.buffer.due_at(address), self._gate(address))
            for address in self.buffer.addresses()
        ]
        return min([*apart, *whole], default=NEVER)

    def _gate(self, address: str) -> float:
        return self._circuit.open_at(address)

    def _free_at(self) -> float:
        return max(self._paused_until, self._budget.free_at(ALWAYS))

    # -- what an answer changes ------------------------------------------------------------------

    def posted(self, posted: Posted, now: float, wall_clock: float) -> News:
        """A batch came back."""
        self.flying = None
        batch = posted.batch
        verdict = judge(posted.answer, len(batch.rows))
        news = News()
        self._settle_named(batch, verdict, now, news)
        if verdict.unknown:
            doubtful = [batch.rows[index] for index in verdict.unknown]
            news.doubtful.extend(doubtful)
            self.doubts.append(self._doubt(batch, doubtful, now))
        again = [batch.rows[index] for index in verdict.again]
        news.returned.extend(again)
        asked = asked_wait(posted.answer, wall_clock)
        self._shrink_if_stuck(posted)
        self._apply(verdict, Batch(batch.address, again), now, asked, news)
        return news

    def found(self, found: Found, now: float) -> News:
        """A batch in doubt was looked for."""
        self.flying = None
        batch, counts, news = found.batch, found.counts, News()
        missing = [row for row in batch.rows if not (counts or {}).get(row.parcel.id)]
        here = [row for row in batch.rows if (counts or {}).get(row.parcel.id)]
        news.settled.append(Settled(here, "delivered"))
        if any(count > 1 for count in (counts or {}).values()):
            news.remarks.append(Remark("some records are stored more than once"))
        batch.rows, batch.looked = missing, batch.looked + 1
        parks = counts is None and self._limits.on_unknown == "park"
        if batch.refused and not parks:
            self._refuses_cleanly = not here
            self._isolate(batch, news)
        elif missing and batch.looked < len(self._limits.settle):
            batch.not_before = max(now, batch.ended + self._limits.settle[batch.looked])
            self.doubts.append(batch)
        elif parks:
            news.settled.append(Settled(missing, "unknown", "could not be looked for"))
        elif missing:
            news.returned.extend(missing)
            self._send_again(batch, now)
        else:
            self.problem = None
        return news

    def expire(self, now: float) -> list[Settled]:
        """Give up what waited for too long."""
        before = now - self._limits.delivery_deadline
        gone = self.buffer.expired(before)
        for batch in list(self.apart):
            gone += [row for row in batch.rows if row.accepted < before]
            batch.rows = [row for row in batch.rows if row.accepted >= before]
            if not batch.rows:
                self.apart.remove(batch)
        return [Settled(gone, "dropped", "expired")]

    def _doubt(self, batch: Batch, rows: list[Row], now: float) -> Batch:
        return batch.doubted(rows, now, now + self._limits.settle[0], self._successes)

    def _send_again(self, batch: Batch, now: float) -> None:
        """Send what was not stored; in halves once it fails while others do not."""
        batch.not_before, batch.looked = now + self._jitter(batch.failures - 1), 0
        if batch.failures > 1 and self._successes > batch.successes_then and len(batch.rows) > 1:
            self.apart += batch.halves()
        else:
            self.apart.append(batch)

    def _shrink_if_stuck(self, posted: Posted) -> None:
        answer, size = posted.answer, posted.batch.size
        if answer.timed_out and not answer.maybe_sent and size > STUCK_BYTES:
            self._target.shrink(size)

    def _settle_named(self, batch: Batch, verdict: Verdict, now: float, news: News) -> None:
        rows = batch.rows
        news.settled.append(Settled([rows[index] for index in verdict.stored], "delivered"))
        news.settled.extend(
            Settled([rows[index]], "rejected", words) for index, words in verdict.rejected.items()
        )
        later: list[Row] = []
        for index, words in verdict.retryable.items():
            rows[index].tries += 1
            if rows[index].tries > self._limits.row_tries:
                news.settled.append(Settled([rows[index]], "rejected", words))
            else:
                later.append(rows[index])
        if later:
            wait = self._jitter(max(row.tries for row in later))
            self.apart.append(Batch(batch.address, later, not_before=now + wait))

    def _apply(
        self, verdict: Verdict, batch: Batch, now: float, asked: float | None, news: News
    ) -> None:
        match verdict.remedy:
            case Remedy.NOTHING:
                self._succeed(batch.address, news)
            case Remedy.WAIT | Remedy.SLOW_DOWN:
                self._wait(verdict, batch, now, asked, news)
            case Remedy.SPLIT:
                self._split(verdict, batch, news)
            case Remedy.BISECT:
                self._bisect(verdict, batch, now, news)
            case Remedy.HALT:
                self.problem = verdict.cause
                self.buffer.put_back(batch.rows)
                if self._circuit.halt(batch.address, now):
                    news.remarks.append(Remark("halted", verdict.cause))

    def _succeed(self, address: str, news: News) -> None:
        if self._circuit.mend(address) or self._failures:
            news.remarks.append(Remark("works again"))
        self.problem = None
        self._failures = 0
        self._successes += 1
        self._budget.succeeded()
        self._target.grow()

    def _wait(
        self, verdict: Verdict, batch: Batch, now: float, asked: float | None, news: News
    ) -> None:
        if verdict.remedy is Remedy.SLOW_DOWN:
            self._budget.throttled()
        self._paused_until = now + max(self._jitter(self._failures), asked or 0.0)
        self._failures += 1
        self.problem = verdict.cause
        self.buffer.put_back(batch.rows)
        news.remarks.append(Remark("failing", verdict.cause))

    def _split(self, verdict: Verdict, batch: Batch, news: News) -> None:
        if len(batch.rows) == 1:
            news.settled.append(Settled(batch.rows, "rejected", f"too large: {verdict.words}"))
            return
        self._target.shrink(batch.size)
        self.buffer.put_back(batch.rows)

    def _bisect(self, verdict: Verdict, batch: Batch, now: float, news: News) -> None:
        batch.words = verdict.words
        if len(batch.rows) == 1 or self._refuses_cleanly:
            self._isolate(batch, news)
            return
        # It may have kept the rows before that one. Looked for once: who kept none keeps none.
        batch.refused, batch.not_before = True, now + self._limits.settle[0]
        self.doubts.append(batch)

    def _isolate(self, batch: Batch, news: News) -> None:
        """Find the row that spoils its batch, half by half."""
        news.returned.extend(batch.rows)
        if len(batch.rows) > 1:
            self.apart[:0] = batch.halves()
        else:
            news.settled.append(Settled(batch.rows, "rejected", batch.words))

    def _jitter(self, failures: int) -> float:
        return backoff(
            failures,
            first=self._limits.backoff_first,
            most=self._limits.backoff_most,
            uniform=self._uniform,
        )
