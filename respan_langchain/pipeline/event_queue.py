"""Between the app's threads and the worker's: events are written down here, and read later.

The app's thread appends a tuple and goes on. The worker's thread takes the tuples in order, keeps
the table of runs, and makes records of what finished. Should the worker fall behind, the app's
threads lend a hand with small events, which slows them to the pace that can be kept; large ones are
never shaped there.

What an event is stands in `tracing/events.py`.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from uuid import UUID

from respan_langchain._error_counter import ErrorCounter
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.worker import Worker
from respan_langchain.pipeline.backpressure import BEHIND, HELP, SMALL, SMALL_EVENT, Backpressure
from respan_langchain.pipeline.row_builder import RowBuilder
from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.events import Event, estimate_event_size
from respan_langchain.tracing.size_estimate import estimate_size
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.tracker import RunTracker


class EventQueue:
    """One handler's notebook, and the source of its worker's parcels."""

    def __init__(
        self,
        row_builder: RowBuilder,
        worker: Worker,
        timeouts: TraceTimeouts,
        *,
        max_waiting_bytes: int,
        errors: ErrorCounter,
    ) -> None:
        self._row_builder = row_builder
        self._worker = worker
        self._timeouts = timeouts
        self.backpressure = Backpressure(max_waiting_bytes)
        self.events: deque[Event] = deque()
        """What waits to be read; one and the same deque for as long as the recorder lives."""
        self.waiting_bytes = 0
        """An estimate of the content that the waiting events hold.

        Exact bounds are kept once rows are encoded.
        """
        self.wants_chains = "chain" in row_builder.policy.capture
        """Whether chains that are not roots become rows, so that what is in them matters."""
        self.stopped = False
        """Whether nothing more is written down."""
        self.awaiting_first_token: dict[int, None] = {}
        """Model runs that have not said anything yet, by the number of their id.

        Hashing a UUID costs three times that.
        """
        self.inner_roots: dict[int, bool] = {}
        """Roots that are open below a run which this handler was never told of, likewise."""
        self.errors = errors
        self.record_error = self.errors.add
        self._tracker = RunTracker(timeouts, wants_chains=self.wants_chains)
        self._closing = False
        self._ready: list[EncodedRow] = []
        self._in_view = 0
        """Events of the worker's present look that are not read yet."""
        # Held while events are read. Who helps and finds it taken leaves the work to its holder.
        # What calls us while we read (a listener, a signal handler, a collected stream) must not
        # wait for its own thread.
        self._reading = threading.RLock()
        self._reader: int | None = None
        worker.attach(self)

    # The app's side

    def put(self, event: Event) -> None:
        """Write an event down; `event[0]` is its size in bytes, None if it was not weighed."""
        if self.stopped:
            if event[1] == "start":
                self.awaiting_first_token.pop(event[3].int, None)
                self.inner_roots.pop(event[3].int, None)
            return
        events = self.events
        events.append(event)
        if event[0]:
            self.waiting_bytes += event[0]
        if self._worker.idle:
            self._worker.wake()
        elif len(events) > self.backpressure.behind:
            self._help()

    def put_and_process(self, event: Event) -> None:
        """Write an event down and read it at once, for apps that change nested state in place."""
        self.put(event)
        self.process_pending()

    def stop(self) -> None:
        """Write nothing more down; the worker closes what is open."""
        self.stopped = True
        self.close_open()
        if self.events or self.open_runs:
            self._worker.wake()

    def deep_copy(self, value: object) -> object:
        """Content as it is at this moment, all the way down."""
        return json_value(value, keep_media=self._row_builder.shape.keep_media)

    @property
    def is_full(self) -> bool:
        """Whether content has to be left out, since too much of it waits already."""
        waiting = self.waiting_bytes + len(self.events) * SMALL_EVENT
        if waiting > self.backpressure.free_bytes:
            # It was for as long as the worker did not look; what was delivered since makes room.
            self.backpressure.refresh(self._worker.held_bytes)
        return waiting > self.backpressure.free_bytes

    def process_pending(self) -> None:
        """Read everything that is written, on this thread."""
        if self.is_draining_thread:
            return  # a signal handler or `__del__` came in between: whom it interrupted goes on
        with self._reading, self._as_reader():
            while self.events:
                self._read(self.backpressure.slice)
            ready = self._hand_out()
        self._worker.put(*ready)

    def is_root(self, run_id: UUID) -> bool:
        """Whether this is an open root, everything considered that was written until now."""
        self.process_pending()
        run = self._tracker.find(run_id)
        return run is not None and run.is_root

    @property
    def is_draining_thread(self) -> bool:
        """Whether this thread reads, further up: what it waits for would wait for it."""
        return self._reader == get_ident()

    @property
    def open_runs(self) -> int:
        """Runs that have started and not ended, as far as events have been read."""
        return len(self._tracker)

    # The worker's side: a Source

    def take(self, now: float) -> Sequence[EncodedRow]:
        """Read a slice of the events and give what became ready.

        A look ends with what had been written when it began: a worker that ran after an app that
        never waits would never rest, and slow it down all the time.
        """
        with self._reading, self._as_reader():
            if self._in_view <= 0:
                self._in_view = len(self.events)
            read = min(self.backpressure.slice, len(self.events))
            self._in_view -= read
            self._read(read)
            if not self.events:
                self._in_view = 0
                self.waiting_bytes = 0
            if self._in_view <= 0:
                self._end_look(now)
            ready = self._hand_out()
            if ready:
                self.backpressure.update_estimate(sum(len(parcel.body) for parcel in ready), read)
            self.backpressure.refresh(self._worker.held_bytes)
            return ready

    def due_in(self, now: float) -> float | None:
        """Seconds until a trace has waited long enough; none while a look goes on."""
        waiting = len(self.events)
        if waiting and (self._in_view > 0 or waiting > BEHIND):
            return 0.0
        if self._closing and self.open_runs:
            return 0.0
        return self._tracker.due_in(now)

    def settle_open(self) -> None:
        """Close the traces whose root has ended, whatever is open under them."""
        with self._reading, self._as_reader():
            while self.events:
                self._read(self.backpressure.slice)
            self._tracker.close_ended(time.monotonic())
            self._shape_finished()

    def close_open(self) -> None:
        """Have all that is open closed when it is next asked, as if nothing more would come."""
        self._closing = True

    def after_fork(self) -> None:
        """Forget, in a child process, what is its parent's to deliver."""
        self.events.clear()
        self._tracker = RunTracker(self._timeouts, wants_chains=self.wants_chains)
        self._ready = []
        self._reading, self._reader = threading.RLock(), None
        self.waiting_bytes = 0
        self._in_view = 0
        self._closing = self.stopped
        self.awaiting_first_token.clear()
        self.inner_roots.clear()

    # Inside

    def _help(self) -> None:
        now, waiting = time.monotonic(), len(self.events)
        if self.is_draining_thread or not self.backpressure.wants_help(now, waiting):
            return
        if not self._reading.acquire(timeout=self.backpressure.wait_budget(now, waiting)):
            return
        try:
            with self._as_reader():
                self._read(HELP, helping=True)
                ready = self._hand_out()
        finally:
            self._reading.release()
        self.backpressure.after_drain(now, len(self.events))
        self._worker.put(*ready)

    @contextmanager
    def _as_reader(self) -> Iterator[None]:
        """Remember whose thread it is, for what calls us while we read: redaction, a listener."""
        self._reader = get_ident()
        try:
            yield
        finally:
            self._reader = None

    def _end_look(self, now: float) -> None:
        """Close what waited long enough: judged by what is read, which may end before now."""
        if self.events:
            self._tracker.expire(self.events[0][2])
        elif self._closing:
            self._closing = self.stopped  # for ever, once nothing more is written down
            self._tracker.close_all(now)
        else:
            self._tracker.expire(now)
        self._shape_finished()

    def _hand_out(self) -> list[EncodedRow]:
        ready, self._ready = self._ready, []
        return ready

    def _read(self, most: int, *, helping: bool = False) -> None:
        """Read so many events; who helps, up to one that is large."""
        events, tracker = self.events, self._tracker
        for _ in range(min(most, len(events))):
            if helping and self._is_large(events[0]):
                break
            event = events.popleft()
            if event[0]:
                self.waiting_bytes -= event[0]
            try:
                getattr(tracker, event[1])(*event[2:])
            except Exception as problem:  # noqa: BLE001  # one event must not cost the others
                self.record_error(problem)
        self._shape_finished()
        self.backpressure.read_at = time.monotonic()

    def _is_large(self, event: Event) -> bool:
        """Whether much may have to be made into rows once this event is read."""
        size = estimate_event_size(event)
        if event[1] in ("end", "error"):
            run = self._tracker.find(event[3])
            if run is not None and run.is_root and run.trace.deferred_runs:
                return True  # all that waited to know whether the trace is kept
            if run is not None and (run.is_root or run.kind != "chain" or self.wants_chains):
                size += estimate_size(run.inputs)  # not those of a step, of which no row is made
        return size > SMALL

    def _shape_finished(self) -> None:
        finished = self._tracker.take_finished()
        if not finished:
            return
        for run in finished:
            self.awaiting_first_token.pop(run.id.int, None)
            if self.inner_roots:
                self.inner_roots.pop(run.id.int, None)
        try:
            self._ready += self._row_builder.build(finished, self.record_error)
        except BaseException as interruption:
            # Ctrl-C, on a thread of the app's that helped.
            for _ in finished:
                self.record_error(interruption)
            raise
