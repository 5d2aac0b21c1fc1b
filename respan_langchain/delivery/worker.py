"""The worker of one destination, as producers, flushes and the end of the process use it.

The first wake starts its thread (worker_thread.py); the sender thread makes the requests. Producers
call `wake` and `put`, which take no lock that interrupted code could hold. Where no thread can be
started, rows are kept.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from threading import get_ident

from respan_langchain._clock import CLOCK
from respan_langchain.client.subject import Subject
from respan_langchain.delivery import fork_safety
from respan_langchain.delivery.flush import FlushRequest, FlushResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import Forgotten
from respan_langchain.delivery.polling import SourcePoller, Wakeup
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.row_source import RowSource, RowSources
from respan_langchain.delivery.sender import DeliveryTransport
from respan_langchain.delivery.spool.base import Spool
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker_state import WAKE, WorkerState
from respan_langchain.delivery.worker_thread import WorkerThread, lock_timeout

STEP_TIMEOUT = 0.5
"""Seconds that other threads wait for a step that is under way."""


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
        self._sources = RowSources(
            lambda error: self._state.log.unexpected_error(error, self._clock()),
            lambda: self._state.messages.put(WAKE),
        )
        self.wakeup = Wakeup()
        """Shared with producers: while it is idle, they call `wake`."""
        self.on_busy: Callable[[Worker], object] = _do_nothing
        """Called before it delivers: it is to be kept, and flushed when the process ends."""
        self.on_idle: Callable[[Worker], object] = _do_nothing
        """Called when its threads end, since nothing is left to deliver."""
        self.on_late: Callable[[Worker], bool] = _do_nothing
        """Called when rows or events came too late; True when an exit hook will log them."""
        self._begin()
        fork_safety.register(self)

    def _begin(self) -> None:
        self.wakeup.idle = True
        self.closed = False
        self._woken = False
        self._inline_until: float | None = None
        spool = Spool() if self._open_spool is None else self._open_spool()
        self._state = WorkerState(
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
        self._thread = WorkerThread(
            self._state,
            is_unused=self._is_unused,
            on_busy=lambda: self.on_busy(self),
            on_idle=lambda: self.on_idle(self),
            clock=self._clock,
        )

    def after_fork(self) -> None:
        """In a forked child: start with no rows; the parent sends its own."""
        # Kept, not closed: the connections belong to the parent, and freeing rows takes time.
        self._inherited = self._state
        self._state.spool.leave_to_parent()
        self._begin()
        for source in self._sources:
            source.after_fork()

    # -- for producers ---------------------------------------------------------------------------

    def attach(self, source: RowSource, owner: object | None = None) -> None:
        """Poll this source from now on, until it is stopped or its `owner` is deleted."""
        self._sources.attach(source, owner)

    def wake(self) -> None:
        """Have the sources polled soon."""
        self._woken, self.wakeup.idle = True, False
        if self.closed:
            self._log_late()
        elif self._inline_until is not None:
            self._send_late(self._inline_until - self._clock())
        elif not self._thread.notify(WAKE):
            self.wakeup.idle = True

    def put(self, *rows: EncodedRow) -> bool:
        """Accept rows; False when one was dropped, and counted."""
        accepted = self._state.queue.put(rows, self._clock())
        if self.closed:
            self._log_late()
        elif rows and self.wakeup.idle:
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
        for source in self._sources:
            source.close_all()

    def begin_flush(self, timeout: float) -> None:
        """Start a flush without waiting for it, so that several workers flush at the same time."""
        if not self._is_untouched:
            self._thread.notify(FlushRequest(self._clock() + timeout))

    def sync_to_disk(self, timeout: float) -> bool:
        """Write all rows captured before this call to disk; False, and logged, if that fails.

        Only the level `durable` can.
        """
        request = FlushRequest(self._clock() + timeout, until_taken=True)
        self._ask(request, timeout)
        if not (request.is_on_disk or self.closed):
            self._state.log.not_on_disk(self._state.spool.last_error, self._clock())
        return request.is_on_disk

    def forget(self, subject: Subject) -> Forgotten:
        """Have the subject's open traces give no rows, and drop its rows that wait here.

        Those are in memory, or in this process's spool file.
        """
        open_traces = sum(source.forget_open_traces(subject) for source in self._sources)
        with self._between_steps():  # a step may hold rows that it has taken from a source
            return replace(self._state.forget(subject.matches_row), open_traces=open_traces)

    @property
    def queue(self) -> DeliveryQueue:
        """Its rows in memory, and how many were captured and given up."""
        return self._state.queue

    @property
    def requests(self) -> int:
        """Number of bulk requests sent, failed ones included."""
        return self._state.scheduler.requests

    @property
    def last_error(self) -> str | None:
        """Why rows cannot be delivered now; None while they can."""
        return self._state.last_error

    def _ask(self, request: FlushRequest, timeout: float) -> FlushResult:
        if self._is_untouched:
            request.rows = set()
        # Called from a source or a transport, a flush would wait for itself.
        elif (
            get_ident() not in {self._thread.number, self._state.sender.thread} and not self.closed
        ):
            self._state.messages.put(request)
            if self._thread.ensure():
                request.gate.acquire(timeout=lock_timeout(timeout))
            else:
                self._thread.work_inline(request, timeout)
        if self.closed:
            request.rows = request.rows or set()
        return request.result((request.status or self._state.statuses).counts())

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
        with self._between_steps() as is_between:
            if is_between:
                self._state.give_up_feedback()
                self._state.spool.close()
                self._state.log_unlogged()
        self._inline_until = self._clock() + seconds
        self.wakeup.idle = True

    def discard_pending(self, reason: str) -> None:
        """Accept no more rows, spool or drop and log the remaining ones, and end the threads."""
        if self.closed:
            return
        self.closed = True
        with self._between_steps():
            self._state.stop(reason, STEP_TIMEOUT)
        self._thread.close()
        self._state.sender.close()
        self.wakeup.idle = True  # the next event wakes it, and is logged

    def discard_at_exit(self) -> None:
        """Discard the remaining rows; the log names the last error as the cause."""
        self.discard_pending(self.last_error or "no time was left at exit")

    def log_unlogged(self) -> None:
        """Log every row whose line was held back."""
        self._state.log_unlogged()

    @contextmanager
    def _between_steps(self) -> Iterator[bool]:
        """Wait for a step that is under way, but not for a source that hangs: then yield False."""
        in_time = self._thread.step_lock.acquire(timeout=STEP_TIMEOUT)
        try:
            yield in_time
        finally:
            if in_time:
                self._thread.step_lock.release()

    def _log_late(self) -> None:
        """Log what came too late, unless an exit hook follows that logs it with others."""
        self.wakeup.idle = not self.on_late(self)
        if self.wakeup.idle:
            self._state.log_unlogged()

    def _send_late(self, left: float) -> None:
        if self.flush(left).is_complete:
            self._state.log_unlogged()
        elif not self.on_late(self):
            self.discard_at_exit()
        self.wakeup.idle = True

    # -- what happens to its thread and its sources ------------------------------------------------

    def _is_unused(self) -> bool:
        return self.wakeup.idle and self._sources.are_over and self._state.is_idle


def _do_nothing(_worker: Worker) -> bool:
    """Ignore the notice; the default of a worker that no registry keeps."""
    return False
