"""The runs of open traces by their ids, and the parent of a new run among them."""

from typing import Final
from uuid import UUID

from respan_langchain.tracing.run import Run, Trace

MAX_ENDED_RUNS: Final = 1_000
"""Ended chains that are kept for one open trace."""

Place = tuple[Run, Trace]
"""A run, and its trace: an ended run may not refer to it any more."""


class RunTable:
    """Open runs, and ended chains of open traces.

    A chain may get children after its end: a task of LangGraph's functional API that is pending at
    an interrupt, a thread or a task that a step started.
    """

    def __init__(self) -> None:
        # By the number of their id, which is hashed three times as fast as a UUID.
        self._open: dict[int, Run] = {}
        self._ended: dict[int, Place] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, run_id: UUID) -> Run | None:
        """Return an open run; None when there is none of this id."""
        return self._open.get(run_id.int)

    def add(self, run: Run) -> None:
        """Add a run that started."""
        self._open[run.id.int] = run
        run.trace.open_runs[run.id.int] = run

    def remove(self, run: Run) -> None:
        """Remove a run that ended."""
        number, trace = run.id.int, run.trace
        del self._open[number]
        del trace.open_runs[number]
        if run.kind != "chain" or (run.is_root and not trace.may_get_events):
            return
        if len(trace.ended_runs) >= MAX_ENDED_RUNS:
            del self._ended[trace.ended_runs.pop(0)]
        trace.ended_runs.append(number)
        self._ended[number] = run, trace

    def remove_trace(self, trace: Trace) -> list[Run]:
        """Remove all runs of a trace; return those that were open, the latest first."""
        left = list(reversed(trace.open_runs.values()))
        for run in left:
            del self._open[run.id.int]
        for number in trace.ended_runs:
            self._ended.pop(number, None)
        trace.open_runs.clear()
        trace.ended_runs.clear()
        return left

    def find_parent(
        self, parent_id: UUID | None, above_id: UUID | None
    ) -> tuple[Run, Trace] | None:
        """Return the run that a new run belongs under, and its trace; None for a root.

        Args:
            parent_id: The parent that LangChain names. One that is not known here is LangSmith's,
                was forgotten, or belongs to another handler.
            above_id: The run above in the context of the call.
        """
        named = self._find(parent_id)
        if above_id is parent_id:
            return named
        around = self._find(above_id)
        if named is None or (around is not None and around[0].parent is named[0]):
            return around
        return named

    def _find(self, run_id: UUID | None) -> Place | None:
        if run_id is None:
            return None
        run = self._open.get(run_id.int)
        return self._ended.get(run_id.int) if run is None else (run, run.trace)
