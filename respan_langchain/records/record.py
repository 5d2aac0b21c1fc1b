"""A finished run becomes a record: the platform's own keys, values still Python's JSON.

LangChain's words end here and the platform's begin. Redaction, limits and encoding come after, in
`finish`; identity, numbers and status are put together here so that they survive whatever is cut
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypedDict

from langchain_core.outputs import LLMResult

from respan_langchain.records.call import CallSettings
from respan_langchain.records.content.content import Json, json_value
from respan_langchain.records.content.messages import generations, messages
from respan_langchain.records.context import add_context
from respan_langchain.records.conversation import RootView, root_view
from respan_langchain.records.event import Kind
from respan_langchain.records.metrics import (
    add_cost,
    add_sums,
    add_usage,
    timing,
    tokens_per_second,
)
from respan_langchain.records.numbers.cost import Cost
from respan_langchain.records.numbers.model import ModelFacts
from respan_langchain.records.numbers.usage import Usage
from respan_langchain.records.run import Run
from respan_langchain.records.tool_steps import answer, answered_with_error

LOG_TYPES: Final[Mapping[Kind, str]] = {
    "chain": "task",
    "chat": "chat",
    "llm": "completion",
    "tool": "tool",
    "retriever": "task",
}
AGENT: Final = "lc_agent_name"
"""Where `create_agent` says its name."""


class Row(TypedDict, total=False):
    """One log of a dataset, before it is finished.

    A key that is unknown is left out, never null.
    """

    input: Json
    output: Json
    expected_output: Json
    metadata: dict[str, Json]
    metrics: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the owner wants to see in a row."""

    content: bool = True
    """False: metrics and identity only, nothing that was said."""
    input_key: str | None = None
    """Which part of a root's input is the row's input: a key or a dotted path."""
    output_key: str | None = None
    trajectory: bool = True
    retrieved_documents: bool = True
    messages: Literal["auto", "off"] = "auto"
    """Whether a root whose state is a list of messages gives a conversation and an answer."""
    keep_media: bool = False
    """Whether images, audio and files are kept, in place of their type, size and digest."""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """On every row: the application's own facts, its version, the library's."""
    tags: tuple[str, ...] = ()


class ModelCall(NamedTuple):
    """The numbers and facts of one model call."""

    usage: Usage | None
    cost: Cost
    facts: ModelFacts
    shown: Mapping[str, Json]
    """What `shown_facts` gave for what was known when it was asked."""


def shown_facts(facts: ModelFacts, shape: Shape) -> dict[str, Json]:
    """What a row's metadata tells of the model that was asked, before it has answered."""
    params = json_value(facts.shown_params(content=shape.content))
    shown: dict[str, Json] = params if isinstance(params, dict) else {}
    shown.update(facts.asked())
    on_this_row_only: dict[str, Json] = {
        name: version
        for name, version in facts.versions.items()
        if f"{name.replace('-', '_')}_version" not in shape.metadata
    }
    if on_this_row_only:
        shown["versions"] = on_this_row_only
    return shown


def row_id(run: Run, call: CallSettings) -> str:
    """The row's `custom_identifier`: its run's id, unless the call gave another."""
    return call.custom_identifier or str(run.trace.id if run.is_root else run.id)


def row_from(
    run: Run,
    identifier: str,
    call: CallSettings,
    model: ModelCall | None,
    shape: Shape,
    epoch: float,
) -> Row:
    """Make the row of a finished run.

    `identifier` is its `row_id`, `model` is None for everything but model calls, and `epoch` is
    the wall time, in seconds since 1970, at which the monotonic clock read zero.
    """
    metadata = _identity(run, identifier)
    metadata.update(_outcome(run, shape))
    metrics = timing(run, epoch)
    row: Row = {"input": "", "metadata": metadata, "metrics": metrics}
    if run.kind in ("chat", "llm") and model is not None:
        _add_model_call(row, run, model, shape)
    else:
        _add_content(row, run, shape)
    if run.is_root:
        add_sums(metadata, metrics, run)
    if call.expected_output is not None and shape.content:
        row["expected_output"] = _allowed(json_value(call.expected_output))
    add_context(metadata, run, call, shape.metadata, shape.tags)
    row["input"] = _allowed(row["input"])
    if "output" in row:
        row["output"] = _allowed(row["output"])
    return row


def _identity(run: Run, identifier: str) -> dict[str, Json]:
    """Which run this is, and where in its trace."""
    above, of_trace, span = run.visible_parent, run.trace, run.id.hex
    trace = span if of_trace.id is run.id else of_trace.id.hex
    is_own = len(identifier) == 36 and identifier.replace("-", "") == span
    found: dict[str, Json] = {
        "log_type": _log_type(run),
        "custom_identifier": identifier,
        "run_id": identifier if is_own else str(run.id),
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
        return "agent" if AGENT in run.metadata else "workflow"
    return LOG_TYPES[run.kind]


def _outcome(run: Run, shape: Shape) -> dict[str, Json]:
    """How it ended, in the words of the run itself and never of its children."""
    status = "error" if answered_with_error(run) else run.status
    if status == "success" and not run.trace.resumed:
        return {"status": status, "status_code": 200}
    found: dict[str, Json] = {"status": status}
    if status != "incomplete":
        found["status_code"] = 500 if status == "error" else 200
    if status == "error" and run.failure is not None:
        found["error_type"] = run.failure.type
    if status == "error" and shape.content:
        found["error_message"] = answer(run.outputs) if run.failure is None else run.failure.message
    if run.is_root and shape.content and run.status == "interrupted":
        found["interrupts"] = json_value(list(run.trace.interrupts))
    if run.is_root and run.trace.resumed:
        found["resumed_run_ids"] = [str(run_id) for run_id in run.trace.resumed]
    return found


def _add_model_call(row: Row, run: Run, model: ModelCall, shape: Shape) -> None:
    metadata, metrics = row["metadata"], row["metrics"]
    metadata.update(model.shown)
    metadata.update(model.facts.answered())
    add_usage(metrics, model.usage)
    add_cost(metadata, metrics, model.cost)
    if model.usage is None:
        metadata["usage_missing"] = True
    elif model.usage.cache_hit:
        metadata["cache_hit"] = True
    speed = tokens_per_second(run, model.usage)
    if speed is not None:
        metrics["tokens_per_second"] = speed
    if not shape.content:
        return
    row["input"] = _asked(run, shape)
    if not isinstance(run.outputs, LLMResult):
        return
    given = generations(run.outputs, keep_media=shape.keep_media)
    if isinstance(given.output, dict) and given.output.get("name") == run.metadata.get(AGENT):
        # `create_agent` writes its name into the answer when the call is over, perhaps before this.
        given.output.pop("name", None)
    # A refused call comes with an empty message, which nobody said.
    if given.output is not None and not (run.status == "error" and _is_empty(given.output)):
        row["output"] = given.output
    if len(given.candidates) > 1:
        metadata["candidates"] = given.candidates


def _is_empty(message: Json) -> bool:
    return isinstance(message, dict) and not message.get("content") and "tool_calls" not in message


def _asked(run: Run, shape: Shape) -> Json:
    if run.kind == "chat" and isinstance(run.inputs, list | tuple):
        return list(messages(run.inputs, keep_media=shape.keep_media))
    return json_value(run.inputs, keep_media=shape.keep_media)


def _add_content(row: Row, run: Run, shape: Shape) -> None:
    if not shape.content:
        return
    metadata = row["metadata"]
    if run.is_root:
        view = root_view(
            run,
            input_key=shape.input_key,
            output_key=shape.output_key,
            conversation=shape.messages,
            keep_media=shape.keep_media,
        )
        if shape.trajectory and (steps := run.trace.totals.trajectory):
            metadata["trajectory"] = json_value(steps)
        if shape.retrieved_documents and run.trace.totals.documents:
            metadata["retrieved_documents"] = json_value(run.trace.totals.documents)
    else:
        view = RootView(
            json_value(run.inputs, keep_media=shape.keep_media),
            answer(run.outputs, keep_media=shape.keep_media)
            if run.kind == "tool"
            else json_value(run.outputs, keep_media=shape.keep_media),
        )
    row["input"] = view.input
    if view.output is not None:
        row["output"] = view.output
    if run.call_id is not None:
        metadata["tool_call_id"] = run.call_id


def _allowed(value: Json) -> Json:
    """The platform takes text, objects and lists; never null, a number or a boolean."""
    if isinstance(value, str | dict | list):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
