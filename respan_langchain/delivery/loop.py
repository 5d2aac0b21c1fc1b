"""One turn of the worker's loop: read the messages, ask the sources, send, tell those who wait.

Acts on what `Dispatch` decides. Knows nothing of threads: the worker brings them, or a caller who
does the worker's work himself.
"""

import threading
import time
from collections.abc import Callable
from enum import Enum
from queue import SimpleQueue
from typing import Protocol, TypeAlias, TypeVar

from respan_langchain.delivery import fork_safety
from respan_langchain.delivery.batch import BulkResponse, LookupResult, Outcome
from respan_langchain.delivery.flush import FlushRequest, PendingFlushes
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.outcomes import SHUTDOWN, Accounts
from respan_langchain.delivery.queue import Intake
from respan_langchain.delivery.reporting import DeliveryLogger
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.row_source import RowSources
from respan_langchain.delivery.scheduler import NEVER, Scheduler
from respan_langchain.delivery.sender import SenderThread, Transport
from respan_langchain.delivery.spool.null_spool import NullSpool
from respan_langchain.delivery.status import DeliveryStatus

Reply = TypeVar("Reply")

COMMIT_INTERVAL = 0.02
"""Seconds between two looks at the sources when rows are promised to be on disk within 50 ms."""
QUIET = 0.05
"""Seconds without an event after which an app is taken to wait for something."""
LONGEST_WAIT = 1.0
"""Seconds after which its events are read even if it does not."""


class Signal(Enum):
    """Messages that carry nothing."""

    WAKE = "wake"
    TIME = "time"
    """Nothing came; some time that was waited for has."""


Message: TypeAlias = BulkResponse | LookupResult | FlushRequest | Signal


class Sleeper(Protocol):
    """Who the producers look at before they wake anybody."""

    idle: bool

    def put(self, *parcels: EncodedRow) -> bool:
        """Take rows in."""


class Loop:
    """Everything that one process holds of a worker; made anew after a fork."""

    def __init__(
        self,
        sleeper: Sleeper,
        open_carrier: Callable[[], Transport],
        limits: Limits,
        *,
        sources: RowSources,
        outbox: NullSpool,
        ledger: DeliveryStatus,
        clock: Callable[[], float],
        uniform: Callable[[float, float], float],
    ) -> None:
        self._sleeper = sleeper
        self._limits = limits
        self._sources = sources
        self._ledger = ledger
        self._clock = clock
        self._flushes = PendingFlushes()
        self._unsettled = False
        """Whether a flush waits for what is open to be closed."""
        self._asked_of: int | None = None
        """While the sources are asked: how many events they had."""
        self._over: str | None = None
        """Why everything is given up; None while it is not."""
        # Held while anything changes, and let go while the sources work: redaction is people's own
        # code, and who ends the process must not depend on it.
        self._whole = threading.RLock()
        self._fruitful = False
        self._warm = False
        self._drain_at = float("-inf")
        self._unread = 0
        """Events that were there when quiet was last waited for."""
        self._quiet_until = NEVER
        """When they are read even so; NEVER while nobody waits for quiet."""
        quick = COMMIT_INTERVAL if outbox.is_durable else limits.drain_interval
        self._interval = min(quick, limits.drain_interval)
        self.mailbox: SimpleQueue[Message] = SimpleQueue()
        self.intake = Intake(limits, ledger)
        self.dispatch = Scheduler(limits, uniform)
        self.courier = SenderThread(open_carrier, self.mailbox.put)
        self.herald = DeliveryLogger(limits)
        self.outbox = outbox
        self._accounts = Accounts(
            ledger, intake=self.intake, flushes=self._flushes, herald=self.herald, outbox=outbox
        )

    def step(self, message: Message, *, inline: bool = False) -> float:
        """Do everything that can be done now; the seconds until there may be more."""
        with self._whole:
            self._read(message)
            now = self._clock()
            again = self._over is None and self._drain(now)
            wait = NEVER if self._over is not None else self._act(now, again=again, inline=inline)
            if self._over is not None:
                self._give_up(self._over)
            return wait

    def _act(self, now: float, *, again: bool, inline: bool) -> float:
        self._accounts.throw_away(self.outbox.adopt_orphans(now), now)
        self._absorb(now)
        again = self._fetch(now) or again
        self._accounts.settle(self.dispatch.expire(now), now)
        errand = self.dispatch.next_request(now)
        if errand is not None:
            if errand.kind == "post":
                self.outbox.mark_unconfirmed(errand.batch.rows, now)
            self.courier.submit(errand, self._allowed(now, inline=inline), inline=inline)
        self.herald.disk(self.outbox, now)
        self._serve_flushes(now, drained=not again)
        self.herald.dropped(self.intake.refusals, now)
        self._ledger.fold()
        if again:
            return 0.0
        due_at = min(self._drain_at, self.dispatch.due_at(), self._flushes.deadline())
        return due_at - self._clock()

    def push_out(self, size: int) -> bool:
        """Drop the row that waits longest; False when that could never make room for `size`."""
        self._absorb(self._clock())
        buffer = self.dispatch.buffer
        stays = self.intake.held_bytes - buffer.bytes
        oldest = buffer.oldest() if stays + size <= self._limits.max_bytes else None
        if oldest is not None:
            self._accounts.settle([Outcome([oldest], "dropped", "pushed_out")], self._clock())
        return oldest is not None

    def abandon(self, why: str, patience: float) -> None:
        """Put what is left on disk, or count it as `shutdown` and say so.

        What a source yields after this has the same fate. Where even that much cannot be done
        within `patience` seconds, since a disk hangs, it is said.
        """
        self._over = why
        under_way = self._asked_of
        self.herald.unread(self._sources.unread() if under_way is None else under_way, why)
        if self._whole.acquire(timeout=patience):
            try:
                self._give_up(why)
            finally:
                self._whole.release()
        else:
            self.herald.left(self._ledger.counts().queued, 0, why)

    def _give_up(self, why: str) -> None:
        now = self._clock()
        self._absorb(now)
        left = self.dispatch.abandoned(SHUTDOWN)
        spooled = self._ledger.counts().spooled
        self._accounts.settle(left, now)
        spooled = self._ledger.counts().spooled - spooled
        self.herald.left(sum(len(one.rows) for one in left) - spooled, spooled, why)
        self.outbox.close()
        self.dispatch.clear()
        self._flushes.finish(now=float("inf"), idle_until=float("inf"))

    def _read(self, message: Message) -> None:
        self._read_one(message)
        while not self.mailbox.empty():
            self._read_one(self.mailbox.get_nowait())

    def _read_one(self, message: Message) -> None:
        now = self._clock()
        match message:
            case Signal.WAKE:
                # More events follow the first one closely, so they are fetched together.
                self._drain_at = min(self._drain_at, now + self._interval)
            case FlushRequest() if self._over is not None:
                message.finish()
            case _ if self._over is not None:
                pass
            case FlushRequest():
                self._flushes.add(message)
                self._unsettled = True
                self._drain_at = float("-inf")
            case BulkResponse():
                news = self.dispatch.posted(message, now, time.time())
                self._accounts.learn(news, len(self.dispatch.rows), now)
            case LookupResult():
                news = self.dispatch.found(message, now)
                self._accounts.learn(news, len(self.dispatch.rows), now)

    def _drain(self, now: float) -> bool:
        """Take a slice of every source if it is time; True when more is to be taken at once."""
        if now < self._drain_at or self._waits_for_quiet(now):
            return False
        if self._take(now):
            return True
        if self._unsettled:
            self._unsettled = False
            self._ask(self._sources.settle_open)
            return True
        if self._fruitful:
            self._fruitful = False
            self._drain_at = now + self._interval
            return False
        self._sleeper.idle = True
        # Whoever came just before that saw a waking worker and woke nobody.
        if self._take(now) or self._fruitful:
            return True
        self._drain_at = now + self._sources.due_in(now)
        self._sources.let_go(now)
        return False

    def _waits_for_quiet(self, now: float) -> bool:
        """Whether to let the app finish what it does: two busy threads slow each other down."""
        # The first rows bring imports with them, so the sooner the better.
        hurried = self._unsettled or not self._warm or self._interval <= QUIET
        unread = 0 if hurried or self._sources.due_in(now) <= 0 else self._sources.unread()
        if unread in {0, self._unread} or now >= self._quiet_until:
            self._unread, self._quiet_until = 0, NEVER
            return False
        self._unread = unread
        self._quiet_until = min(self._quiet_until, now + LONGEST_WAIT)
        self._drain_at = now + QUIET
        return True

    def _take(self, now: float) -> bool:
        parcels = self._slice(now) if self._warm else self._take_first(now)
        more = self._sources.due_in(now) <= 0
        if parcels or more:
            self._sleeper.idle = False
            self._fruitful = True
        self._sleeper.put(*parcels)
        return more

    def _take_first(self, now: float) -> list[EncodedRow]:
        # The first rows bring imports with them.
        with fork_safety.fork_guard():
            parcels = self._slice(now)
        self._warm = bool(parcels)
        return parcels

    def _slice(self, now: float) -> list[EncodedRow]:
        return self._ask(lambda: self._sources.take(now))

    def _ask(self, question: Callable[[], Reply]) -> Reply:
        self._asked_of = self._sources.unread()
        self._whole.release()
        try:
            return question()
        finally:
            self._whole.acquire()
            self._asked_of = None

    def _absorb(self, now: float) -> None:
        rows = self.intake.arrivals()
        self.outbox.append(rows, now)
        for row in rows:
            self.dispatch.buffer.add(row)
        overflow = Outcome(self.intake.overflow(), "dropped", "spool_full")
        self._accounts.settle([overflow], now, held=False)

    def _fetch(self, now: float) -> bool:
        """Bring rows back from disk while all is well and there is room; True when some came."""
        most_rows, most_bytes = self.intake.room
        if not self.outbox.loadable or most_rows <= 0 or most_bytes <= 0:
            return False
        if self.dispatch.last_error is not None and len(self.dispatch.rows):
            return False
        loaded = self.outbox.load(min(most_rows, self._limits.batch_rows), most_bytes, now)
        rows = self.intake.readmit(loaded, now)
        sent = [row for one, row in zip(loaded, rows, strict=True) if one.sent]
        self.dispatch.doubt(sent, now)
        for one, row in zip(loaded, rows, strict=True):
            if not one.sent:
                self.dispatch.buffer.add(row)
        if self._flushes.back_from_disk(rows):
            self.dispatch.buffer.hurry(self.intake.latest)
        return bool(loaded)

    def _allowed(self, now: float, *, inline: bool) -> float:
        """The seconds that a request may take."""
        most = self._limits.request_timeout
        return max(0.0, min(most, self._flushes.deadline() - now)) if inline else most

    def _serve_flushes(self, now: float, *, drained: bool) -> None:
        if drained and self._flushes.mark(self.dispatch.rows):
            self.dispatch.buffer.hurry(self.intake.latest)
        idle_until = self.dispatch.due_at() if self.dispatch.in_flight is None else now
        self._flushes.finish(now, idle_until, on_disk=self.outbox.loadable > 0)
