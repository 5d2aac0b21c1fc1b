"""What a worker owns in one process, and one step of its loop, which `worker_thread.py` runs.

A step reads messages, polls the sources, sends what `Scheduler` decides, and acts on the outcomes
of rows. Messages are what other threads tell the worker: wake-ups, flushes, the responses to
requests. It starts no thread: the worker's thread runs it, or a caller that does its work.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Literal, TypeAlias

from respan_langchain._clock import CLOCK, NEVER
from respan_langchain.delivery.batch import Batch, SenderResponse
from respan_langchain.delivery.flush import FlushRequest, PendingFlushes
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import Forgotten, RowOutcome, dropped, update_statuses
from respan_langchain.delivery.polling import SourcePoller
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.reporting import DeliveryLogger
from respan_langchain.delivery.row import RowFilter
from respan_langchain.delivery.scheduler import Scheduler
from respan_langchain.delivery.sender import DeliveryTransport, SenderThread
from respan_langchain.delivery.spool.base import Spool
from respan_langchain.delivery.status import StatusRegistry

WAKE: Final = "wake"
Message: TypeAlias = SenderResponse | FlushRequest | Literal["wake"]


class WorkerState:
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
        self._clock = clock
        self.spool = spool
        self.messages: SimpleQueue[Message] = SimpleQueue()
        """In their order; leaving one takes no lock that interrupted code could hold."""
        self.statuses = StatusRegistry()
        """The counts of every handler that is not deleted."""
        self.statuses.add(spool.adopted)
        self.queue = DeliveryQueue(limits, self.statuses, spills=spool.takes_overflow)
        self.scheduler = Scheduler(limits, self.queue.buffer, random)
        self._new_sender = partial(SenderThread, open_transport, self.messages.put)
        self.sender = self._new_sender()
        """The present one, since a thread that has ended cannot be started again."""
        self._flushes = PendingFlushes()
        self.log = DeliveryLogger(limits)
        # Held while anything changes, but not while sources are polled: they run the app's
        # redaction, and the exit of the process must not depend on that.
        self._state_lock = threading.RLock()
        self._stop_reason: str | None = None

    # -- for other threads -----------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits: no message, no caller, and no row that could be sent."""
        waits = self._flushes or self.spool.loadable or not self.messages.empty()
        return self.queue.is_empty and not waits

    def release(self) -> None:
        """Close the connections and the spool file; they are opened again when needed."""
        with self._state_lock:
            self.log_unlogged()
            self.spool.close()
            self.sender, ended = self._new_sender(), self.sender
        ended.close()

    def log_unlogged(self) -> None:
        """Log every row whose line was held back, and after `stop` events that came too late.

        Waits for no step that is under way: that step logs them.
        """
        if self._state_lock.acquire(blocking=False):
            try:
                self.log.rows_dropped(self.queue.take_refusals(), float("inf"))
                if self._stop_reason is not None:
                    self.log.unread_events(self._poller.unread)
            finally:
                self._state_lock.release()

    @property
    def last_error(self) -> str | None:
        """Why rows cannot be delivered now; None while they can."""
        spool_error = self.spool.last_error
        return self.scheduler.pacer.last_error or (spool_error and f"spool: {spool_error}")

    def stop(self, reason: str, timeout: float) -> None:
        """Put rows that are left on disk, or count them as dropped; rows that come later, too.

        Where a disk hangs for longer than `timeout`, that is logged.
        """
        self._stop_reason = reason
        self.queue.closed = True
        self.log.unread_events(self._poller.unread)
        if self._state_lock.acquire(timeout=timeout):
            try:
                self._give_up(reason)
            finally:
                self._state_lock.release()
        else:
            self.log.left_at_end(self.statuses.counts().pending, reason)

    def give_up_feedback(self) -> None:
        """Give up feedback whose row the platform did not show so far, unless it is on disk."""
        if self.spool.has_every_row:
            return
        with self._state_lock:
            rows = self.scheduler.feedback.remove(lambda _: True)
            self._dispatch((dropped(rows, "no_row"),), self._clock())

    def forget(self, chosen: RowFilter) -> Forgotten:
        """Drop the chosen rows that are certainly not stored, on any thread but a source's."""
        with self._state_lock:
            now = self._clock()
            self._move_arrivals(now)
            waiting, sent = self.scheduler.forget(chosen)
            self._dispatch((waiting,), now)
            lost, on_disk = self.spool.forget(chosen, now)
            self._dispatch(lost, now)
            return Forgotten(memory=len(waiting.rows), disk=on_disk, sent=sent)

    # -- one step --------------------------------------------------------------------------------

    def take_message(self, timeout: float | None = 0.0) -> Message | None:
        """Remove the next message, or wait for one; None when none arrives in time."""
        try:
            return self.messages.get(timeout=timeout)
        except Empty:
            return None

    def step(self, message: Message | None, *, inline: bool = False) -> float:
        """Do everything that can be done now; return the seconds until there may be more."""
        with self._state_lock:
            self._read(message)
        now = self._clock()
        rows, again = ([], False) if self._stop_reason is not None else self._poller.poll(now)
        with self._state_lock:
            self.queue.put(rows, now, may_evict=True)
            if self._stop_reason is not None:
                self._give_up(self._stop_reason)
                return NEVER
            return self._act(now, again=again, inline=inline)

    def _read(self, message: Message | None) -> None:
        while message is not None:
            self._read_one(message)
            message = self.take_message()

    def _read_one(self, message: Message) -> None:
        now = self._clock()
        match message:
            case "wake":
                self._poller.wake(now)
            case FlushRequest() if self._stop_reason is not None:
                message.finish()
            case FlushRequest():
                self._flushes.append(message)
                self._poller.flush()
            case _ if self._stop_reason is None:
                outcomes = self.scheduler.apply(message, now, CLOCK.time())
                self.log.pending = len(self.scheduler.list_rows())
                self._dispatch(outcomes, now)
            case _:
                pass  # a response after `stop`, when every row has its final state

    def _act(self, now: float, *, again: bool, inline: bool) -> float:
        """Do what is due once the sources are polled; return the seconds until more is due."""
        self._dispatch(self.spool.maintain(now), now)
        self._move_arrivals(now)
        loaded = self._load(now)
        self._dispatch(loaded, now)
        again = bool(loaded) or again
        self._dispatch((self.scheduler.remove_expired(now),), now)
        self._send(now, inline=inline)
        self.log.on_spool(self.spool, now)
        self._serve_flushes(now, is_drained=not again)
        self.log.rows_dropped(self.queue.take_refusals(), now)
        self.statuses.apply_updates()
        if again:
            return 0.0
        due_at = min(
            self._poller.due_at,
            self.scheduler.due_at(),
            self._flushes.deadline(),
            self.log.due_at(),
        )
        return due_at - self._clock()

    def _send(self, now: float, *, inline: bool) -> None:
        request = self.scheduler.next_request(now)
        if request is None:
            return
        if isinstance(request, Batch):
            lost = tuple(self.spool.mark_unconfirmed(request.rows, now))
            if lost:
                self.scheduler.withdraw(request, lost, now)
                self._dispatch((RowOutcome("spooled", lost, "taken over by another process"),), now)
                return
        timeout = self._limits.request_timeout
        if inline:
            timeout = max(0.0, min(timeout, self._flushes.deadline() - now))
        self.sender.submit(request, timeout, inline=inline)

    # -- rows come in ----------------------------------------------------------------------------

    def _move_arrivals(self, now: float) -> None:
        """Move accepted rows to the disk, where the level is `durable`, and to the buffer."""
        rows = self.queue.take_arrivals()
        self.spool.append(rows, now)
        self._dispatch((*self.scheduler.add(rows), *self.queue.take_overflow()), now)

    def _load(self, now: float) -> tuple[RowOutcome, ...]:
        """Bring rows back from disk while delivery works and the queue has capacity.

        Those that may have been sent are looked up. Returns what happened to waiting rows by that;
        empty if no row was loaded.
        """
        max_rows, max_bytes = self.queue.capacity_for_loaded
        if not self.spool.loadable or max_rows <= 0 or max_bytes <= 0:
            return ()
        if self.scheduler.pacer.last_error is not None and self.scheduler.list_rows():
            return ()
        accept = partial(self.queue.put_loaded, now=now)
        max_rows = min(max_rows, self._limits.batch_rows)
        loaded = self.spool.load(accept, max_rows, max_bytes, now)
        sent = {row for row, is_sent in loaded.items() if is_sent and not row.encoded.is_feedback}
        self.scheduler.add_unconfirmed([row for row in loaded if row in sent], now)
        if self._flushes.on_loaded(loaded):
            self.scheduler.flush_up_to(self.queue.latest)
        return self.scheduler.add([row for row in loaded if row not in sent]) if loaded else ()

    # -- what happened to rows -------------------------------------------------------------------

    def _dispatch(self, outcomes: Sequence[RowOutcome], now: float) -> tuple[RowOutcome, ...]:
        """Act on outcomes, after the spool has saved rows that would be lost; return these."""
        given = tuple(one for one in outcomes if one.rows or one.is_about_delivery)
        if not given:
            return ()
        saved = self.spool.on_outcomes(given, now)
        update_statuses(saved)
        self.queue.on_outcomes(saved)
        self._flushes.on_outcomes(saved)
        self.log.on_outcomes(saved, now)
        return saved

    # -- the end ---------------------------------------------------------------------------------

    def _serve_flushes(self, now: float, *, is_drained: bool) -> None:
        is_asked = is_drained and bool(self._flushes)
        if is_asked and self._flushes.on_sources_empty(self.scheduler.list_rows()):
            self.scheduler.flush_up_to(self.queue.latest)
        idle_until = now if self.scheduler.is_waiting else self.scheduler.due_at()
        self._flushes.finish(
            now,
            idle_until,
            rows_on_disk=self.spool.loadable > 0,
            all_on_disk=self.spool.has_every_row,
        )

    def _give_up(self, reason: str) -> None:
        now = self._clock()
        self._move_arrivals(now)
        outcomes = self._dispatch(self.scheduler.give_up(), now)
        spooled = sum(len(one.rows) for one in outcomes if one.kind == "spooled")
        lost = sum(len(one.rows) for one in outcomes) - spooled
        self.log.rows_dropped(self.queue.take_refusals(), now)
        self.log.left_at_end(lost, reason, spooled, self.spool.place)
        self.spool.close()
        self._flushes.finish(now=float("inf"), idle_until=float("inf"))
