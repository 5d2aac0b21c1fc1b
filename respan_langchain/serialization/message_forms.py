"""The forms in which LangChain accepts a message: roles, dicts and pairs."""

from collections.abc import Mapping
from typing import Any, Final

ROLES: Final = {
    "human": "user",
    "user": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "SystemMessageChunk": "system",
    "developer": "developer",
    "tool": "tool",
    "ToolMessageChunk": "tool",
    "function": "tool",
    "FunctionMessageChunk": "tool",
    "none": "none",
}
"""The platform's role for each word that LangChain and OpenAI use."""
_MESSAGE_TYPES: Final = frozenset(ROLES) - {"model", "user", "assistant", "developer", "none"}
_TYPE_BY_CLASS: Final = {
    "HumanMessage": "human",
    "AIMessage": "ai",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "function",
}


def parse_message_dict(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """Return the fields in a dict that stands for a message; None if it does not.

    Accepts OpenAI's form, LangChain's (`type` and `content`), that of `message_to_dict` (`type`
    and `data`) and that of `dumpd` (`lc`, `id` and `kwargs`).
    """
    if "content" in value or "tool_calls" in value:
        role, kind = value.get("role"), value.get("type")
        if role is None:
            return value if isinstance(kind, str) and kind in _MESSAGE_TYPES else None
        return value if isinstance(role, str) and role in ROLES else None
    kind, inner = value.get("type"), value.get("data")
    if kind == "constructor":
        inner, path = value.get("kwargs"), value.get("id")
        if not (
            isinstance(path, list) and path and str(path[-1]).endswith(("Message", "MessageChunk"))
        ):
            return None
        kind = _TYPE_BY_CLASS.get(str(path[-1]).removesuffix("Chunk"))
    if isinstance(kind, str) and kind in ROLES and isinstance(inner, dict) and "content" in inner:
        return {"type": kind, **inner}
    return None


def parse_message_pair(value: Any) -> tuple[str, Any] | None:
    """Return the role and content of `("user", "hi")`; None for any other value.

    Among messages a list of two is a pair too: it was a tuple before it went through JSON.
    """
    if (
        issubclass(type(value), (tuple, list))
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in ROLES
    ):
        return value[0], value[1]
    return None
