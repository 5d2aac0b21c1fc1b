"""The open runs of one handler: callback events in, finished runs out.

Decides which run is a root, and when a trace is closed, by events and by time; `trace_closer.py`
closes it. The caller passes the time, and calls it on one thread at a time. Runs are returned in
the order in which they finished, a root always after all runs below it.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from respan_langchain.tracing import events
from respan_langchain.tracing.abandoned_streams import was_abandoned
from respan_langchain.tracing.attempts import record_failure
from respan_langchain.tracing.events import Event, ModelRequest, RaisedException, RunKind
from respan_langchain.tracing.open_traces import OpenTraces
from respan_langchain.tracing.run import Run, Trace, serialized_name
from respan_langchain.tracing.run_table import RunTable
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.trace_closer import TraceCloser
from respan_langchain.tracing.trace_updates import open_trace, record_start
from respan_langchain.tracing.waiting import WaitingTraces

HIDDEN_TAG: Final = "langsmith:hidden"


class RunTracker:
    """Turns the events of one handler into finished runs."""

    def __init__(
        self,
        timeouts: TraceTimeouts,
        waiting: WaitingTraces,
        *,
        wants_chains: bool = True,
    ) -> None:
        """Without `wants_chains`, chains that are not roots are not returned."""
        self._runs = RunTable()
        self._traces = OpenTraces(timeouts)
        self._waiting = waiting
        self._closer = TraceCloser(self._runs, self._traces, waiting, wants_chains=wants_chains)
        self._apply_by_kind: Mapping[int, Callable[..., Run | None]] = MappingProxyType(
            {
                events.START: self.start,
                events.FIRST_TOKEN: self.first_token,
                events.RETRY: self.retry,
                events.STREAMED_INPUTS: self.streamed_inputs,
                events.END: self.end,
                events.ERROR: self.error,
                events.INTERRUPT: self.interrupt,
                events.RESUME: self.resume,
            }
        )

    def __len__(self) -> int:
        """Open runs, and traces that wait for late children or to be resumed."""
        return len(self._runs) + len(self._traces.awaiting_children) + len(self._waiting)

    # Events

    def apply_event(self, event: Event) -> Run | None:
        """Change the table of runs by one event; return the run if it started or ended."""
        kind, _, at, run_id, content, details = event
        return self._apply_by_kind[kind](at, run_id, content, *details)

    def start(
        self,
        now: float,
        run_id: UUID,
        inputs: object,
        parent_id: UUID | None,
        above_id: UUID | None,
        configurable: Mapping[str, Any] | None,
        kind: RunKind,
        name: object,
        tags: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        request: tuple[Any, Any, Any] | None = None,
        call_id: str | None = None,
    ) -> Run | None:
        """Open a run; `name` is a string, or what LangChain serialized of the runnable."""
        if self._runs.get(run_id) is not None:  # the handler is attached twice
            return None
        above = self._runs.find_parent(parent_id, above_id)
        run = Run(
            run_id,
            kind,
            name if type(name) is str else serialized_name(name, kind),
            None if above is None else above[0],
            now,
            inputs,
            tags or (),
            metadata or {},
            None if request is None else ModelRequest(*request),
            call_id,
        )
        run.hidden = tags is not None and HIDDEN_TAG in tags
        if above is None or (above[0].hidden and above[0].is_root):
            run.parent, run.is_root, run.returns_for_root = None, True, True
            run.trace = open_trace(run)
        else:
            parent, run.trace = above
            record_start(run, parent, configurable)
        self._runs.add(run)
        self._traces.touch(run.trace, now)
        return run

    def find(self, run_id: UUID) -> Run | None:
        """Return an open run; None when there is none of this id."""
        return self._runs.get(run_id)

    @property
    def open_traces(self) -> list[Trace]:
        """Traces that have not ended, without those that wait to be resumed."""
        return list(self._traces)

    def first_token(self, now: float, run_id: UUID, tokens: object = None) -> None:
        """Note when a model began to answer; `tokens` is the list to which its tokens are added."""
        run = self._runs.get(run_id)
        if run is None:
            return
        if run.first_token is None:
            run.first_token = now
            run.tokens = tokens if isinstance(tokens, list) else None
            first = run.tokens[0] if run.tokens else None
            run.trace.first_text = first if isinstance(first, str) else None
        if run.trace.totals.first_token is None:
            run.trace.totals.first_token = now

    def retry(self, now: float, run_id: UUID, _content: object = None) -> None:
        """Count a request that a model repeats itself."""
        run = self._runs.get(run_id)
        if run is not None:
            run.trace.totals.retries += 1
            self._traces.touch(run.trace, now)

    def streamed_inputs(self, _now: float, run_id: UUID, inputs: object) -> None:
        """Set the inputs of a streamed chain, which ends next."""
        run = self._runs.get(run_id)
        if run is not None:
            run.set_streamed_inputs(inputs)

    def end(
        self,
        now: float,
        run_id: UUID,
        outputs: object,
        stream_usage: tuple[object, object] | None = None,
    ) -> Run | None:
        """Close a run that returned."""
        run = self._runs.get(run_id)
        if run is None:
            self._closer.add_late_output(run_id, outputs)
            return None
        run.outputs, run.stream_usage = outputs, stream_usage
        self._closer.close_run(run, now, "abandoned" if was_abandoned(run) else "success")
        return run

    def error(
        self,
        now: float,
        run_id: UUID,
        partial: object,
        exception: RaisedException,
        stream_usage: tuple[object, object] | None = None,
    ) -> Run | None:
        """Close a run that raised; `partial` is what a model had answered until then."""
        run = self._runs.get(run_id)
        if run is None:
            return None
        run.exception = exception
        run.outputs, run.stream_usage = partial, stream_usage
        if not any(getattr(partial, "generations", None) or ()):
            run.show_tokens()
        if exception.interrupts and run.trace.checkpoint_id is None:
            run.trace.interrupts = exception.interrupts
        if exception.status == "error" and run.parent is not None:
            record_failure(run, run.parent)
        self._closer.close_run(run, now, exception.status)
        return run

    def interrupt(
        self,
        now: float,
        run_id: UUID,
        _content: object,
        checkpoint: str,
        interrupts: Sequence[object],
    ) -> None:
        """Note that a graph stops to wait for a person; its root then ends normally."""
        run = self._runs.get(run_id)
        if run is not None:
            run.trace.checkpoint_id = checkpoint
            # The functional API reports an interrupt that is pending from an earlier call twice.
            by_id = {getattr(one, "id", None) or index: one for index, one in enumerate(interrupts)}
            run.trace.interrupts = list(by_id.values())
            self._traces.touch(run.trace, now)

    def resume(self, now: float, run_id: UUID, _content: object, checkpoint: str) -> None:
        """Continue the trace that was interrupted at this checkpoint."""
        run = self._runs.get(run_id)
        if run is None:
            return
        trace = run.trace
        if trace.checkpoint_id == checkpoint:
            trace.checkpoint_id, trace.interrupts = None, ()
        if trace.resumed_from is None and not trace.resumed_run_ids:
            trace.resumed_from = checkpoint
            self._waiting.join_earlier(trace)
        self._traces.touch(trace, now)

    def take_finished(self) -> list[Run]:
        """Return the runs that finished since the last call."""
        return self._closer.take_finished()

    def take_closed(self) -> list[Trace]:
        """Return the traces that closed since the last call; some wait to be resumed."""
        return self._closer.take_closed()

    # Time and the end

    def due_in(self, now: float) -> float | None:
        """Return the seconds until `expire` has something to do; None when no trace waits."""
        deadlines = (self._traces.next_deadline(), self._waiting.next_deadline())
        known = [deadline for deadline in deadlines if deadline is not None]
        return max(0.0, min(known) - now) if known else None

    def expire(self, now: float) -> None:
        """Close what has waited long enough."""
        while (trace := self._traces.next_expired(now)) is not None:
            self._closer.close_trace(trace, now)
        self._closer.close_waiting(now)

    def close_ended(self, now: float) -> None:
        """Close every trace whose root has ended, with the runs that are open below it."""
        for trace in self._traces.awaiting_children:
            self._closer.close_trace(trace, now)

    def close_all(self, now: float) -> None:
        """Close all traces, because no event will follow."""
        for trace in self._traces:
            self._closer.close_trace(trace, now)
        self._closer.close_waiting(inf)
