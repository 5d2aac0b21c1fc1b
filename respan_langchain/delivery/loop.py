"""One step of the worker: read messages, poll the sources, send, pass outcomes to the sinks.

Does what `Scheduler` decides, and owns every part of delivery in this process. It starts no thread:
the worker's thread runs it, or a caller that does the worker's work.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.batch import BulkInsert
from respan_langchain.delivery.flush import FlushRequest, PendingFlushes
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.mailbox import Mailbox, Message, Signal
from respan_langchain.delivery.outcome import Forgotten, Outcome
from respan_langchain.delivery.outcome_dispatcher import OutcomeDispatcher
from respan_langchain.delivery.polling import NEVER, SourcePoller
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.reporting import DeliveryLogger
from respan_langchain.delivery.row import EncodedRow, RowFilter
from respan_langchain.delivery.scheduler import Scheduler
from respan_langchain.delivery.sender import DeliveryTransport, SenderThread
from respan_langchain.delivery.spool.base import Spool
from respan_langchain.delivery.spool_loader import SpoolLoader
from respan_langchain.delivery.status import StatusRegistry


class Loop:
    """The state of a worker in one process; replaced after a fork."""

    def __init__(
        self,
        open_transport: Callable[[], DeliveryTransport],
        limits: DeliveryLimits,
        *,
        poller: SourcePoller,
        spool: Spool,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._poller = poller
        self._spool = spool
        self._clock = clock
        self.mailbox = Mailbox()
        self._statuses = StatusRegistry()
        self._statuses.add(spool.adopted)
        self._queue = DeliveryQueue(limits, self._statuses, spills=spool.takes_overflow)
        self._scheduler = Scheduler(limits, self._queue.buffer, random)
        self._new_sender = partial(SenderThread, open_transport, self.mailbox.post)
        self._sender = self._new_sender()
        self._flushes = PendingFlushes()
        self._loader = SpoolLoader(spool, self._queue, self._scheduler, self._flushes, limits)
        self._log = DeliveryLogger(limits)
        self._dispatcher = OutcomeDispatcher(spool, self._queue, self._flushes, self._log)
        # Held while anything changes, but not while sources are polled: they run the app's
        # redaction, and the exit of the process must not depend on that.
        self._state_lock = threading.RLock()
        self._stop_reason: str | None = None

    # -- for other threads -----------------------------------------------------------------------

    def put(self, rows: Sequence[EncodedRow]) -> bool:
        """Accept rows; False when one was dropped, and counted."""
        return self._queue.put(rows, self._clock())

    def prepare_sender(self) -> None:
        """Start the sender thread if it does not run."""
        self._sender.prepare()

    def close_sender(self) -> None:
        """End the sender thread and close its connections once its request has ended."""
        self._sender.close()

    def close_spool(self) -> None:
        """Leave what is on disk for another process."""
        self._spool.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits: no message, no caller, and no row that could be sent."""
        waits = self._flushes or self._spool.loadable or not self.mailbox.is_empty
        return self._queue.is_empty and not waits

    def release(self) -> None:
        """Close the connections and the spool file; they are opened again when needed."""
        with self._state_lock:
            self.log_unlogged()
            self._spool.close()
            # A thread that ends cannot be started again.
            self._sender, ended = self._new_sender(), self._sender
        ended.close()

    def leave_to_parent(self) -> None:
        """In a forked child: leave the parent's files alone."""
        self._spool.leave_to_parent()

    def log_error(self, error: BaseException) -> None:
        """Log an unexpected error in delivery or in a source."""
        self._log.unexpected_error(error, self._clock())

    def log_not_on_disk(self) -> None:
        """Log that a caller did not wait longer for its rows to be on disk."""
        self._log.not_on_disk(self._spool.last_error, self._clock())

    def log_unlogged(self) -> None:
        """Log every row whose line was held back, and after `stop` events that came too late.

        Waits for no step that is under way: that step logs them.
        """
        if self._state_lock.acquire(blocking=False):
            self._log.rows_dropped(self._queue.take_refusals(), float("inf"))
            if self._stop_reason is not None:
                self._log.unread_events(self._poller.unread)
            self._state_lock.release()

    @property
    def statuses(self) -> StatusRegistry:
        """The counts of every handler that is not deleted."""
        return self._statuses

    @property
    def sender_thread(self) -> int | None:
        """The number of the thread that makes requests."""
        return self._sender.thread

    @property
    def requests(self) -> int:
        """Number of bulk inserts sent, failed ones included."""
        return self._scheduler.requests

    @property
    def captured_and_dropped(self) -> tuple[int, int]:
        """Rows captured since the process started, and how many of them were given up."""
        return self._queue.captured, self._queue.dropped

    @property
    def bytes_in_memory(self) -> int:
        """The size of all rows in memory, those in flight included."""
        return self._queue.bytes_in_memory

    @property
    def last_error(self) -> str | None:
        """Why rows cannot be delivered now; None while they can."""
        spool_error = self._spool.last_error
        return self._scheduler.last_error or (spool_error and f"spool: {spool_error}")

    def stop(self, reason: str, timeout: float) -> None:
        """Put rows that are left on disk, or count them as dropped; rows that come later, too.

        Where a disk hangs for longer than `timeout`, that is logged.
        """
        self._stop_reason = reason
        self._queue.closed = True
        self._log.unread_events(self._poller.unread)
        if self._state_lock.acquire(timeout=timeout):
            try:
                self._give_up(reason)
            finally:
                self._state_lock.release()
        else:
            self._log.left_at_end(self._statuses.counts().pending, reason)

    def forget(self, chosen: RowFilter) -> Forgotten:
        """Drop the chosen rows that are certainly not stored, on any thread but a source's."""
        with self._state_lock:
            now = self._clock()
            self._absorb(now)
            waiting, sent = self._scheduler.forget(chosen)
            self._dispatcher.dispatch((waiting,), now)
            lost, on_disk = self._spool.forget(chosen, now)
            self._dispatcher.dispatch(lost, now)
            return Forgotten(memory=len(waiting.rows), disk=on_disk, sent=sent)

    # -- one step --------------------------------------------------------------------------------

    def step(self, message: Message, *, inline: bool = False) -> float:
        """Do everything that can be done now; return the seconds until there may be more."""
        with self._state_lock:
            self._read(message)
        now = self._clock()
        rows, again = ([], False) if self._stop_reason is not None else self._poller.poll(now)
        with self._state_lock:
            self._queue.put(rows, now, may_evict=True)
            if self._stop_reason is not None:
                self._give_up(self._stop_reason)
                return NEVER
            return self._act(now, again=again, inline=inline)

    def _read(self, message: Message) -> None:
        self._read_one(message)
        while not self.mailbox.is_empty:
            self._read_one(self.mailbox.take())

    def _read_one(self, message: Message) -> None:
        now = self._clock()
        match message:
            case Signal.WAKE:
                self._poller.timer.wake(now)
            case Signal.TIMEOUT:
                pass
            case FlushRequest() if self._stop_reason is not None:
                message.finish()
            case FlushRequest():
                self._flushes.add(message)
                self._poller.timer.flush()
            case _ if self._stop_reason is None:
                outcomes = self._scheduler.apply(message, now, CLOCK.time())
                self._log.pending = len(self._scheduler.rows)
                self._dispatcher.dispatch(outcomes, now)
            case _:
                pass

    def _act(self, now: float, *, again: bool, inline: bool) -> float:
        self._dispatcher.dispatch(self._spool.adopt_orphans(now), now)
        self._absorb(now)
        loaded = self._loader.load(now)
        self._dispatcher.dispatch(loaded, now)
        again = bool(loaded) or again
        self._dispatcher.dispatch((self._scheduler.remove_expired(now),), now)
        self._send(now, inline=inline)
        self._log.on_spool(self._spool, now)
        self._serve_flushes(now, is_drained=not again)
        self._log.rows_dropped(self._queue.take_refusals(), now)
        self._statuses.apply_updates()
        if again:
            return 0.0
        due_at = min(
            self._poller.timer.due_at,
            self._scheduler.due_at(),
            self._flushes.deadline(),
            self._log.due_at(),
        )
        return due_at - self._clock()

    def _send(self, now: float, *, inline: bool) -> None:
        request = self._scheduler.next_request(now)
        if request is None:
            return
        if isinstance(request, BulkInsert):
            lost = tuple(self._spool.mark_unconfirmed(request.batch.rows, now))
            if lost:
                self._scheduler.withdraw(request, lost, now)
                self._dispatcher.dispatch(
                    (Outcome("spooled", lost, "taken over by another process"),), now
                )
                return
        timeout = self._limits.request_timeout
        if inline:
            timeout = max(0.0, min(timeout, self._flushes.deadline() - now))
        self._sender.submit(request, timeout, inline=inline)

    # -- rows come in ----------------------------------------------------------------------------

    def _absorb(self, now: float) -> None:
        """Move accepted rows to the disk, where the level is `durable`, and to the buffer."""
        rows = self._queue.take_arrivals()
        self._spool.append(rows, now)
        self._dispatcher.dispatch((*self._scheduler.add(rows), *self._queue.take_overflow()), now)

    # -- the end ---------------------------------------------------------------------------------

    def _serve_flushes(self, now: float, *, is_drained: bool) -> None:
        if is_drained and self._flushes.on_sources_empty(self._scheduler.rows):
            self._scheduler.flush_up_to(self._queue.latest)
        idle_until = now if self._scheduler.is_waiting else self._scheduler.due_at()
        self._flushes.finish(
            now,
            idle_until,
            rows_on_disk=self._spool.loadable > 0,
            all_on_disk=self._spool.has_every_row,
        )

    def _give_up(self, reason: str) -> None:
        now = self._clock()
        self._absorb(now)
        outcomes = self._dispatcher.dispatch(self._scheduler.give_up(), now)
        spooled = sum(len(one.rows) for one in outcomes if one.kind == "spooled")
        lost = sum(len(one.rows) for one in outcomes) - spooled
        self._log.rows_dropped(self._queue.take_refusals(), now)
        self._log.left_at_end(lost, reason, spooled, self._spool.place)
        self._spool.close()
        self._flushes.finish(now=float("inf"), idle_until=float("inf"))
