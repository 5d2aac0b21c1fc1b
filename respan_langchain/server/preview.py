"""What a log says, as text for people: of any JSON value, the words that matter."""

from collections.abc import Mapping
from typing import Any, TypeGuard

import orjson


def parse_stored(text: str | None) -> Any:
    """Read stored JSON; what was cut off and is none any more is shown as it is."""
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def pretty(value: Any) -> str:
    """Write JSON on several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def preview(value: Any, max_length: int = 220) -> str:
    """Say in one line what a value is about: of a conversation, its last words."""
    words = " ".join(_to_text(value)[: max_length * 4].split())
    return words if len(words) <= max_length else f"{words[: max_length - 1]}\u2026"


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _list_to_text(value)
    if isinstance(value, Mapping):
        return _object_to_text(value)
    return orjson.dumps(value).decode()


def _list_to_text(values: list[Any]) -> str:
    if is_conversation(values):
        asked = [message for message in values if message.get("role") in {"user", "none"}]
        return _object_to_text((asked or values)[-1])
    return " · ".join(_to_text(value) for value in values[:8])


def _object_to_text(value: Mapping[str, Any]) -> str:
    content = value.get("content")
    calls = value.get("tool_calls")
    if content:
        return content if isinstance(content, str) else _parts_to_text(content)
    if isinstance(calls, list) and calls:
        return ", ".join(f"{parse_call(call)[0]}({parse_call(call)[1]})" for call in calls[:4])
    if "page_content" in value:
        return _to_text(value["page_content"])
    if len(value) == 1:
        return _to_text(next(iter(value.values())))
    return ", ".join(f"{key}: {_to_text(inner)}" for key, inner in list(value.items())[:8])


def _parts_to_text(parts: Any) -> str:
    if not isinstance(parts, list):
        return _to_text(parts)
    texts = [part.get("text", "") if isinstance(part, Mapping) else part for part in parts]
    return " ".join(text for text in texts if isinstance(text, str))


def is_conversation(value: Any) -> bool:
    """Tell whether a value is a list of messages."""
    return isinstance(value, list) and bool(value) and all(is_message(one) for one in value)


def is_message(value: Any) -> bool:
    """Tell whether a value is one message."""
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def are_documents(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Tell whether a value is what a retriever found."""
    return isinstance(value, list) and bool(value) and all(_is_document(one) for one in value)


def _is_document(value: Any) -> bool:
    if not isinstance(value, Mapping) or "role" in value:
        return False
    return "page_content" in value or ("content" in value and "metadata" in value)


def parse_call(call: Any) -> tuple[str, str]:
    """Read a tool call: the function's name, and its arguments as they were written."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return "tool", orjson.dumps(call).decode()
    arguments = function.get("arguments", "")
    written = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return str(function.get("name", "tool")), written
