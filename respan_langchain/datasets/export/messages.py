"""The conversation of a row: its question, its messages, their text. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from respan_langchain._display import is_conversation, is_message
from respan_langchain.datasets.export.rows import json_text

QUESTION_KEYS: Final = ("question", "input", "query", "text", "prompt")
"""Keys that chains use for the question."""


MESSAGE_FIELDS: Final = ("role", "content", "tool_calls", "tool_call_id")


def build_conversation(row: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """Return the messages of a row's input and output, all with the same text fields.

    `tool_calls` is JSON; it and `tool_call_id` are None in messages without them.

    >>> build_conversation({"input": "Where?", "output": "Here."})[1]["content"]
    'Here.'
    """
    messages = [*to_messages(row["input"]), *to_answer(row.get("output"))]
    return [_flatten(message) for message in messages]


def _flatten(message: Mapping[str, Any]) -> dict[str, str | None]:
    content, calls = message.get("content"), message.get("tool_calls")
    return {
        "role": str(message["role"]),
        "content": None if content is None else to_plain_text(content),
        "tool_calls": json_text(calls) if calls else None,
        "tool_call_id": message.get("tool_call_id"),
    }


def to_messages(value: Any) -> list[Any]:
    """Return a conversation as it is, and any other value as a message of the user."""
    return value if is_conversation(value) else [{"role": "user", "content": to_question(value)}]


def to_answer(output: Any) -> list[Any]:
    """Return an output as messages: a conversation as it is, any other value as the assistant's."""
    if output is None or is_conversation(output):
        return output or []
    answer = output if is_message(output) else {"content": to_plain_text(output)}
    return [{"role": "assistant", **answer}]


class ToolCall(NamedTuple):
    """A tool call of a message."""

    id: Any
    name: Any
    arguments: dict[str, Any]
    """Parsed; broken JSON is under the key `arguments`."""


def read_tool_calls(message: Mapping[str, Any]) -> list[ToolCall]:
    """Return the tool calls of a message."""
    calls = message.get("tool_calls")
    return [_read_call(call) for call in calls or () if isinstance(call, Mapping)]


def _read_call(call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    arguments = function.get("arguments")
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        parsed = None
    values = parsed if isinstance(parsed, dict) else {"arguments": arguments}
    return ToolCall(call.get("id"), function.get("name"), values)


def to_question(value: Any) -> str:
    """Return the question: the last user message, or the value of a common key."""
    if is_conversation(value):
        questions = [each for each in value if each["role"] == "user"]
        return to_plain_text((questions or value)[-1])
    if isinstance(value, Mapping):
        for key in (*QUESTION_KEYS, *value) if len(value) == 1 else QUESTION_KEYS:
            if isinstance(value.get(key), str):
                return str(value[key])
    return to_plain_text(value)


def to_plain_text(value: Any) -> str:
    """Return a message's text, the text of content parts, or JSON."""
    if (
        isinstance(value, Mapping)
        and "role" in value
        and isinstance(value.get("content"), str | list)
    ):
        return to_plain_text(value["content"])
    if (
        isinstance(value, list)
        and value
        and all(isinstance(part, Mapping) and "type" in part for part in value)
    ):
        texts = [part["text"] for part in value if isinstance(part.get("text"), str)]
        return "\n".join(texts) if texts else json_text(value)
    return value if isinstance(value, str) else json_text(value)
