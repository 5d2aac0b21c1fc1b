"""The worker: the thread that turns the loop, and the few things that others may ask of it.

One daemon thread, started by the first wake; a second one (the courier) is out on the wire. What a
producer may call, `wake` and `put`, takes no lock that could be held by the code it interrupts.
Where no thread can be started, rows are kept, and a flush does the worker's work on the caller's
thread.
"""

import random
import threading
import time
from collections.abc import Callable
from queue import Empty
from threading import get_ident

from respan_langchain.delivery import fork_safety, threads
from respan_langchain.delivery.flush import FlushRequest, FlushResult
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.loop import Loop, Message, Signal
from respan_langchain.delivery.queue import NO_ROOM
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.row_source import RowSource, RowSources
from respan_langchain.delivery.scheduler import NEVER
from respan_langchain.delivery.sender import Transport
from respan_langchain.delivery.spool.null_spool import NullSpool
from respan_langchain.delivery.spool.spool import Spool, SpoolConfig
from respan_langchain.delivery.status import DeliveryStatus

LONGEST_TURN = 0.5
PAUSE_AFTER_FAULT = 1.0
START_AGAIN = 1.0
"""Seconds before a thread is asked for again, after the system refused one."""


class Worker:
    """Delivers rows to one destination."""

    def __init__(
        self,
        open_carrier: Callable[[], Transport],
        limits: Limits | None = None,
        disk: SpoolConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Start nothing; `open_carrier` is called on the courier's thread, again after a fork."""
        self.limits = limits or Limits()
        self.disk = disk
        self._open_carrier = open_carrier
        self._clock = clock
        self._uniform = uniform
        self._sources = RowSources(self._source_failed)
        self.status = DeliveryStatus(remembered=0)
        """Everything that passed here, whoever's it was."""
        self.on_start: Callable[[], object] = lambda: None
        """Called before a thread is started: whoever ends the process wants to know."""
        self._begin()
        fork_safety.register(self)

    def _begin(self) -> None:
        self.idle = True
        """Nobody looks at the sources: whoever has something new must call `wake`."""
        self.closed = False
        self.restarts = 0
        """How often the loop failed and went on."""
        self._woken = False
        self._lingers_until: float | None = None
        self._running = False
        self._thread: int | None = None
        self._refused_at = float("-inf")
        self._starting = threading.Lock()
        self._turn = threading.RLock()
        self._loop = Loop(
            self,
            self._open_carrier,
            self.limits,
            sources=self._sources,
            outbox=NullSpool() if self.disk is None else Spool(self.disk),
            ledger=self.status,
            clock=self._clock,
            uniform=self._uniform,
        )

    def after_fork(self) -> None:
        """In the child: what waited is the parent's to send."""
        # Kept, not closed: the connections belong to the parent, and freeing rows takes time.
        self._inherited = self._loop
        self._loop.outbox.leave_to_parent()
        self._begin()
        self._sources.after_fork()

    # -- for producers ---------------------------------------------------------------------------

    def attach(self, source: RowSource, owner: object | None = None) -> None:
        """Ask this source from now on; until `owner`, if any, is gone and the source drained."""
        self._sources.attach(source, owner)

    def wake(self) -> None:
        """Have the sources asked soon."""
        self._woken, self.idle = True, False
        if self.closed:
            return
        if self._lingers_until is not None:
            self._send_late(self._lingers_until - self._clock())
            return
        if self._ensure_thread():
            self._loop.mailbox.put(Signal.WAKE)
        else:
            self.idle = True

    def _send_late(self, left: float) -> None:
        if not self.flush(left) and left <= 0:
            self.discard_pending("no time was left at exit")
        self.idle = True

    def put(self, *parcels: EncodedRow) -> bool:
        """Take rows in; False when one was dropped at the door, and counted."""
        # What the worker's own thread still brings is given up with the rest.
        if self.closed and get_ident() != self._thread:
            refused = [(parcel, "closed") for parcel in parcels]
        else:
            refused = self._loop.intake.admit(parcels, self._clock())
        dropped = [parcel for parcel, reason in refused if not self._find_room(parcel, reason)]
        if self.idle and parcels:
            self.wake()
        return not dropped

    def _find_room(self, parcel: EncodedRow, reason: str) -> bool:
        """For a row that was refused at the door: in another's place, or on disk."""
        intake, now = self._loop.intake, self._clock()
        while reason in NO_ROOM and self._push_out(len(parcel.body)):
            if not (refused := intake.admit([parcel], now)):
                return True
            reason = refused[0][1]
        if reason in NO_ROOM and self._loop.outbox.takes_overflow:
            intake.divert(parcel, now)
            return True
        intake.refuse(parcel, reason)
        return False

    def _push_out(self, size: int) -> bool:
        """Drop the row that waits longest; True when there was one within this thread's reach."""
        may = get_ident() == self._thread and self.limits.overflow == "drop_oldest"
        return may and self._loop.push_out(size)

    # -- for those who wait ----------------------------------------------------------------------

    def flush(self, timeout: float, ledger: DeliveryStatus | None = None) -> FlushResult:
        """Deliver what was captured before this call, with `ledger` what one handler captured.

        Returns at the latest after `timeout` seconds, and earlier when nothing more can be done by
        then: while a halted address may not even be probed, waiting would not help.
        """
        return self._asked(FlushRequest(self._clock() + timeout, ledger), timeout)

    def begin_flush(self, timeout: float) -> None:
        """Begin the last flush, which nobody waits for yet: several workers send at a time."""
        self._sources.close_open()
        if not self._is_untouched and self._ensure_thread():
            self._loop.mailbox.put(FlushRequest(self._clock() + timeout))

    def sync_to_disk(self, timeout: float) -> bool:
        """Have everything that was captured before this call on disk, with the level `durable`."""
        request = FlushRequest(self._clock() + timeout, until_taken=True)
        outbox = self._loop.outbox
        return (
            self._asked(request, timeout).all_counted
            and outbox.is_durable
            and not outbox.last_error
        )

    def _asked(self, request: FlushRequest, timeout: float) -> FlushResult:
        if self._is_untouched:
            request.rows = set()
        # Called from a source or a carrier, a flush would wait for itself.
        elif get_ident() not in {self._thread, self._loop.courier.thread} and not self.closed:
            self._loop.mailbox.put(request)
            if self._ensure_thread():
                request.gate.acquire(timeout=_seconds(timeout))
            else:
                self._work_inline(request, timeout)
        if self.closed:
            request.rows = request.rows or set()
        return request.result((request.status or self.status).counts())

    @property
    def _is_untouched(self) -> bool:
        """Whether nobody ever woke it, and nothing can lie on disk: no need for a thread."""
        return not self._woken and self.disk is None

    def close(self, timeout: float) -> FlushResult:
        """Flush, give up what is left (counted as `shutdown`), end the threads."""
        result = self.flush(timeout)
        self.discard_pending("the worker was closed")
        return result

    def send_inline_after_exit(self, seconds: float) -> None:
        """Everything is delivered and the process ends: what still comes is sent by its caller.

        Hooks that were registered before ours run after it, and nobody would wait for a thread.
        """
        if self._turn.acquire(timeout=LONGEST_TURN):
            self._loop.outbox.close()
            self._turn.release()
        self._lingers_until = self._clock() + seconds
        self.idle = True

    def discard_pending(self, why: str) -> None:
        """Take nothing more, count what is left as `shutdown`, say so, end the threads."""
        if self.closed:
            return
        self.closed = True
        # A slice may end in time; a source that hangs must not keep the process from ending.
        in_time = self._turn.acquire(timeout=LONGEST_TURN)
        self._loop.abandon(why, LONGEST_TURN)
        if in_time:
            self._turn.release()
        self._loop.mailbox.put(Signal.WAKE)
        self._loop.courier.close()

    @property
    def requests(self) -> int:
        """Batches sent, whatever came of them."""
        return self._loop.dispatch.requests

    @property
    def held_bytes(self) -> int:
        """What all rows weigh that are held in memory, those in flight included."""
        return self._loop.intake.held_bytes

    @property
    def last_error(self) -> str | None:
        """What stands against delivery now, in a few words; None while it works."""
        return self._loop.dispatch.last_error

    # -- the thread ------------------------------------------------------------------------------

    def _ensure_thread(self) -> bool:
        if self._running:
            return True
        if self._clock() < self._refused_at + START_AGAIN:
            return False
        # Not waited for: whoever holds it is starting the thread, perhaps on this very thread.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            self.on_start()
            self._loop.courier.prepare()
            self._running = self._running or threads.start("respan-delivery", self._live)
            if not self._running:
                self._refused_at = self._clock()
            return self._running
        finally:
            self._starting.release()

    def _live(self) -> None:
        self._thread = get_ident()
        message: Message = Signal.WAKE
        while not self.closed:
            try:
                with self._turn:
                    wait = self._loop.step(message)
            except BaseException as error:  # noqa: BLE001  # the one loop that must never end: say it, go on
                self.restarts += 1
                wait = PAUSE_AFTER_FAULT
                self._loop.herald.failed(error, self._clock())
            message = self._next_message(wait)
        self._running = False

    def _work_inline(self, request: FlushRequest, timeout: float) -> None:
        """Without a thread: do the worker's work here, until this flush is done."""
        if self._thread is not None or not self._turn.acquire(timeout=_seconds(timeout)):
            return
        try:
            self._thread = get_ident()
            message: Message = Signal.WAKE
            while not request.finished:
                wait = self._loop.step(message, inline=True)
                remaining = request.deadline - self._clock()
                message = self._next_message(0.0 if request.finished else min(wait, remaining))
        finally:
            self._thread = None
            self._turn.release()

    def _next_message(self, wait: float) -> Message:
        try:
            return self._loop.mailbox.get(timeout=None if wait == NEVER else _seconds(wait))
        except Empty:
            return Signal.TIME

    def _source_failed(self, error: Exception) -> None:
        self._loop.herald.failed(error, self._clock())


def _seconds(wait: float) -> float:
    """A wait that locks and queues will take."""
    return min(max(0.0, wait), threading.TIMEOUT_MAX)
