"""The table of open runs: events in, finished runs out.

Every rule about how LangChain's runs hang together lives here: what is a root, whose child a run
is, when a trace is over, what becomes of runs that never end. It holds no lock and reads no clock;
whoever calls brings both. What has finished is collected in the order in which it finished, a root
always after everything under it.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Final
from uuid import UUID

from respan_langchain.tracing.events import OMITTED, Event, Failure, Kind, ModelRequest, Status
from respan_langchain.tracing.interrupts import Interrupted
from respan_langchain.tracing.open_traces import OpenTraces
from respan_langchain.tracing.run import Run, Trace, serialized_name
from respan_langchain.tracing.timeouts import TraceTimeouts

HIDDEN_TAG: Final = "langsmith:hidden"
RETRY_TAG: Final = "retry:attempt:"
FALLBACKS_NAME: Final = "RunnableWithFallbacks"


class RunTracker:
    """The open runs of one handler."""

    def __init__(self, timeouts: TraceTimeouts, *, wants_chains: bool = True) -> None:
        """Without `wants_chains`, chains that are not roots are not handed over."""
        self._timeouts = timeouts
        self._wants_chains = wants_chains
        # By the number of their id, which is hashed three times as fast as a UUID.
        self._open: dict[int, Run] = {}
        self._traces = OpenTraces(timeouts)
        self._interrupted = Interrupted()
        self._finished: list[Run] = []
        # Indexed by the kind of an event.
        self._apply_by_kind: tuple[Callable[..., None], ...] = (
            self.start,
            self.first_token,
            self.retry,
            self.streamed_inputs,
            self.end,
            self.error,
            self.interrupt,
            self.resume,
        )

    def __len__(self) -> int:
        """Everything that is still held: open runs and traces that wait."""
        return len(self._open) + len(self._traces.awaiting_children) + len(self._interrupted)

    def take_finished(self) -> list[Run]:
        """Hand over what has finished since the last call."""
        finished, self._finished = self._finished, []
        return finished

    # Events

    def apply(self, event: Event) -> None:
        """Change the table of runs by one event."""
        kind, _, at, run_id, content, details = event
        self._apply_by_kind[kind](at, run_id, content, *details)

    def start(
        self,
        now: float,
        run_id: UUID,
        inputs: object,
        parent_id: UUID | None,
        above_id: UUID | None,
        configurable: Mapping[str, Any] | None,
        kind: Kind,
        name: object,
        tags: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        asked: tuple[Any, Any, Any] | None = None,
        call_id: str | None = None,
    ) -> None:
        """Open a run; its name is a string, or what LangChain serialized of it.

        The run above it is the one that LangChain names, and in the gaps that it leaves, the one
        the context of the call does.
        """
        if run_id.int in self._open:  # reported twice, by a handler that is attached twice
            return
        parent = self._find_parent(parent_id, above_id)
        run = Run(
            run_id,
            kind,
            name if type(name) is str else serialized_name(name, kind),
            parent,
            now,
            inputs,
            tags or (),
            metadata or {},
            None if asked is None else ModelRequest(*asked),
            call_id,
        )
        run.hidden = tags is not None and HIDDEN_TAG in tags
        if parent is None or (parent.hidden and parent.is_root):
            self._open_trace(run)
        else:
            self._join_trace(run, parent, configurable)
        self._open[run_id.int] = run
        run.trace.open_runs[run_id.int] = run
        self._traces.touch(run.trace, now)

    def find(self, run_id: UUID) -> Run | None:
        """An open run; None when there is none of this id."""
        return self._open.get(run_id.int)

    def first_token(self, now: float, run_id: UUID, _content: object = None) -> None:
        """Note when a model began to answer."""
        run = self._open.get(run_id.int)
        if run is None:
            return
        if run.first_token is None:
            run.first_token = now
        if run.trace.totals.first_token is None:
            run.trace.totals.first_token = now

    def retry(self, now: float, run_id: UUID, _content: object = None) -> None:
        """Count an attempt that a model made again by itself."""
        run = self._open.get(run_id.int)
        if run is not None:
            run.trace.totals.retries += 1
            self._traces.touch(run.trace, now)

    def streamed_inputs(self, _now: float, run_id: UUID, inputs: object) -> None:
        """Set the inputs of a streamed chain, which ends next."""
        run = self._open.get(run_id.int)
        if run is not None:
            run.set_streamed_inputs(inputs)

    def end(self, now: float, run_id: UUID, outputs: object) -> None:
        """Close a run that returned."""
        run = self._open.get(run_id.int)
        if run is None:
            self._add_late_output(run_id, outputs)
            return
        run.outputs = outputs
        # A streamed chain that its reader left half-way ends with None, and its model is read to
        # its end afterwards.
        left = run.streamed and outputs is None and len(run.trace.open_runs) > 1 and run.is_root
        self._close_run(run, now, "abandoned" if left else "success")

    def error(self, now: float, run_id: UUID, partial: object, failure: Failure) -> None:
        """Close a run that raised; `partial` is what a model had answered until then."""
        run = self._open.get(run_id.int)
        if run is None:
            return
        run.failure = failure
        run.outputs = partial
        if failure.interrupts and run.trace.checkpoint_id is None:
            run.trace.interrupts = failure.interrupts
        if failure.status == "error" and run.parent is not None:
            run.parent.failed_below = True
        self._close_run(run, now, failure.status)

    def interrupt(
        self,
        now: float,
        run_id: UUID,
        _content: object,
        checkpoint: str,
        interrupts: Sequence[object],
    ) -> None:
        """Remember that a graph stops to wait for someone; its root ends as if it were done."""
        run = self._open.get(run_id.int)
        if run is not None:
            run.trace.checkpoint_id = checkpoint
            run.trace.interrupts = interrupts
            self._traces.touch(run.trace, now)

    def resume(self, now: float, run_id: UUID, _content: object, checkpoint: str) -> None:
        """Let a run go on with the trace that was interrupted at this checkpoint."""
        run = self._open.get(run_id.int)
        if run is None:
            return
        if run.trace.checkpoint_id == checkpoint:
            run.trace.checkpoint_id, run.trace.interrupts = None, ()
        self._interrupted.resume(checkpoint, run.trace)
        self._traces.touch(run.trace, now)

    # Time and the end

    def due_in(self, now: float) -> float | None:
        """Seconds until `expire` has something to do; None when nothing waits for time to pass."""
        deadlines = (self._traces.next_deadline(), self._interrupted.next_deadline())
        due = min((deadline for deadline in deadlines if deadline is not None), default=None)
        return None if due is None else max(0.0, due - now)

    def expire(self, now: float) -> None:
        """Close what has waited long enough."""
        while (trace := self._traces.next_expired(now)) is not None:
            self._close_trace(trace, now)
        self._finished += [trace.root for trace in self._interrupted.expired(now)]

    def close_ended(self, now: float) -> None:
        """Close every trace whose root has ended, late children or not; others go on."""
        for trace in self._traces.awaiting_children:
            self._close_trace(trace, now)

    def close_all(self, now: float) -> None:
        """Close everything, as there will be no further events."""
        for trace in self._traces:
            self._close_trace(trace, now)
        self._finished += [trace.root for trace in self._interrupted.expired(inf)]

    # Inside

    def _find_parent(self, parent_id: UUID | None, above_id: UUID | None) -> Run | None:
        # A parent that we do not know is LangSmith's, was forgotten, or belongs to another handler.
        named = None if parent_id is None else self._open.get(parent_id.int)
        around = None if above_id is None else self._open.get(above_id.int)
        if named is None or (around is not None and around.parent is named):
            return around
        return named

    def _open_trace(self, run: Run) -> None:
        run.parent = None
        run.is_root = True
        run.trace = Trace(root=run, id=run.id, last_event=run.started)

    def _join_trace(self, run: Run, parent: Run, configurable: Mapping[str, Any] | None) -> None:
        run.trace = trace = parent.trace
        if configurable and not trace.configurable:
            trace.configurable = configurable
        for tag in run.tags:
            if tag.startswith(RETRY_TAG):
                trace.totals.retries += 1
                break
        if parent.failed_below and parent.name == FALLBACKS_NAME:
            trace.totals.fallbacks += 1

    def _add_late_output(self, run_id: UUID, outputs: object) -> None:
        # A guardrail of Bedrock's raises before the answer's end: the first word on how a run ended
        # stands, a later one only adds what was not known.
        for run in self._finished:
            if run.id == run_id and not getattr(run.outputs, "generations", run.outputs):
                run.outputs = outputs

    def _close_run(self, run: Run, now: float, status: Status) -> None:
        run.ended = now
        run.status = status
        trace = run.trace
        del self._open[run.id.int]
        del trace.open_runs[run.id.int]
        if run.is_root:
            self._end_root(trace, now)
            return
        if run.may_be_root_output and run.outputs is not None and run.outputs is not OMITTED:
            trace.last_output = run.outputs
        self._add_finished(run)
        if trace.awaiting_late_children and not trace.open_runs:
            self._close_trace(trace, now)

    def _add_finished(self, run: Run) -> None:
        if run.kind == "chain" and not self._wants_chains:
            # Most runs are such steps: nothing is made of them, so nothing of the app's is kept.
            run.inputs = run.outputs = None
        else:
            self._finished.append(run)

    def _end_root(self, trace: Trace, now: float) -> None:
        if trace.open_runs:
            self._traces.await_late_children(trace, now)
        else:
            self._close_trace(trace, now)

    def _close_trace(self, trace: Trace, now: float) -> None:
        self._traces.remove(trace)
        for run in reversed(list(trace.open_runs.values())):
            run.mark_incomplete()
            del self._open[run.id.int]
            if not run.is_root:
                self._add_finished(run)
        trace.open_runs.clear()
        root = trace.root
        stopped = bool(trace.interrupts) or trace.checkpoint_id is not None
        if stopped and root.status == "success":
            root.status = "interrupted"
        if root.status == "interrupted" and trace.checkpoint_id is not None:
            self._interrupted.add(trace.checkpoint_id, trace, now + self._timeouts.interrupted)
        else:
            self._finished.append(root)
