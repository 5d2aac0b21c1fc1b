"""Closes runs and traces, with what ends with them.

`tracker.py` decides by the events and the time what is closed, `waiting.py` which of the closed
traces wait to be resumed.
"""

from uuid import UUID

from respan_langchain.tracing.abandoned_streams import ends_parent, may_run_on, was_abandoned_within
from respan_langchain.tracing.attempts import release_failed_child
from respan_langchain.tracing.events import RunStatus
from respan_langchain.tracing.open_traces import OpenTraces
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.run_table import RunTable
from respan_langchain.tracing.state_updates import StateUpdates, is_state_update
from respan_langchain.tracing.trace_updates import record_end, record_output
from respan_langchain.tracing.waiting import WaitingTraces, set_interrupted


class TraceCloser:
    """Moves what ends from the open runs and traces to the finished runs.

    A root is finished always after all runs below it.
    """

    def __init__(
        self,
        runs: RunTable,
        traces: OpenTraces,
        waiting: WaitingTraces,
        *,
        wants_chains: bool,
    ) -> None:
        """Without `wants_chains`, chains that are not roots are not kept."""
        self._runs = runs
        self._traces = traces
        self._waiting = waiting
        self._wants_chains = wants_chains
        self._updates = StateUpdates()
        self._finished: list[Run] = []
        self._closed: list[Trace] = []

    def take_finished(self) -> list[Run]:
        """Return the runs that finished since the last call."""
        runs, self._finished = self._finished, []
        return runs

    def take_closed(self) -> list[Trace]:
        """Return the traces that closed since the last call; some wait to be resumed."""
        closed, self._closed = self._closed, []
        return closed

    def add_late_output(self, run_id: UUID, outputs: object) -> None:
        """Add the output that the first end of a run did not have.

        With Bedrock's guardrails a run has two ends: an error, then the answer. The first one
        counts otherwise.
        """
        for run in self._finished:
            if run.id == run_id and not getattr(run.outputs, "generations", run.outputs):
                run.outputs = outputs

    def close_run(self, run: Run, now: float, status: RunStatus) -> None:
        """Close a run, and its trace when nothing of it is open."""
        run.ended = now
        run.status = status
        trace = run.trace
        if run.exception is not None and may_run_on(run):
            trace.has_threads = True
        run.last_child = run.tokens = None
        if run.failed_child is not None:
            release_failed_child(run)
        self._runs.remove(run)
        if run.is_root:
            self._end_root(trace, now)
            return
        record_end(run)
        self._finish(run)
        if status == "abandoned" and run.parent is not None and ends_parent(run):
            self.close_run(run.parent, now, "abandoned")
        elif trace.awaiting_late_children and not trace.may_get_events:
            self.close_trace(trace, now)

    def _end_root(self, trace: Trace, now: float) -> None:
        if trace.may_get_events:
            self._traces.await_late_children(trace, now)
        else:
            self.close_trace(trace, now)

    def close_trace(self, trace: Trace, now: float) -> None:
        """Close a trace with the runs that are open in it; an interrupted one waits."""
        self._traces.remove(trace)
        self._closed.append(trace)
        for run in self._runs.remove_trace(trace):
            if was_abandoned_within(run):
                run.mark_abandoned()
            else:
                run.mark_incomplete()
            if not run.is_root:
                record_output(run)
                self._finish(run)
        if trace.resumed_from is not None:
            # The events of the earlier part may have been processed after the start of this one.
            self._waiting.join_earlier(trace)
        if is_state_update(trace.root):
            self._updates.add(trace.root)
        elif edits := self._updates.take(trace):
            trace.decisions = [*trace.decisions, *edits]
        self._finish_root(trace, now)

    def _finish_root(self, trace: Trace, now: float) -> None:
        set_interrupted(trace)
        if not self._waiting.put(trace, now):
            self._finished.append(trace.root)

    def _finish(self, run: Run) -> None:
        """Keep a run below a root."""
        if run.kind == "chain" and not self._wants_chains:
            # Most runs are such steps. They have no row, so their content is released.
            run.inputs = run.outputs = None
        else:
            self._finished.append(run)

    def close_waiting(self, now: float) -> None:
        """Close interrupted traces that nobody resumed in time."""
        self._finished += [trace.root for trace in self._waiting.take_due(now)]
