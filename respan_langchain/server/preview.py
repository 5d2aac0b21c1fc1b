"""What a log says, as text for people: of any JSON value, the words that matter."""

from collections.abc import Mapping
from typing import Any, TypeGuard

import orjson


def loaded(text: str | None) -> Any:
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


def preview(value: Any, longest: int = 220) -> str:
    """Say in one line what a value is about: of a conversation, its last words."""
    words = " ".join(_words(value)[: longest * 4].split())
    return words if len(words) <= longest else f"{words[: longest - 1]}\u2026"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _words_of_list(value)
    if isinstance(value, Mapping):
        return _words_of_object(value)
    return orjson.dumps(value).decode()


def _words_of_list(values: list[Any]) -> str:
    if is_conversation(values):
        asked = [message for message in values if message.get("role") in {"user", "none"}]
        return _words_of_object((asked or values)[-1])
    return " · ".join(_words(value) for value in values[:8])


def _words_of_object(value: Mapping[str, Any]) -> str:
    content = value.get("content")
    calls = value.get("tool_calls")
    if content:
        return content if isinstance(content, str) else _words_of_parts(content)
    if isinstance(calls, list) and calls:
        return ", ".join(f"{call_of(call)[0]}({call_of(call)[1]})" for call in calls[:4])
    if "page_content" in value:
        return _words(value["page_content"])
    if len(value) == 1:
        return _words(next(iter(value.values())))
    return ", ".join(f"{key}: {_words(inner)}" for key, inner in list(value.items())[:8])


def _words_of_parts(parts: Any) -> str:
    if not isinstance(parts, list):
        return _words(parts)
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


def call_of(call: Any) -> tuple[str, str]:
    """Read a tool call: the function's name, and its arguments as they were written."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return "tool", orjson.dumps(call).decode()
    arguments = function.get("arguments", "")
    written = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return str(function.get("name", "tool")), written
