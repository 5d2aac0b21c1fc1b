"""Tool calls: what a model requested, what a tool returned, and both as a step of a trajectory.

A tool that a model calls returns a message, or commands that contain one. Its content is the
output; its other fields are in the row already. With `copy="deep"` messages are dicts.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from respan_langchain._foreign_code import safe_call
from respan_langchain._untyped_values import as_list
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import (
    ContentSerializer,
    get_message_fields,
    parse_conversation,
    read_role,
)
from respan_langchain.tracing.graph_commands import command_update, is_command, is_copied_command
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.totals import RequestedCall

MAX_OUTPUTS: Final = 1_000
"""Values that are searched in a list that a tool returned."""


class ToolAnswer(NamedTuple):
    """A message that answers a tool call."""

    call_id: str
    message: object

    @property
    def failed(self) -> bool:
        """Whether it reports an error."""
        return _reports_error(self.message)


def tool_output(
    outputs: object, serializer: ContentSerializer, *, call_id: str | None = None
) -> Json:
    """Return what a tool returned: its message's content, or its value; None for nothing.

    A command's update of the conversation is left out: it would repeat it at every step.
    """
    message = tool_message(outputs, call_id)
    if message is not None:
        return serializer.messages([message])[0]["content"]
    if is_command(outputs) or is_copied_command(outputs):
        update = command_update(outputs)
        rest = {key: value for key, value in update.items() if key != "messages"}
        return serializer.value(rest) if rest else None
    return serializer.value(outputs)


def tool_message(outputs: object, call_id: str | None = None) -> object | None:
    """Find the message that answers a call in a tool's output.

    A command may update the whole conversation: the last message of a tool, if none has the id.
    """
    if _is_tool_message(outputs):
        return outputs
    messages = (one for part in _list_outputs(outputs) for one in _list_messages(part))
    found = list(filter(_is_tool_message, messages))
    exact = (one for one in found if get_message_fields(one).get("tool_call_id") == call_id)
    return next(exact, found[-1] if found else None)


def _list_outputs(outputs: object) -> Iterable[object]:
    # One level only, since a list may contain itself; and not by the iterator of a subclass.
    for kind in (list, tuple):
        if issubclass(type(outputs), kind):
            return islice(kind.__iter__(cast("Any", outputs)), MAX_OUTPUTS)
    return (outputs,)


def _list_messages(output: object) -> Iterable[object]:
    if is_command(output) or is_copied_command(output):
        return parse_conversation(command_update(output).get("messages")) or ()
    return (output,)


def _is_tool_message(value: object) -> bool:
    fields = get_message_fields(value)
    return "tool_call_id" in fields and read_role(fields) == "tool"


def tool_call_id(run: Run) -> str | None:
    """Return the id of the call that a run answers; core 1.0 has it only in the tool's message."""
    if run.call_id is not None:
        return run.call_id
    call_id = get_message_fields(tool_message(run.outputs)).get("tool_call_id")
    return call_id if isinstance(call_id, str) else None


def returned_error(run: Run) -> bool:
    """Whether a tool reported a failure to the model instead of raising."""
    return run.kind == "tool" and _reports_error(tool_message(run.outputs, run.call_id))


def _reports_error(message: object) -> bool:
    status = get_message_fields(message).get("status")
    return type(status) is str and status == "error"


def tool_failed(run: Run) -> bool:
    """Whether a tool failed, in either way."""
    return run.status == "error" or returned_error(run)


def returned_documents(outputs: object) -> list[object]:
    """Return the documents in the artifact of a tool's message; none where it has no such."""
    artifact = get_message_fields(tool_message(outputs)).get("artifact")
    found: list[object] = list(artifact) if isinstance(artifact, list | tuple) else [artifact]
    return found if all(map(_is_document, found)) else []


def _is_document(value: Any) -> bool:
    return hasattr(type(value), "model_fields") and "page_content" in type(value).model_fields


def get_requested_calls(message: object, at: float) -> dict[str, RequestedCall]:
    """Return the tool calls in a model's answer of that time by their ids, malformed ones last."""
    calls = [
        *as_list(getattr(message, "tool_calls", None)),
        *as_list(getattr(message, "invalid_tool_calls", None)),
    ]
    if not calls:
        return {}
    return {
        call["id"]: RequestedCall(
            call["id"], call.get("name"), call.get("args"), call.get("error"), (at, number)
        )
        for number, call in enumerate(calls)
        if isinstance(call, dict) and isinstance(call.get("id"), str)
    }


def get_tool_answers(messages: Sequence[object]) -> list[ToolAnswer]:
    """Return the messages in a conversation that answer tool calls."""
    found = [
        (get_message_fields(one).get("tool_call_id"), one)
        for one in messages
        if safe_call(_is_tool_message, one) is True
    ]
    return [ToolAnswer(call_id, one) for call_id, one in found if isinstance(call_id, str)]


def trajectory_step(run: Run) -> dict[str, object]:
    """Show one tool call as a step."""
    shown: dict[str, object] = {"tool": run.name, "input": json_value(run.inputs)}
    if run.call_id is not None:
        shown["tool_call_id"] = run.call_id
    if run.exception is not None and run.status == "error":
        shown["error"] = f"{run.exception.type}: {run.exception.message}"
    elif run.status == "success":
        shown["output"] = tool_output(run.outputs, ContentSerializer(), call_id=run.call_id)
    if run.status != "success" or tool_failed(run):
        shown["status"] = "error" if tool_failed(run) else run.status
    return shown


def retriever_query(run: Run) -> dict[str, object]:
    """Show the call of a retriever, without the documents that it found."""
    shown: dict[str, object] = {"name": run.name, "input": json_value(run.inputs)}
    if run.exception is not None and run.status == "error":
        shown["error"] = f"{run.exception.type}: {run.exception.message}"
    return shown


def answered_step(answer: ToolAnswer, call: RequestedCall) -> dict[str, object]:
    """Show a call that was answered although no tool ran."""
    shown = _request(call)
    shown["output"] = tool_output(answer.message, ContentSerializer())
    if answer.failed:
        shown["status"] = "error"
    return shown


def failed_request_step(call: RequestedCall) -> dict[str, object]:
    """Show a malformed call that nothing answered."""
    return {**_request(call), "error": json_value(call.error), "status": "error"}


def _request(call: RequestedCall) -> dict[str, object]:
    shown = {"tool": json_value(call.name), "input": json_value(call.args)}
    return {**shown, "tool_call_id": call.call_id}
