"""Begins the row of a finished run: which run it is, how it ended, and how long it took.

LangChain's terms are translated to the platform's here. The encoder never cuts or redacts the ids
that are set here.
"""

from collections.abc import Mapping
from typing import Final

from respan_langchain.rows.metrics import timing_metrics
from respan_langchain.rows.model_call import ModelCall
from respan_langchain.rows.schema import Row, RowDraft, RowOptions, not_replayable
from respan_langchain.rows.tool_calls import returned_error, tool_output
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.call_settings import CallSettings
from respan_langchain.tracing.events import RunKind, RunStatus
from respan_langchain.tracing.run import Run

LOG_TYPES: Final[Mapping[RunKind, str]] = {
    "chain": "task",
    "chat": "chat",
    "llm": "completion",
    "tool": "tool",
    "retriever": "task",
}
AGENT_NAME_KEY: Final = "lc_agent_name"
"""Metadata key under which `create_agent` puts its name."""


def new_row(
    run: Run,
    settings: CallSettings,
    model_call: ModelCall | None,
    options: RowOptions,
    epoch: float,
) -> RowDraft:
    """Begin the row of a finished run.

    `epoch` is the wall time, in seconds since 1970, at which the monotonic clock read zero.
    """
    span = run.id.hex
    # As `str` would write it, in less time.
    run_id = f"{span[:8]}-{span[8:12]}-{span[12:16]}-{span[16:20]}-{span[20:]}"
    is_renamed = run.is_root and run.trace.id is not run.id
    identifier = settings.custom_identifier or (str(run.trace.id) if is_renamed else run_id)
    metadata = _identity(run, run_id, span, identifier)
    _add_outcome(metadata, run, options)
    row: Row = {"input": "", "metadata": metadata, "metrics": timing_metrics(run, epoch)}
    return RowDraft(run, settings, model_call, identifier, row)


def _identity(run: Run, run_id: str, span: str, identifier: str) -> dict[str, Json]:
    """Return which run this is, and where in its trace."""
    above, of_trace = run.visible_parent, run.trace
    trace = span if of_trace.id is run.id else of_trace.id.hex
    found: dict[str, Json] = {
        "log_type": _log_type(run),
        "custom_identifier": identifier,
        "run_id": run_id,
        "trace_unique_id": trace,
        "span_unique_id": span,
        "span_name": run.name[:255],
        "span_workflow_name": of_trace.root.name[:255],
    }
    if above is not None:
        found["span_parent_id"] = trace if above.id is of_trace.id else above.id.hex
    return found


def _log_type(run: Run) -> str:
    if run.kind == "chain" and run.is_root:
        return "workflow" if run.metadata.get(AGENT_NAME_KEY) is None else "agent"
    return LOG_TYPES[run.kind]


def _error_code(run: Run) -> int:
    """Return the status that a provider answered with, else 500."""
    known = None if run.exception is None else run.exception.status_code
    return 500 if known is None else known


def reported_status(run: Run) -> RunStatus:
    """Return how a run ended; a tool that answers with an error has failed."""
    return "error" if returned_error(run) else run.status


def _add_outcome(metadata: dict[str, Json], run: Run, options: RowOptions) -> None:
    """Add how the run itself ended; the failures of its children do not count."""
    status = metadata["status"] = reported_status(run)
    if status != "incomplete":
        metadata["status_code"] = _error_code(run) if status == "error" else 200
    if status == "error":
        metadata.update(_error(run, options))
    if run.is_root:
        _add_continuation(metadata, run, options)


def _error(run: Run, options: RowOptions) -> dict[str, Json]:
    exception = run.exception
    found: dict[str, Json] = {} if exception is None else {"error_type": exception.type}
    if options.content:
        found["error_message"] = (
            tool_output(run.outputs, ContentSerializer(), call_id=run.call_id)
            if exception is None
            else exception.message
        )
    return found


def _add_continuation(metadata: dict[str, Json], run: Run, options: RowOptions) -> None:
    """Add where a root stopped, and which checkpoint it continued from."""
    trace = run.trace
    if run.status == "interrupted" and options.content:
        metadata["interrupts"] = json_value(list(trace.interrupts))
    if trace.resumed_run_ids:
        metadata["resumed_run_ids"] = [str(run_id) for run_id in trace.resumed_run_ids]
    if trace.forked_from is not None:
        metadata["forked_from"] = trace.forked_from
    elif trace.resumed_from is not None:
        metadata["resumed_from"] = trace.resumed_from
        metadata |= not_replayable("resumes a call that another row holds")
    if trace.decisions and options.content:
        metadata["decisions"] = json_value(trace.decisions)
