"""Assembles traces from events, within their share of memory, and builds the rows of their runs.

Knows no threads: `EventProcessor` decides which thread calls it, one at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from uuid import UUID

from respan_langchain.client.subject import Subject
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.pipeline.open_content import OpenContent
from respan_langchain.pipeline.row_builder import RowBuilder
from respan_langchain.pipeline.run_feedback import RunFeedback
from respan_langchain.rules.decision import NOT_KEPT
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.events import END, ERROR, FEEDBACK, RESUME, Event, event_size
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.size_estimate import estimate_size
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.tracker import RunTracker
from respan_langchain.tracing.waiting import WaitingTraces


class TraceAssembler:
    """The open traces of one handler, and the rows that are built of them."""

    def __init__(
        self,
        row_builder: RowBuilder,
        timeouts: TraceTimeouts,
        waiting: WaitingTraces,
        build_rows: Callable[[Sequence[Run]], list[EncodedRow]],
        feedback: RunFeedback,
        *,
        max_open_bytes: int,
    ) -> None:
        """Hold at most `max_open_bytes` of content in open traces.

        `build_rows` is that of `row_builder`, or that of `SharedTraces`, which calls it.
        """
        self._row_builder = row_builder
        self.selector = row_builder.selector
        self._timeouts = timeouts
        self._waiting = waiting
        self._build_rows = build_rows
        self.feedback = feedback
        self.errors = row_builder.errors
        self._max_open_bytes = max_open_bytes
        self.captures_chains = "chain" in row_builder.policy.capture
        """Whether chains that are not roots become rows, so that their content matters."""
        self._reset()

    def _reset(self) -> None:
        self._tracker = RunTracker(self._timeouts, self._waiting, wants_chains=self.captures_chains)
        self._open_content = OpenContent(self._max_open_bytes)
        self._rows: list[EncodedRow] = []
        """Rows that were built and not taken yet."""

    @property
    def open_runs(self) -> int:
        """Runs that started and have not ended, in the events that are applied."""
        return len(self._tracker)

    @property
    def open_bytes(self) -> int:
        """Estimated content that open traces hold."""
        return self._open_content.total_bytes

    def find(self, run_id: UUID) -> Run | None:
        """Return an open run; None when there is none of this id."""
        return self._tracker.find(run_id)

    def forget_open_traces(self, subject: Subject) -> int:
        """Have the subject's open traces give no rows, and drop those that wait to be resumed.

        Return how many there were.
        """

        def is_chosen(trace: Trace) -> bool:
            return subject.matches(self._row_builder.describe_root(trace.root))

        kept = [
            trace for trace in self._tracker.open_traces if trace.sampling_decision is not NOT_KEPT
        ]
        chosen = list(filter(is_chosen, kept))
        for trace in chosen:
            self.selector.discard(trace)
        return len(chosen) + self._waiting.remove(is_chosen)

    def copy_deep(self, content: object) -> Json:
        """Copy what an app gave or received, as it is shown in a row."""
        return json_value(content, keep_media=self._row_builder.options.keep_media)

    def estimate_work(self, event: Event) -> float:
        """Return the bytes of content that rows are built of when this event is applied.

        Infinite where it may need all rows of a trace, or a request to a fleet's store.
        """
        kind, _, _, run_id, _, _ = event
        if kind == RESUME:
            return inf
        size = event_size(event)
        run = self._tracker.find(run_id) if kind in (END, ERROR) else None
        if run is None:
            return size
        # All rows of its trace waited for the sampling decision, or it is interrupted.
        if run.is_root and (run.trace.deferred_runs or run.trace.checkpoint_id is not None):
            return inf
        return size + (estimate_size(run.inputs) if self._becomes_row(run) else 0)

    def apply_events(self, events: Iterable[Event]) -> list[Run]:
        """Apply events, and build the rows of the runs that finished; return these runs."""
        self.errors.map(self._apply, events)
        return self._build_finished()

    def expire(self, now: float) -> list[Run]:
        """Close traces that have timed out; return the runs that finished."""
        self._tracker.expire(now)
        return self._build_finished()

    def close_ended(self, now: float) -> list[Run]:
        """Close traces whose root has ended, before a flush; return the runs that finished."""
        self._tracker.close_ended(now)
        self.selector.show_counts()
        return self._build_finished()

    def close_all(self, now: float) -> list[Run]:
        """Close all traces, because no event will follow; return the runs that finished."""
        self._tracker.close_all(now)
        return self._build_finished()

    def due_in(self, now: float) -> float | None:
        """Return the seconds until `expire` has something to do; None when no trace waits."""
        return self._tracker.due_in(now)

    def take_rows(self) -> list[EncodedRow]:
        """Return the rows that were built since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def after_fork(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self._waiting.clear()
        self.selector.reset()
        self.feedback.clear()
        self._reset()

    def _apply(self, event: Event) -> None:
        if event[0] == FEEDBACK:
            self.feedback.add_feedback(event, self._tracker)
            return
        run = self._tracker.apply_event(event)
        if run is None:
            return
        if run.ended is None:
            if self._becomes_row(run):
                self._open_content.add_inputs(run)
            elif run.inputs is not None and run.inputs is run.trace.graph_state.start:
                self._open_content.add_graph_start(run.trace)
        elif run.trace.last_output_run is run:
            self._open_content.add_last_output(run.trace)

    def _becomes_row(self, run: Run) -> bool:
        return run.is_root or run.kind != "chain" or self.captures_chains

    def _build_finished(self) -> list[Run]:
        finished = self._tracker.take_finished()
        closed = set(self._tracker.take_closed())
        of_open = [(run, run.trace) for run in finished if run.trace not in closed]
        self._open_content.remove([run for run, _ in of_open], closed)
        try:
            self._rows += self._build_rows(finished)
        except BaseException as interruption:
            # Ctrl-C interrupted an app's thread that drains.
            for _ in finished:
                self.errors.add(interruption)
            raise
        self._rows += self.feedback.encode_changes(self.selector.take_changes())
        self._rows += self.feedback.take_ready(finished)
        for run, trace in of_open:
            self._open_content.add_finished(run, trace)
        return finished
