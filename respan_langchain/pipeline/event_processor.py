"""Drains the event queue: applies events to the run tracker, and builds rows of finished runs.

The worker calls `take`, which processes one slice of the events. The app's threads call
`process_pending`; where the worker falls behind, they also drain inline, but only small events:
large rows are built on the worker's thread. One thread drains at a time.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Literal
from uuid import UUID

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.memory_budget import MemoryBudget
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.worker import Worker
from respan_langchain.pipeline.backpressure import (
    INLINE_EVENTS,
    INLINE_FROM,
    INLINE_MAX_BYTES,
    Backpressure,
)
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.pipeline.event_queue import EventQueue, copy_shallow
from respan_langchain.pipeline.open_content import OpenContent
from respan_langchain.pipeline.row_builder import BuildsRows, RowBuilder
from respan_langchain.pipeline.run_feedback import RunFeedback
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.stats import RuleCounts
from respan_langchain.tracing.events import END, ERROR, RESUME, START, Event, event_size
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.size_estimate import estimate_size
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.tracker import RunTracker
from respan_langchain.tracing.waiting import WaitingTraces


class EventProcessor:
    """One handler's pipeline, and its worker's source of rows."""

    def __init__(
        self,
        row_builder: RowBuilder,
        worker: Worker,
        timeouts: TraceTimeouts,
        waiting: WaitingTraces,
        builder: BuildsRows,
        feedback: RunFeedback,
        errors: ErrorCounter,
        *,
        budget: MemoryBudget,
        copy: Literal["shallow", "deep"],
    ) -> None:
        """Start nothing; `Worker.attach` makes it a source of rows.

        With `copy="deep"` every event is processed on the app's thread, before its callback
        returns, for apps that change nested state in place.
        """
        self._row_builder = row_builder
        self._worker = worker
        self._timeouts = timeouts
        self._waiting = waiting
        self._builder = builder
        self.feedback = feedback
        self._processes_at_once = copy == "deep"
        self.errors = errors
        self.captures_chains = "chain" in row_builder.policy.capture
        """Whether chains that are not roots become rows, so that their content matters."""
        self._backpressure = Backpressure(
            budget, inline_from=0 if self._processes_at_once else INLINE_FROM
        )
        self.events = EventQueue(
            worker,
            self._backpressure,
            copy=self._copy_deep if self._processes_at_once else copy_shallow,
            drain_inline=self._drain_inline,
        )
        self._max_open_bytes = budget.open_runs
        self.is_stopped = False
        """Whether no further events are accepted."""
        self._reset()

    def _reset(self) -> None:
        self._tracker = RunTracker(self._timeouts, self._waiting, wants_chains=self.captures_chains)
        self._open_content = OpenContent(self._max_open_bytes)
        self._rows: list[EncodedRow] = []
        """Rows that were built and not returned yet."""
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
            rows = self._take_rows()
        self._worker.put(*rows)

    def is_open_root(self, run_id: UUID) -> bool:
        """Whether a run is an open root, after all queued events are processed."""
        self.process_pending()
        run = self._tracker.find(run_id)
        return run is not None and run.is_root

    def stop(self) -> None:
        """Accept no further events; the worker closes what is open."""
        self.is_stopped = True
        self.events.close()
        self.close_open()
        if self.events or self.open_runs:
            self._worker.wake()

    @property
    def is_draining_thread(self) -> bool:
        """Whether this thread drains now, further up its stack, so that it cannot wait for rows."""
        return self._draining_thread == get_ident()

    @property
    def open_runs(self) -> int:
        """Runs that started and have not ended, in the events that are processed."""
        return len(self._tracker)

    @property
    def rule_counts(self) -> Mapping[str, RuleCounts]:
        """What each rule did."""
        return self._row_builder.selector.counts

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
            rows = self._take_rows()
            if rows:
                self._backpressure.update_estimate(sum(len(row.body) for row in rows), count)
            self._backpressure.refresh(
                self._worker.bytes_in_memory, open_bytes=self._open_content.total_bytes
            )
            return rows

    def due_in(self, now: float) -> float | None:
        """Seconds until `take` has something to do; None for never, 0 while a pass goes on."""
        queued = len(self.events)
        if queued and (self._left_in_pass > 0 or queued > INLINE_FROM):
            return 0.0
        if self._closes_open_runs and self.open_runs:
            return 0.0
        return self._tracker.due_in(now)

    def settle_open(self) -> None:
        """Process every event and close the traces whose root has ended."""
        with self._draining():
            self._process_all()
            self._tracker.close_ended(CLOCK.monotonic())
            self._build_rows()

    def close_open(self) -> None:
        """Close all open runs when `take` is called next, as if no event would follow."""
        self._closes_open_runs = True

    def after_fork(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self.events.clear()
        self._waiting.clear()
        self._row_builder.selector.after_fork()
        self.feedback.clear()
        self._reset()

    def _copy_deep(self, value: object) -> Json:
        return json_value(value, keep_media=self._row_builder.options.keep_media)

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
                rows = self._take_rows()
        finally:
            self._lock.release()
        self._backpressure.after_drain(now, len(self.events))
        self._worker.put(*rows)

    def _process_all(self) -> None:
        while self.events:
            self._process(self._backpressure.slice)

    def _process(self, limit: int, stop_before: Callable[[Event], bool] | None = None) -> None:
        """Apply up to `limit` events, and build the rows of the runs that finished."""
        self.errors.map(self._apply, self.events.drain(limit, stop_before))
        self._build_rows()
        self._backpressure.drained_at = CLOCK.monotonic()

    def _apply(self, event: Event) -> None:
        if self.feedback.add(event, self._tracker):
            return
        kind, _, _, run_id, content, _ = event
        ended = self._tracker.find(run_id) if kind in (END, ERROR) else None
        self._tracker.apply(event)
        if kind == START and (started := self._tracker.find(run_id)) is not None:
            self._open_content.add_start(started, becomes_row=self._becomes_row(started))
        if ended is not None and content is not None and ended.trace.last_output is content:
            self._open_content.add_last_output(ended.trace)

    def _becomes_row(self, run: Run) -> bool:
        return run.is_root or run.kind != "chain" or self.captures_chains

    def _is_for_worker(self, event: Event) -> bool:
        """Whether this event may need large rows to be built, or a request to a fleet's store."""
        kind, _, _, run_id, _, _ = event
        if kind == RESUME:
            return True
        size = event_size(event)
        if kind in (END, ERROR):
            run = self._tracker.find(run_id)
            if run is not None and run.is_root:
                trace = run.trace
                # All its rows waited for the sampling decision, or it is interrupted.
                if trace.deferred_runs or trace.checkpoint_id is not None:
                    return True
            if run is not None and self._becomes_row(run):
                size += estimate_size(run.inputs)  # no row is built of other chains
        return size > INLINE_MAX_BYTES

    def _end_pass(self, now: float) -> None:
        """Close traces that have timed out at the time of the events that are processed."""
        oldest = self.events.oldest_at()
        if oldest is not None:
            self._tracker.expire(oldest)
        elif self._closes_open_runs:
            self._closes_open_runs = self.is_stopped
            self._tracker.close_all(now)
        else:
            self._tracker.expire(now)
        self._build_rows()

    def _build_rows(self) -> None:
        finished = self._tracker.take_finished()
        closed = set(self._tracker.take_closed())
        for run in finished:
            self.events.forget(run.id)
            self._open_content.remove(run)
        for trace in closed:
            self._open_content.close(trace)
        of_open = [(run, run.trace) for run in finished if run.trace not in closed]
        try:
            self._rows += self._builder.build(finished, self.errors)
        except BaseException as interruption:
            # Ctrl-C interrupted an app's thread that drains.
            for _ in finished:
                self.errors.add(interruption)
            raise
        self._rows += self.feedback.take_ready(finished, self.errors)
        for run, trace in of_open:
            self._open_content.add_finished(run, trace)

    def _take_rows(self) -> list[EncodedRow]:
        rows, self._rows = self._rows, []
        return rows
