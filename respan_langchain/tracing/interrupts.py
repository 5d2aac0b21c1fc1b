"""Interrupted traces: how they wait without the app's objects, and how a resumed one continues.

LangGraph ends the run of an interrupted graph as if it were done, and resumes it with a new run,
which may come minutes later and through another handler. The two become one trace: the first input,
the last output, the sums of both.

The content of a waiting trace is kept as JSON, so that it refers to no graph, checkpointer or state
of the app.
"""

import json
from collections.abc import Callable
from typing import Final

from respan_langchain.serialization.json_value import Json
from respan_langchain.tracing.interrupt_decisions import get_decisions
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.size_estimate import estimate_size

TRACE_OVERHEAD: Final = 4_000
"""Bytes of a waiting trace without content."""
RUN_OVERHEAD: Final = 1_000


def freeze(trace: Trace, to_json: Callable[[object], Json]) -> None:
    """Replace the app's objects that a trace refers to by JSON."""
    root, state = trace.root, trace.graph_state
    interrupts = [to_json(interrupt) for interrupt in trace.interrupts]
    content = [root.inputs, root.outputs, state.start]
    trace.frozen_content = json.dumps([*map(to_json, content), interrupts]).encode()
    root.inputs = root.outputs = root.model_request = None
    state.start = trace.last_output = None
    trace.interrupts = ()
    root.metadata = {key: to_json(value) for key, value in root.metadata.items()}


def thaw(trace: Trace) -> Trace:
    """Undo `freeze`; the content stays JSON."""
    if trace.frozen_content is not None:
        root = trace.root
        content = json.loads(trace.frozen_content)
        root.inputs, root.outputs, trace.graph_state.start, trace.interrupts = content
        trace.frozen_content = None
    return trace


def waiting_size(trace: Trace) -> int:
    """Estimate the bytes that a frozen trace holds."""
    totals = trace.totals
    steps = (step.show() for step in totals.steps.values())
    held = [*trace.deferred_runs, *totals.documents, *totals.queries.values(), *steps]
    content = 0 if trace.frozen_content is None else len(trace.frozen_content)
    return TRACE_OVERHEAD + content + sum(map(_size, held))


def _size(held: object) -> int:
    if isinstance(held, Run):
        return RUN_OVERHEAD + estimate_size(held.inputs) + estimate_size(held.outputs)
    return estimate_size(held)


def continue_trace(earlier: Trace, trace: Trace) -> None:
    """Add the interrupted part of a trace to the part that resumes it."""
    first = earlier.root
    earlier.continued_by = trace
    trace.decisions = [*earlier.decisions, *get_decisions(earlier.interrupts, trace.root.inputs)]
    trace.id = earlier.id
    trace.sampling_decision = trace.sampling_decision or earlier.sampling_decision
    trace.resumed_run_ids = [*earlier.resumed_run_ids, trace.root.id]
    trace.earlier_seconds = earlier.earlier_seconds + (first.latency or 0.0)
    trace.first_started = first.started if earlier.first_started is None else earlier.first_started
    # Models may have been called before the graph reported the resume.
    earlier.totals.merge(trace.totals)
    trace.totals = earlier.totals
    for run in earlier.deferred_runs:
        run.trace = trace
    trace.deferred_runs = earlier.deferred_runs + trace.deferred_runs
    trace.deferred_rows = [*earlier.deferred_rows, *trace.deferred_rows]
    trace.configurable = trace.configurable or earlier.configurable
    trace.graph_state.continue_from(earlier.graph_state)
    trace.resumed_from, trace.forked_from = earlier.resumed_from, earlier.forked_from
    trace.root.inputs = first.inputs
    trace.root.metadata = {**first.metadata, **trace.root.metadata}
