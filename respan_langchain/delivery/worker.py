"""The worker: the thread that runs the loop, and its interface for other threads.

The first wake starts one daemon thread; the sender thread makes the requests. Producers call `wake`
and `put`, which take no lock that interrupted code could hold. Where no thread can be started, rows
are kept, and a flush does the worker's work on the caller's thread.
"""

import threading
from collections.abc import Callable
from random import Random
from threading import get_ident

from respan_langchain._clock import CLOCK
from respan_langchain.delivery import fork_safety, threads
from respan_langchain.delivery.flush import FlushRequest, FlushResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.loop import Loop, Message, Signal
from respan_langchain.delivery.polling import NEVER, SourcePoller, Wakeup
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.row_source import RowSource, RowSources
from respan_langchain.delivery.sender import DeliveryTransport
from respan_langchain.delivery.spool.base import Spool
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.stats import Stats

STEP_TIMEOUT = 0.5
"""Seconds that the end of a process waits for a step that is under way."""
PAUSE_AFTER_ERROR = 1.0
RETRY_THREAD_AFTER = 1.0
"""Seconds until the next try to start a thread, after the system refused one."""


class Worker:
    """Delivers rows to one destination."""

    def __init__(
        self,
        open_transport: Callable[[], DeliveryTransport],
        limits: DeliveryLimits | None = None,
        open_spool: Callable[[], Spool] | None = None,
        *,
        clock: Callable[[], float] = CLOCK.monotonic,
    ) -> None:
        """Start nothing; `open_transport` is called on the sender thread, again after a fork.

        `open_spool` makes the spool, again after a fork; None for rows in memory only.
        """
        self.limits = limits or DeliveryLimits()
        self._open_spool = open_spool
        self._open_transport = open_transport
        self._clock = clock
        self._sources = RowSources(self._source_failed, self._owner_deleted)
        self.wakeup = Wakeup()
        """Shared with producers: while it is idle, they call `wake`."""
        self.on_busy: Callable[[Worker], object] = _do_nothing
        """Called before it delivers: it is to be kept, and flushed when the process ends."""
        self.on_idle: Callable[[Worker], object] = _do_nothing
        """Called when its threads end, since nothing is left to deliver."""
        self._begin()
        fork_safety.register(self)

    def _begin(self) -> None:
        self.wakeup.idle = True
        self.closed = False
        self._woken = False
        self._inline_until: float | None = None
        self._running = False
        self._thread: int | None = None
        self._thread_refused_at = float("-inf")
        self._starting = threading.Lock()
        self._step_lock = threading.RLock()
        spool = Spool() if self._open_spool is None else self._open_spool()
        self._loop = Loop(
            self._open_transport,
            self.limits,
            poller=SourcePoller(
                self._sources, self.wakeup, self.limits, is_durable=spool.is_durable
            ),
            spool=spool,
            clock=self._clock,
            # An own generator leaves the app's seeded random numbers unchanged.
            random=Random().random,  # noqa: S311  # spreads retries, no secret
        )

    def after_fork(self) -> None:
        """In a forked child: start with no rows; the parent sends its own."""
        # Kept, not closed: the connections belong to the parent, and freeing rows takes time.
        self._inherited = self._loop
        self._loop.leave_to_parent()
        self._begin()
        self._sources.after_fork()

    # -- for producers ---------------------------------------------------------------------------

    def attach(self, source: RowSource, owner: object | None = None) -> None:
        """Poll this source from now on, until it is stopped or its `owner` is deleted."""
        self._sources.attach(source, owner)

    def wake(self) -> None:
        """Have the sources polled soon."""
        self._woken, self.wakeup.idle = True, False
        if self.closed:
            return
        if self._inline_until is not None:
            self._send_late(self._inline_until - self._clock())
        elif not self._notify(Signal.WAKE):
            self.wakeup.idle = True

    def put(self, *rows: EncodedRow) -> bool:
        """Accept rows; False when one was dropped, and counted."""
        accepted = self._loop.put(rows)
        if rows and self.wakeup.idle:
            self.wake()
        return accepted

    # -- for callers that wait -------------------------------------------------------------------

    def flush(self, timeout: float, status: DeliveryStatus | None = None) -> FlushResult:
        """Deliver what was captured before this call, with `status` what one handler captured.

        Returns after `timeout` seconds at the latest, and earlier when nothing more can be done by
        then: while the circuit is open and no probe is due, waiting would not help.
        """
        return self._ask(FlushRequest(self._clock() + timeout, status), timeout)

    def close_open_runs(self) -> None:
        """Have the next flush make rows of open runs too, since the process ends."""
        self._sources.close_open()

    def begin_flush(self, timeout: float) -> None:
        """Start a flush without waiting for it, so that several workers flush at the same time."""
        if not self._is_untouched:
            self._notify(FlushRequest(self._clock() + timeout))

    def sync_to_disk(self, timeout: float) -> bool:
        """Write all rows captured before this call to disk; False unless the level is `durable`."""
        request = FlushRequest(self._clock() + timeout, until_taken=True)
        return self._ask(request, timeout).all_counted and self._loop.is_on_disk

    def counts(self) -> Stats:
        """Return the counts of all rows of this worker."""
        return self._loop.statuses.counts()

    @property
    def requests(self) -> int:
        """Number of bulk requests sent, failed ones included."""
        return self._loop.requests

    @property
    def captured_and_dropped(self) -> tuple[int, int]:
        """Rows captured since the process started, and how many of them were given up.

        Unlike `counts` it includes the rows of handlers that are deleted.
        """
        return self._loop.captured_and_dropped

    @property
    def bytes_in_memory(self) -> int:
        """The size of all rows in memory, those in flight included."""
        return self._loop.bytes_in_memory

    @property
    def last_error(self) -> str | None:
        """Why rows cannot be delivered now; None while they can."""
        return self._loop.last_error

    def _ask(self, request: FlushRequest, timeout: float) -> FlushResult:
        if self._is_untouched:
            request.rows = set()
        # Called from a source or a transport, a flush would wait for itself.
        elif get_ident() not in {self._thread, self._loop.sender_thread} and not self.closed:
            self._loop.post(request)
            if self._ensure_thread():
                request.gate.acquire(timeout=_seconds(timeout))
            else:
                self._work_inline(request, timeout)
        if self.closed:
            request.rows = request.rows or set()
        counts = self.counts() if request.status is None else request.status.counts()
        return request.result(counts)

    @property
    def _is_untouched(self) -> bool:
        """Whether it was never woken and has no spool, so that it needs no thread."""
        return not self._woken and self._open_spool is None

    # -- the end ---------------------------------------------------------------------------------

    def send_inline_after_exit(self, seconds: float) -> None:
        """Send rows that arrive after the last flush on the calling thread, for `seconds`.

        Exit hooks that were registered before ours run after it, and the process would not wait
        for a thread.
        """
        if self._step_lock.acquire(timeout=STEP_TIMEOUT):
            self._loop.close_spool()
            self._step_lock.release()
        self._inline_until = self._clock() + seconds
        self.wakeup.idle = True

    def discard_pending(self, reason: str) -> None:
        """Accept no more rows, spool or drop and log the remaining ones, and end the threads."""
        if self.closed:
            return
        self.closed = True
        # Waits for a running step, but a source that hangs must not block the exit.
        in_time = self._step_lock.acquire(timeout=STEP_TIMEOUT)
        self._loop.stop(reason, STEP_TIMEOUT)
        if in_time:
            self._step_lock.release()
        self._loop.post(Signal.WAKE)
        self._loop.close_sender()

    def _send_late(self, left: float) -> None:
        if not self.flush(left) and left <= 0:
            self.discard_pending("no time was left at exit")
        self.wakeup.idle = True

    # -- the thread ------------------------------------------------------------------------------

    def _notify(self, message: Message) -> bool:
        """Leave a message for the thread; False when none can be started."""
        if not self._ensure_thread():
            return False
        self._loop.post(message)
        # The thread may have ended before it could read the message.
        return self._ensure_thread()

    def _ensure_thread(self) -> bool:
        self.on_busy(self)
        if self._running:
            return True
        if self._clock() < self._thread_refused_at + RETRY_THREAD_AFTER:
            return False
        # Does not wait: the holder is starting the thread, possibly on this same thread.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            self._loop.prepare_sender()
            self._running = self._running or threads.start("respan-delivery", self._run)
            if not self._running:
                self._thread_refused_at = self._clock()
            return self._running
        finally:
            self._starting.release()

    def _run(self) -> None:
        self._thread = get_ident()
        message: Message = Signal.WAKE
        while not self.closed:
            try:
                with self._step_lock:
                    wait = self._loop.step(message)
            except BaseException as error:  # noqa: BLE001  # this loop must never end: log it, go on
                wait = PAUSE_AFTER_ERROR
                self._loop.log_error(error)
            if self._is_unused:
                self._end_thread()
                return
            message = self._loop.next_message(None if wait == NEVER else _seconds(wait))
        self._running = False

    @property
    def _is_unused(self) -> bool:
        """Whether there is nothing to deliver, and no source that could have something."""
        return self.wakeup.idle and self._sources.are_over and self._loop.is_idle

    def _end_thread(self) -> None:
        """Close what is open; a message that comes from now on starts a new thread."""
        try:
            with self._step_lock:
                self._loop.release()
        finally:
            self._thread = None
            self.on_idle(self)
            self._running = False
            # The author of a message that came meanwhile expects this thread to read it.
            if not self._loop.is_idle:
                self._ensure_thread()

    def _work_inline(self, request: FlushRequest, timeout: float) -> None:
        """Do the worker's work on this thread until this flush is done."""
        if self._thread is not None or not self._step_lock.acquire(timeout=_seconds(timeout)):
            return
        try:
            self._thread = get_ident()
            message: Message = Signal.WAKE
            while not request.finished:
                wait = min(self._loop.step(message, inline=True), request.deadline - self._clock())
                message = self._loop.next_message(0.0 if request.finished else _seconds(wait))
        finally:
            self._thread = None
            self._step_lock.release()

    def _owner_deleted(self) -> None:
        self._loop.post(Signal.WAKE)

    def _source_failed(self, error: Exception) -> None:
        self._loop.log_error(error)


def _do_nothing(worker: Worker) -> None:
    """Be told by a worker that no registry knows."""


def _seconds(wait: float) -> float:
    """Return a timeout that locks and queues accept."""
    return min(max(0.0, wait), threading.TIMEOUT_MAX)
