"""The content of a row: input and output, the trajectory, and the retrieved documents."""

from langchain_core.outputs import LLMResult

from respan_langchain.rows.root_io import RootIO, root_input, root_io
from respan_langchain.rows.row_start import AGENT_NAME_KEY
from respan_langchain.rows.schema import Row, RowDraft, RowOptions, not_replayable
from respan_langchain.rows.tool_calls import tool_output
from respan_langchain.serialization.json_value import Json, documents_of_row, json_value
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.run import Run


def add_content(draft: RowDraft, options: RowOptions, serializer: ContentSerializer) -> None:
    """Add the content of a run to its row, unless the handler captures no content."""
    run, row = draft.run, draft.row
    if not options.content:
        row["metadata"] |= not_replayable("input was not captured")
        return
    if run.kind in ("chat", "llm") and draft.model_call is not None:
        _add_conversation(row, run, serializer)
    elif run.is_root:
        _add_root(row, run, options, serializer)
    else:
        _add_view(row, _step_view(run, serializer))
    if run.call_id is not None:
        row["metadata"]["tool_call_id"] = run.call_id
    expected = draft.settings.expected_output
    if expected is not None:
        row["expected_output"] = allowed_value(json_value(expected))


def _add_conversation(row: Row, run: Run, serializer: ContentSerializer) -> None:
    row["input"] = allowed_value(_prompt(run, serializer))
    if not isinstance(run.outputs, LLMResult):
        if run.outputs is not None:  # a model that LangChain runs as a chain
            row["output"] = allowed_value(serializer.value(run.outputs))
        return
    candidates = serializer.candidates(run.outputs)
    answer = candidates[0] if candidates else None
    if isinstance(answer, dict) and answer.get("name") == run.metadata.get(AGENT_NAME_KEY):
        # `create_agent` writes its name into the answer after the call, at times before this.
        answer.pop("name", None)
    # LangChain reports a rejected request with an empty message, which is no answer.
    if answer is not None and not (run.status == "error" and _is_empty(answer)):
        row["output"] = allowed_value(answer)
    if len(candidates) > 1:
        row["metadata"]["candidates"] = candidates


def shown_input(root: Run, options: RowOptions) -> Json:
    """Return what the row of a root shows as its input; empty without content."""
    if not options.content:
        return ""
    serializer = ContentSerializer(keep_media=options.keep_media)
    if root.kind in ("chat", "llm"):
        return allowed_value(_prompt(root, serializer))
    return allowed_value(root_input(root, options, serializer))


def _is_empty(message: Json) -> bool:
    return isinstance(message, dict) and not message.get("content") and "tool_calls" not in message


def _prompt(run: Run, serializer: ContentSerializer) -> Json:
    if run.kind == "chat" and isinstance(run.inputs, (list, tuple)):
        return list(serializer.messages(run.inputs))
    return serializer.value(run.inputs)


def _add_root(row: Row, run: Run, options: RowOptions, serializer: ContentSerializer) -> None:
    view = root_io(run, options, serializer)
    _add_view(row, view)
    totals = run.trace.totals
    if options.trajectory and totals.steps:
        row["metadata"]["trajectory"] = json_value(totals.trajectory)
    if options.retrieved_documents and totals.documents:
        row["metadata"]["retrieved_documents"] = documents_of_row(totals.documents)
    if options.retrieved_documents and totals.queries:
        row["metadata"]["retrievals"] = json_value(totals.retrievals)


def _step_view(run: Run, serializer: ContentSerializer) -> RootIO:
    given = (
        tool_output(run.outputs, serializer, call_id=run.call_id)
        if run.kind == "tool"
        else serializer.value(run.outputs)
    )
    return RootIO(serializer.value(run.inputs), given)


def _add_view(row: Row, view: RootIO) -> None:
    row["input"] = allowed_value(view.input)
    if view.output is not None:
        row["output"] = allowed_value(view.output)


def allowed_value(value: Json) -> Json:
    """Return a value that the platform accepts: text, an object or a list."""
    if isinstance(value, (str, dict, list)):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
