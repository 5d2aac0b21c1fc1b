"""One message as OpenAI's schema has it, whoever made it: LangChain, a dict, a tuple.

Roles are the platform's: `user assistant system tool developer`; whoever is none of them gets the
role `none`, with their own in `original_role`. `content` is a string, or parts where a string
cannot carry it. Beside it stand, where there are any: `name`, `tool_calls`, `tool_call_id`,
`status` (of a failed tool), `invalid_tool_calls`, `server_tool_calls`, `refusal`,
`reasoning_content`, `annotations`, `audio`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from respan_langchain.serialization.content_blocks import Parts, reasoning_in
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.walker import Walk, text

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
_KNOWN_FIELDS: Final = frozenset({
    "content", "additional_kwargs", "response_metadata", "type", "name", "id", "role", "example",
    "status", "tool_calls", "invalid_tool_calls", "usage_metadata", "tool_call_chunks",
    "tool_call_id", "artifact", "chunk_position", "refusal", "audio", "annotations", "citations",
    "reasoning_content",
})  # fmt: skip
_PLAIN: Final = frozenset(
    {"content", "additional_kwargs", "response_metadata", "type", "name", "id"}
)


def message(value: Any, walk: Walk) -> dict[str, Json]:
    """A LangChain message; its fields are read as they stand, without pydantic."""
    turn = plain(value, keep_media=walk.keep_media)
    if turn is not None:
        return turn
    fields, extra = value.__dict__, value.__pydantic_extra__
    return from_fields({**fields, **extra} if extra else fields, walk)


def plain(value: Any, *, keep_media: bool) -> dict[str, Json] | None:
    """A message that is a role and a text, as most are; None when there is more to it."""
    try:
        fields: dict[str, Any] = value.__dict__
        kind, content = fields["type"], fields["content"]
        if (
            type(content) is not str
            or fields["additional_kwargs"]
            or fields["name"] is not None
            or value.__pydantic_extra__
        ):
            return None
        if kind == "ai":
            if fields["tool_calls"] or fields["invalid_tool_calls"] or len(fields) > _AI_FIELDS:
                return None
        elif kind not in _SPOKEN or len(fields) > len(_PLAIN):
            return None
    except Exception:  # noqa: BLE001 - a message class of the app's own, or one half made
        return None
    return {"role": ROLES[kind], "content": text(content, keep_media=keep_media)}


_AI_FIELDS: Final = 9
"""Fields of LangChain's AIMessage; a class with more has something of its own to tell."""
_SPOKEN: Final = frozenset({"human", "system"})


def from_fields(fields: Mapping[Any, Any], walk: Walk) -> dict[str, Json]:
    """A message from its fields, LangChain's or OpenAI's."""
    role = fields.get("role") or fields.get("type") or "none"
    kwargs = fields.get("additional_kwargs")
    shaped: dict[str, Json] = {"role": _role(role, kwargs)}
    if shaped["role"] == "none" and role != "none":
        shaped["original_role"] = walk.value(role)
    content = fields.get("content")
    parts = None
    if type(content) is str:
        shaped["content"] = walk.text(content)
    else:
        parts = Parts(walk)
        parts.read(content)
        shaped["content"] = parts.content(joined=shaped["role"] == "assistant")
    if fields.get("name") is not None:
        shaped["name"] = walk.value(fields["name"])
    _add_more(shaped, fields, parts or Parts(walk), walk)
    return shaped


def envelope(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The fields in a dict that stands for a message; None when it does not.

    Known are OpenAI's form, LangChain's (`type` and `content`), `message_to_dict` (`type` and
    `data`) and `dumpd` (`lc`, `id` and `kwargs`).
    """
    if "content" in value or "tool_calls" in value:
        role, kind = value.get("role"), value.get("type")
        if role is None:
            return value if isinstance(kind, str) and kind in _TYPES else None
        return value if isinstance(role, str) and role in ROLES else None
    kind, inner = value.get("type"), value.get("data")
    if kind == "constructor":
        inner, path = value.get("kwargs"), value.get("id")
        if not (
            isinstance(path, list) and path and str(path[-1]).endswith(("Message", "MessageChunk"))
        ):
            return None
        kind = _CLASS_TYPES.get(str(path[-1]).removesuffix("Chunk"))
    if isinstance(kind, str) and kind in ROLES and isinstance(inner, dict) and "content" in inner:
        return {"type": kind, **inner}
    return None


def pair(value: Any) -> tuple[str, Any] | None:
    """The role and content in a tuple such as `("user", "hi")`; None when it is not one."""
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in ROLES
    ):
        return value[0], value[1]
    return None


_TYPES: Final = frozenset(ROLES) - {"model", "user", "assistant", "developer", "none"}
_CLASS_TYPES: Final = {
    "HumanMessage": "human",
    "AIMessage": "ai",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "function",
}


def _role(role: Any, kwargs: Any) -> str:
    if type(kwargs) is dict and kwargs.get("__openai_role__") == "developer":
        return "developer"
    return ROLES.get(role, "none") if isinstance(role, str) else "none"


def _add_more(shaped: dict[str, Json], fields: Mapping[Any, Any], parts: Parts, walk: Walk) -> None:
    if (
        fields.keys() <= _PLAIN
        and not fields.get("additional_kwargs")
        and not parts.found
        and shaped["role"] != "none"
    ):
        return
    kwargs = fields.get("additional_kwargs")
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    _add_tool_calls(shaped, fields, kwargs, parts, walk)
    _add_result(shaped, fields, walk)
    _add_said(shaped, fields, kwargs, parts, walk)
    for name in fields:
        if name not in _KNOWN_FIELDS:
            shaped[walk.key(name)] = walk.value(fields[name])


def _add_tool_calls(
    shaped: dict[str, Json],
    fields: Mapping[Any, Any],
    kwargs: Mapping[Any, Any],
    parts: Parts,
    walk: Walk,
) -> None:
    calls = [tool_call(call, walk) for call in _listed(fields.get("tool_calls"))]
    broken = [tool_call(call, walk) for call in _listed(fields.get("invalid_tool_calls"))]
    if parts.calls:
        known = [call["id"] for call in calls + broken]
        in_blocks = [tool_call(call, walk) for call in parts.calls]
        calls += [
            call
            for call in in_blocks
            if call["id"] not in known and not (call["id"] is None and known)
        ]
    if not calls and isinstance(kwargs.get("function_call"), dict):
        calls.append(tool_call({"id": None, **kwargs["function_call"]}, walk))
    if calls:
        shaped["tool_calls"] = list(calls)
    if broken:
        shaped["invalid_tool_calls"] = list(broken)
    served = parts.server_calls + [walk.value(call) for call in _listed(kwargs.get("tool_outputs"))]
    if served:
        shaped["server_tool_calls"] = served


def tool_call(call: Any, walk: Walk) -> dict[str, Json]:
    """A tool call with its arguments as a JSON string, from any of the forms that are about."""
    if not isinstance(call, dict):
        return {
            "id": None,
            "type": "function",
            "function": {"name": None, "arguments": _arguments(call, walk)},
        }
    function = call.get("function")
    source = function if isinstance(function, dict) else call
    arguments = _first(source, "args", "arguments", "input", "partial_json")
    shaped: dict[str, Json] = {
        "id": walk.value(_first(call, "call_id", "id")),
        "type": "function",
        "function": {
            "name": walk.value(source.get("name")),
            "arguments": _arguments(arguments, walk),
        },
    }
    if call.get("error") is not None:
        shaped["error"] = walk.value(call["error"])
    return shaped


def _arguments(arguments: Any, walk: Walk) -> Json:
    if isinstance(arguments, str):
        return walk.value(arguments)
    shaped = walk.value({} if arguments is None else arguments)
    return orjson.dumps(shaped).decode()


def _add_result(shaped: dict[str, Json], fields: Mapping[Any, Any], walk: Walk) -> None:
    if fields.get("tool_call_id") is not None:
        shaped["tool_call_id"] = walk.value(fields["tool_call_id"])
    if _is("error", fields.get("status")):
        shaped["status"] = "error"
    if shaped["role"] == "none" and fields.get("id") is not None:
        shaped["id"] = walk.value(fields["id"])


def _add_said(
    shaped: dict[str, Json],
    fields: Mapping[Any, Any],
    kwargs: Mapping[Any, Any],
    parts: Parts,
    walk: Walk,
) -> None:
    refusal = parts.refusal or _first(kwargs, "refusal") or _first(fields, "refusal")
    if isinstance(refusal, str) and refusal:
        shaped["refusal"] = walk.value(refusal)
    reasoning = parts.reasoning or reasoning_in(_first(kwargs, "reasoning_content", "reasoning"))
    reasoning = reasoning or reasoning_in(fields.get("reasoning_content"))
    if reasoning:
        shaped["reasoning_content"] = walk.value(reasoning)
    cited = [*parts.annotations, *_cited(fields, walk), *_cited(kwargs, walk)]
    if cited:
        shaped["annotations"] = cited
    audio = _first(kwargs, "audio") or fields.get("audio")
    if isinstance(audio, dict):
        shaped["audio"] = walk.value(audio)


def _cited(fields: Mapping[Any, Any], walk: Walk) -> list[Json]:
    return [
        walk.value(citation)
        for name in ("annotations", "citations")
        for citation in _listed(fields.get(name))
    ]


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()


def _first(fields: Mapping[Any, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _is(word: str, value: object) -> bool:
    return isinstance(value, str) and value == word
