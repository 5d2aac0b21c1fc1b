"""Updates a trace when one of its runs starts or ends."""

from collections.abc import Mapping
from typing import Any, Final

from respan_langchain.rules.decision import NOT_KEPT
from respan_langchain.tracing.attempts import count_attempt, graph_task, is_node
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.state_updates import is_state_update

PARSER_SUFFIX: Final = "OutputParser"


def open_trace(root: Run) -> Trace:
    """Return the new trace of a root that starts."""
    trace = Trace(root=root, id=root.id, last_event=root.started)
    checkpoint = root.metadata.get("checkpoint_id")
    trace.forked_from = checkpoint if isinstance(checkpoint, str) and checkpoint else None
    if is_state_update(root):
        trace.sampling_decision = NOT_KEPT
    return trace


def record_start(run: Run, parent: Run, configurable: Mapping[str, Any] | None) -> None:
    """Record a run that starts below `parent`."""
    trace = run.trace
    if trace.configurable is None:
        trace.configurable = configurable
    run.returns_for_root = parent.returns_for_root and parent.is_fallbacks
    run.is_root_node = parent is trace.root and not run.hidden and is_node(run)
    if run.is_root_node:
        trace.graph_state.add_start(run.inputs)
    elif parent.returns_for_root and run.name.endswith(PARSER_SUFFIX):
        trace.output_parser = run.name
    elif run.returns_for_root:
        trace.output_parser = None
    if parent.ended is None:
        parent.last_child = run
    count_attempt(run, parent)


def record_end(run: Run) -> None:
    """Record a run that ended, other than the root."""
    trace = run.trace
    if run.is_root_node and run.exception is None:
        trace.graph_state.add_update(run.outputs)
    elif run.status in ("error", "abandoned") and (task := graph_task(run)) is not None:
        trace.failed_tasks.add(task)
        trace.totals.node_errors += run.is_root_node
    record_output(run)


def record_output(run: Run) -> None:
    """Remember the output of a run that ended or was left, if the root may return it."""
    trace = run.trace
    if run.outputs is None or run.outputs is OMITTED or not run.may_be_root_output:
        return
    # A model that ends after the chain that read it was read to its end only to be closed.
    if trace.last_output_run is None or trace.last_output_run is not run.parent:
        trace.last_output, trace.last_output_run = run.outputs, run
