"""Graphs that stopped to wait for someone, until they are resumed or their time is up.

LangGraph ends the run of an interrupted graph as if it were done, and resumes it with a new run,
which may come minutes later. The two are one trace: the first input, the last output, both sums.
"""

from collections import OrderedDict
from itertools import islice

from respan_langchain.tracing.run import Trace


class Interrupted:
    """Interrupted traces by the checkpoint at which they stopped."""

    def __init__(self) -> None:
        # In the order of their deadlines, as each waits equally long.
        self._waiting: OrderedDict[str, tuple[Trace, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, checkpoint: str, trace: Trace, deadline: float) -> None:
        """Keep a trace until then, on the monotonic clock."""
        self._waiting[checkpoint] = (trace, deadline)

    def resume(self, checkpoint: str, trace: Trace) -> None:
        """Let a trace go on with the one that stopped here, if there is one."""
        waiting = self._waiting.pop(checkpoint, None)
        if waiting is not None:
            _continue(waiting[0], trace)

    def next_deadline(self) -> float | None:
        """When the first of them has waited long enough; None when there is none."""
        return next((deadline for _, deadline in islice(self._waiting.values(), 1)), None)

    def expired(self, now: float) -> list[Trace]:
        """Give up those whose time is up."""
        due = [key for key, (_, deadline) in self._waiting.items() if deadline <= now]
        return [self._waiting.pop(key)[0] for key in due]


def _continue(earlier: Trace, trace: Trace) -> None:
    """Make a resumed trace one with its interrupted half."""
    first = earlier.root
    trace.id = earlier.id
    trace.resumed_run_ids = [*earlier.resumed_run_ids, trace.root.id]
    trace.earlier_seconds = earlier.earlier_seconds + (first.latency or 0.0)
    trace.first_started = first.started if earlier.first_started is None else earlier.first_started
    # Around the graph, models may have been called before it was known to be resumed.
    earlier.totals.merge(trace.totals)
    trace.totals = earlier.totals
    trace.keep_reason = trace.keep_reason if earlier.keep_reason is None else earlier.keep_reason
    for run in earlier.deferred_runs:
        run.trace = trace
    trace.deferred_runs = earlier.deferred_runs + trace.deferred_runs
    trace.configurable = trace.configurable or earlier.configurable
    trace.root.inputs = first.inputs
    if first.metadata:
        trace.root.metadata = {**first.metadata, **trace.root.metadata}
