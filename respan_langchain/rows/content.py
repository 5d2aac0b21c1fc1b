"""What was said: a row's input and output, and what else of its content the owner wants to see."""

from langchain_core.outputs import LLMResult

from respan_langchain.rows.identity import AGENT
from respan_langchain.rows.root_io import RootView, root_view
from respan_langchain.rows.schema import Draft, Row, Shape
from respan_langchain.rows.tool_calls import answer
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import serialize_generations, serialize_messages
from respan_langchain.tracing.run import Run


def add_said(draft: Draft, shape: Shape) -> None:
    """Add it, if there is to be any content at all."""
    if not shape.content:
        return
    run, call, model, _, row = draft
    if run.kind in ("chat", "llm") and model is not None:
        _add_conversation(row, run, shape)
    elif run.is_root:
        _add_root(row, run, shape)
    else:
        _add_view(row, _step_view(run, shape))
    if run.call_id is not None:
        row["metadata"]["tool_call_id"] = run.call_id
    if call.expected_output is not None:
        row["expected_output"] = _allowed(json_value(call.expected_output))


def _add_conversation(row: Row, run: Run, shape: Shape) -> None:
    row["input"] = _allowed(_asked(run, shape))
    if not isinstance(run.outputs, LLMResult):
        return
    given = serialize_generations(run.outputs, keep_media=shape.keep_media)
    if isinstance(given.output, dict) and given.output.get("name") == run.metadata.get(AGENT):
        # `create_agent` writes its name into the answer when the call is over, perhaps before this.
        given.output.pop("name", None)
    # A refused call comes with an empty message, which nobody said.
    if given.output is not None and not (run.status == "error" and _is_empty(given.output)):
        row["output"] = _allowed(given.output)
    if len(given.candidates) > 1:
        row["metadata"]["candidates"] = given.candidates


def _is_empty(message: Json) -> bool:
    return isinstance(message, dict) and not message.get("content") and "tool_calls" not in message


def _asked(run: Run, shape: Shape) -> Json:
    if run.kind == "chat" and isinstance(run.inputs, list | tuple):
        return list(serialize_messages(run.inputs, keep_media=shape.keep_media))
    return json_value(run.inputs, keep_media=shape.keep_media)


def _add_root(row: Row, run: Run, shape: Shape) -> None:
    view = root_view(
        run,
        input_key=shape.input_key,
        output_key=shape.output_key,
        conversation=shape.messages,
        keep_media=shape.keep_media,
    )
    _add_view(row, view)
    totals = run.trace.totals
    if shape.trajectory and totals.steps:
        row["metadata"]["trajectory"] = json_value(totals.trajectory)
    if shape.retrieved_documents and totals.documents:
        row["metadata"]["retrieved_documents"] = json_value(totals.documents)


def _step_view(run: Run, shape: Shape) -> RootView:
    given = (
        answer(run.outputs, keep_media=shape.keep_media)
        if run.kind == "tool"
        else json_value(run.outputs, keep_media=shape.keep_media)
    )
    return RootView(json_value(run.inputs, keep_media=shape.keep_media), given)


def _add_view(row: Row, view: RootView) -> None:
    row["input"] = _allowed(view.input)
    if view.output is not None:
        row["output"] = _allowed(view.output)


def _allowed(value: Json) -> Json:
    """The platform takes text, objects and lists; never null, a number or a boolean."""
    if isinstance(value, str | dict | list):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
