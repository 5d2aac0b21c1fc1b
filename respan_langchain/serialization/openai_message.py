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

from respan_langchain.serialization.content_blocks import MessageParts, extract_reasoning
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer, serialize_text

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
_PLAIN_FIELDS: Final = frozenset(
    {"content", "additional_kwargs", "response_metadata", "type", "name", "id"}
)


def serialize_message(value: Any, serializer: Serializer) -> dict[str, Json]:
    """A LangChain message; its fields are read as they stand, without pydantic."""
    turn = serialize_plain_message(value, keep_media=serializer.keep_media)
    if turn is not None:
        return turn
    fields, extra = value.__dict__, value.__pydantic_extra__
    return message_from_fields({**fields, **extra} if extra else fields, serializer)


def serialize_plain_message(value: Any, *, keep_media: bool) -> dict[str, Json] | None:
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
            if (
                fields["tool_calls"]
                or fields["invalid_tool_calls"]
                or len(fields) > _AI_FIELD_COUNT
            ):
                return None
        elif kind not in _PLAIN_TYPES or len(fields) > len(_PLAIN_FIELDS):
            return None
    except Exception:  # noqa: BLE001 - a message class of the app's own, or one half made
        return None
    return {"role": ROLES[kind], "content": serialize_text(content, keep_media=keep_media)}


_AI_FIELD_COUNT: Final = 9
"""Fields of LangChain's AIMessage; a class with more has something of its own to tell."""
_PLAIN_TYPES: Final = frozenset({"human", "system"})


def message_from_fields(fields: Mapping[Any, Any], serializer: Serializer) -> dict[str, Json]:
    """A message from its fields, LangChain's or OpenAI's."""
    role = fields.get("role") or fields.get("type") or "none"
    kwargs = fields.get("additional_kwargs")
    shaped: dict[str, Json] = {"role": _get_role(role, kwargs)}
    if shaped["role"] == "none" and role != "none":
        shaped["original_role"] = serializer.serialize(role)
    content = fields.get("content")
    parts = None
    if type(content) is str:
        shaped["content"] = serializer.serialize_text(content)
    else:
        parts = MessageParts(serializer)
        parts.add_content(content)
        shaped["content"] = parts.content(joined=shaped["role"] == "assistant")
    if fields.get("name") is not None:
        shaped["name"] = serializer.serialize(fields["name"])
    _add_fields_beside_content(shaped, fields, parts or MessageParts(serializer), serializer)
    return shaped


def parse_message_dict(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The fields in a dict that stands for a message; None when it does not.

    Known are OpenAI's form, LangChain's (`type` and `content`), `message_to_dict` (`type` and
    `data`) and `dumpd` (`lc`, `id` and `kwargs`).
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
    """The role and content in a tuple such as `("user", "hi")`; None when it is not one."""
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in ROLES
    ):
        return value[0], value[1]
    return None


_MESSAGE_TYPES: Final = frozenset(ROLES) - {"model", "user", "assistant", "developer", "none"}
_TYPE_BY_CLASS: Final = {
    "HumanMessage": "human",
    "AIMessage": "ai",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "function",
}


def _get_role(role: Any, kwargs: Any) -> str:
    if type(kwargs) is dict and kwargs.get("__openai_role__") == "developer":
        return "developer"
    return ROLES.get(role, "none") if isinstance(role, str) else "none"


def _add_fields_beside_content(
    shaped: dict[str, Json], fields: Mapping[Any, Any], parts: MessageParts, serializer: Serializer
) -> None:
    if (
        fields.keys() <= _PLAIN_FIELDS
        and not fields.get("additional_kwargs")
        and not parts.has_more_than_content
        and shaped["role"] != "none"
    ):
        return
    kwargs = fields.get("additional_kwargs")
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    _add_tool_calls(shaped, fields, kwargs, parts, serializer)
    _add_tool_result_fields(shaped, fields, serializer)
    _add_answer_fields(shaped, fields, kwargs, parts, serializer)
    for name in fields:
        if name not in _KNOWN_FIELDS:
            shaped[serializer.serialize_key(name)] = serializer.serialize(fields[name])


def _add_tool_calls(
    shaped: dict[str, Json],
    fields: Mapping[Any, Any],
    kwargs: Mapping[Any, Any],
    parts: MessageParts,
    serializer: Serializer,
) -> None:
    calls = [serialize_tool_call(call, serializer) for call in _as_list(fields.get("tool_calls"))]
    broken = [
        serialize_tool_call(call, serializer) for call in _as_list(fields.get("invalid_tool_calls"))
    ]
    if parts.tool_calls:
        known = [call["id"] for call in calls + broken]
        in_blocks = [serialize_tool_call(call, serializer) for call in parts.tool_calls]
        calls += [
            call
            for call in in_blocks
            if call["id"] not in known and not (call["id"] is None and known)
        ]
    if not calls and isinstance(kwargs.get("function_call"), dict):
        calls.append(serialize_tool_call({"id": None, **kwargs["function_call"]}, serializer))
    if calls:
        shaped["tool_calls"] = list(calls)
    if broken:
        shaped["invalid_tool_calls"] = list(broken)
    served = parts.server_tool_calls + [
        serializer.serialize(call) for call in _as_list(kwargs.get("tool_outputs"))
    ]
    if served:
        shaped["server_tool_calls"] = served


def serialize_tool_call(call: Any, serializer: Serializer) -> dict[str, Json]:
    """A tool call with its arguments as a JSON string, from any of the forms that are about."""
    if not isinstance(call, dict):
        return {
            "id": None,
            "type": "function",
            "function": {"name": None, "arguments": _serialize_arguments(call, serializer)},
        }
    function = call.get("function")
    source = function if isinstance(function, dict) else call
    arguments = _first_known(source, "args", "arguments", "input", "partial_json")
    shaped: dict[str, Json] = {
        "id": serializer.serialize(_first_known(call, "call_id", "id")),
        "type": "function",
        "function": {
            "name": serializer.serialize(source.get("name")),
            "arguments": _serialize_arguments(arguments, serializer),
        },
    }
    if call.get("error") is not None:
        shaped["error"] = serializer.serialize(call["error"])
    return shaped


def _serialize_arguments(arguments: Any, serializer: Serializer) -> Json:
    if isinstance(arguments, str):
        return serializer.serialize(arguments)
    shaped = serializer.serialize({} if arguments is None else arguments)
    return orjson.dumps(shaped).decode()


def _add_tool_result_fields(
    shaped: dict[str, Json], fields: Mapping[Any, Any], serializer: Serializer
) -> None:
    if fields.get("tool_call_id") is not None:
        shaped["tool_call_id"] = serializer.serialize(fields["tool_call_id"])
    if _equals("error", fields.get("status")):
        shaped["status"] = "error"
    if shaped["role"] == "none" and fields.get("id") is not None:
        shaped["id"] = serializer.serialize(fields["id"])


def _add_answer_fields(
    shaped: dict[str, Json],
    fields: Mapping[Any, Any],
    kwargs: Mapping[Any, Any],
    parts: MessageParts,
    serializer: Serializer,
) -> None:
    refusal = parts.refusal or _first_known(kwargs, "refusal") or _first_known(fields, "refusal")
    if isinstance(refusal, str) and refusal:
        shaped["refusal"] = serializer.serialize(refusal)
    reasoning = parts.reasoning or extract_reasoning(
        _first_known(kwargs, "reasoning_content", "reasoning")
    )
    reasoning = reasoning or extract_reasoning(fields.get("reasoning_content"))
    if reasoning:
        shaped["reasoning_content"] = serializer.serialize(reasoning)
    cited = [
        *parts.annotations,
        *_serialize_citations(fields, serializer),
        *_serialize_citations(kwargs, serializer),
    ]
    if cited:
        shaped["annotations"] = cited
    audio = _first_known(kwargs, "audio") or fields.get("audio")
    if isinstance(audio, dict):
        shaped["audio"] = serializer.serialize(audio)


def _serialize_citations(fields: Mapping[Any, Any], serializer: Serializer) -> list[Json]:
    return [
        serializer.serialize(citation)
        for name in ("annotations", "citations")
        for citation in _as_list(fields.get(name))
    ]


def _as_list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()


def _first_known(fields: Mapping[Any, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _equals(word: str, value: object) -> bool:
    return isinstance(value, str) and value == word
