"""Drains the event queue: decides which thread applies events, how many, and when.

The worker calls `take`, which processes one slice of the events. The app's threads call
`process_pending`; where the worker falls behind, they also drain inline, but only small events:
large rows are built on the worker's thread. One thread drains at a time. What an event changes is
decided by `TraceAssembler`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Literal
from uuid import UUID

from respan_langchain._clock import CLOCK
from respan_langchain.client.subject import Subject
from respan_langchain.delivery.limits import MemoryBudget
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.worker import Worker
from respan_langchain.pipeline.backpressure import (
    INLINE_EVENTS,
    INLINE_FROM,
    INLINE_MAX_BYTES,
    Backpressure,
)
from respan_langchain.pipeline.callback_state import CallbackState
from respan_langchain.pipeline.event_queue import EventQueue, copy_shallow
from respan_langchain.pipeline.trace_assembler import TraceAssembler
from respan_langchain.tracing.events import Event
from respan_langchain.tracing.run import Run


class EventProcessor:
    """One handler's pipeline, and its worker's source of rows."""

    def __init__(
        self,
        assembler: TraceAssembler,
        worker: Worker,
        budget: MemoryBudget,
        *,
        copy: Literal["shallow", "deep"],
    ) -> None:
        """Start nothing; `Worker.attach` makes it a source of rows.

        With `copy="deep"` every event is processed on the app's thread, before its callback
        returns, for apps that change nested state in place.
        """
        self.assembler = assembler
        self._worker = worker
        self._processes_at_once = copy == "deep"
        self._backpressure = Backpressure(
            budget, inline_from=0 if self._processes_at_once else INLINE_FROM
        )
        self.callback_state = CallbackState()
        self.events = EventQueue(
            worker,
            self._backpressure,
            self.callback_state,
            copy=assembler.copy_deep if self._processes_at_once else copy_shallow,
            drain_inline=self._drain_inline,
        )
        self.is_stopped = False
        """Whether no further events are accepted."""
        self._reset()

    def _reset(self) -> None:
        self._left_in_pass = 0
        """Events of the worker's current pass that are not drained."""
        self._closes_open_runs = self.is_stopped
        # Reentrant: user code that runs while this thread drains (redaction, `on_row`, a signal
        # handler, `__del__`) may call back here, and must not wait for its own thread.
        self._lock = threading.RLock()
        self._draining_thread: int | None = None

    # On the app's threads

    def process_pending(self) -> None:
        """Process every queued event on this thread."""
        if self.is_draining_thread:
            return  # called by user code inside a drain, which continues afterwards
        with self._draining():
            self._process_all()
            rows = self.assembler.take_rows()
        self._worker.put(*rows)

    def is_open_root(self, run_id: UUID) -> bool:
        """Whether a run is an open root, after all queued events are processed."""
        self.process_pending()
        run = self.assembler.find(run_id)
        return run is not None and run.is_root

    def forget_open_traces(self, subject: Subject) -> int:
        """Have the subject's open traces give no rows; return how many there are."""
        self.process_pending()
        with self._draining():
            return self.assembler.forget_open_traces(subject)

    def stop(self) -> None:
        """Accept no further events; the worker closes what is open."""
        self.is_stopped = True
        self.events.close()
        self.close_all()
        if self.events or self.assembler.open_runs:
            self._worker.wake()

    @property
    def is_draining_thread(self) -> bool:
        """Whether this thread drains now, further up its stack, so that it cannot wait for rows."""
        return self._draining_thread == get_ident()

    # On the worker's thread: a source of rows

    def take(self, now: float) -> Sequence[EncodedRow]:
        """Process a slice of the events and return the rows that are ready.

        A pass ends with the events that were queued when it began. Otherwise the worker would never
        pause behind an app that never waits, and would slow it down all the time.
        """
        with self._draining():
            if self._left_in_pass <= 0:
                self._left_in_pass = len(self.events)
            count = min(self._backpressure.slice, len(self.events))
            self._left_in_pass -= count
            self._process(count)
            if not self.events:
                self._left_in_pass = 0
            if self._left_in_pass <= 0:
                self._end_pass(now)
            rows = self.assembler.take_rows()
            if rows:
                self._backpressure.update_estimate(sum(len(row.body) for row in rows), count)
            self._backpressure.refresh(
                self._worker.queue.bytes_in_memory, open_bytes=self.assembler.open_bytes
            )
            return rows

    def due_in(self, now: float) -> float | None:
        """Return the seconds until `take` has work; None for never, 0 while a pass goes on."""
        queued = len(self.events)
        if queued and (self._left_in_pass > 0 or queued > INLINE_FROM):
            return 0.0
        if self._closes_open_runs and self.assembler.open_runs:
            return 0.0
        return self.assembler.due_in(now)

    def close_ended(self) -> None:
        """Process every event and close the traces whose root has ended."""
        with self._draining():
            self._process_all()
            self._clear_callback_state(self.assembler.close_ended(CLOCK.monotonic()))

    def close_all(self) -> None:
        """Close all open runs when `take` is called next, as if no event would follow."""
        self._closes_open_runs = True

    def after_fork(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self.events.clear()
        self.callback_state.clear()
        self.assembler.after_fork()
        self._reset()

    @contextmanager
    def _draining(self) -> Iterator[None]:
        """Wait to be the one thread that drains, and mark this thread as it."""
        with self._lock:
            outer, self._draining_thread = self._draining_thread, get_ident()
            try:
                yield
            finally:
                self._draining_thread = outer

    def _drain_inline(self) -> None:
        """Process events on the app's thread, where the worker is behind."""
        if self._processes_at_once:
            self.process_pending()
            return
        now, queued = CLOCK.monotonic(), len(self.events)
        if self.is_draining_thread or not self._backpressure.should_drain_inline(now, queued):
            return
        if not self._lock.acquire(timeout=self._backpressure.wait_budget(now, queued)):
            return
        try:
            with self._draining():
                self._process(INLINE_EVENTS, stop_before=self._is_for_worker)
                rows = self.assembler.take_rows()
        finally:
            self._lock.release()
        self._backpressure.after_drain(now, len(self.events))
        self._worker.put(*rows)

    def _process_all(self) -> None:
        while self.events:
            self._process(self._backpressure.slice)

    def _process(self, limit: int, stop_before: Callable[[Event], bool] | None = None) -> None:
        """Apply up to `limit` events, and build the rows of the runs that finished."""
        finished = self.assembler.apply_events(self.events.drain(limit, stop_before))
        self._clear_callback_state(finished)
        self._backpressure.drained_at = CLOCK.monotonic()

    def _is_for_worker(self, event: Event) -> bool:
        return self.assembler.estimate_work(event) > INLINE_MAX_BYTES

    def _end_pass(self, now: float) -> None:
        """Close traces that have timed out at the time of the events that are processed."""
        oldest = self.events.oldest_at()
        if oldest is None and self._closes_open_runs:
            self._closes_open_runs = self.is_stopped
            self._clear_callback_state(self.assembler.close_all(now))
        else:
            self._clear_callback_state(self.assembler.expire(now if oldest is None else oldest))

    def _clear_callback_state(self, finished: Iterable[Run]) -> None:
        """Remove what callbacks remember of runs that finished."""
        for run in finished:
            self.callback_state.discard(run.id)
