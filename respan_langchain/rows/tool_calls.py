"""What a tool was asked and what it answered, as its own row and its root's trajectory show it.

A tool that is called by a model answers with a message; its content is the answer, the rest of it
repeats what the row says already. Where content is frozen at once, the message is a dict by now.
"""

from langchain_core.outputs import LLMResult

from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import get_message_fields, get_role, serialize_messages
from respan_langchain.tracing.run import Run


def tool_output(outputs: object, *, keep_media: bool = False) -> Json:
    """What a tool answered; None for nothing."""
    if _is_message(outputs):
        return serialize_messages([outputs], keep_media=keep_media)[0]["content"]
    return json_value(outputs, keep_media=keep_media)


def _is_message(outputs: object) -> bool:
    return get_role(outputs) == "tool" and "tool_call_id" in get_message_fields(outputs)


def tool_call_id(run: Run) -> str | None:
    """Which tool call a run answers; langchain-core 1.0 says so only in the tool's message."""
    if run.call_id is not None or not _is_message(run.outputs):
        return run.call_id
    call_id = get_message_fields(run.outputs)["tool_call_id"]
    return call_id if isinstance(call_id, str) else None


def returned_error(run: Run) -> bool:
    """Whether a tool told the model that it failed, instead of raising."""
    if run.kind != "tool" or not _is_message(run.outputs):
        return False
    status = get_message_fields(run.outputs).get("status")
    return type(status) is str and status == "error"


def tool_failed(run: Run) -> bool:
    """Whether a tool failed, in either way."""
    return run.status == "error" or returned_error(run)


def requested_call_ids(outputs: object) -> list[str]:
    """The ids of the tool calls in a model's answer, in their order."""
    answers = outputs.generations if isinstance(outputs, LLMResult) else []
    first = answers[0][0] if answers and answers[0] else None
    calls = getattr(getattr(first, "message", None), "tool_calls", None) or ()
    return [call["id"] for call in calls if isinstance(call.get("id"), str)]


def trajectory_step(run: Run) -> dict[str, object]:
    """One tool call as the trajectory shows it."""
    told: dict[str, object] = {"tool": run.name, "input": json_value(run.inputs)}
    if run.call_id is not None:
        told["tool_call_id"] = run.call_id
    if run.failure is not None and run.status == "error":
        told["error"] = f"{run.failure.type}: {run.failure.message}"
    elif run.status == "success":
        told["output"] = tool_output(run.outputs)
    if run.status != "success" or tool_failed(run):
        told["status"] = "error" if tool_failed(run) else run.status
    return told
