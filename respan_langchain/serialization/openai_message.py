"""One message in OpenAI's schema, given as a LangChain message, a dict or a pair.

Roles are the platform's: `user assistant system tool developer`; any other becomes `none`, with
the original in `original_role`. `content` is a string, or parts where a string cannot hold it.
Beside it stand, where there are any: `name`, `tool_calls`, `invalid_tool_calls`,
`server_tool_calls`, `tool_call_id`, `status` (of a failed tool), `source` (of a message that
middleware wrote), `refusal`, `reasoning_content`, `annotations`, `audio`.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from respan_langchain._untyped_values import as_list, as_mapping
from respan_langchain.serialization.citations import grounding_citations, serialize_citations
from respan_langchain.serialization.content_blocks import MessageParts
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.message_forms import ROLES
from respan_langchain.serialization.reasoning import extract_reasoning, reasoning_of_kwargs
from respan_langchain.serialization.serializer import MIN_MEDIA_TEXT, Serializer, serialize_text
from respan_langchain.serialization.server_tools import without_stream_position
from respan_langchain.serialization.tool_calls import serialize_tool_calls

Fields: TypeAlias = Mapping[Any, Any]
"""The fields of a message, as LangChain or OpenAI names them."""
Message: TypeAlias = dict[str, Json]
"""A message in OpenAI's schema."""

_KNOWN_FIELDS: Final = frozenset({
    "content", "additional_kwargs", "response_metadata", "type", "name", "id", "role", "example",
    "status", "tool_calls", "invalid_tool_calls", "usage_metadata", "tool_call_chunks",
    "tool_call_id", "artifact", "chunk_position", "refusal", "audio", "annotations", "citations",
    "reasoning_content",
})  # fmt: skip
_PLAIN_FIELDS: Final = frozenset(
    {"content", "additional_kwargs", "response_metadata", "type", "name", "id"}
)
_PLAIN_TYPES: Final = frozenset({"human", "system"})
_AI_FIELD_COUNT: Final = 9
"""Fields of LangChain's AIMessage; a subclass with more has content of its own."""
_GROUNDING: Final = "grounding_metadata"
SERVER_TOOL_KWARGS: Final = ("tool_outputs", "executed_tools")


def serialize_message(value: Any, serializer: Serializer) -> Message:
    """Serialize a LangChain message; its fields are read directly, without pydantic."""
    message = serialize_plain_message(value, keep_media=serializer.keep_media)
    if message is not None:
        return message
    fields, extra = value.__dict__, value.__pydantic_extra__
    return message_from_fields({**fields, **extra} if extra else fields, serializer)


def serialize_plain_message(value: Any, *, keep_media: bool) -> Message | None:
    """Serialize a message that has only a role and a text, as most have; None for any other."""
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
                or _GROUNDING in fields["response_metadata"]
            ):
                return None
        elif kind not in _PLAIN_TYPES or len(fields) > len(_PLAIN_FIELDS):
            return None
    except Exception:  # noqa: BLE001  # the app's own message class, or an incomplete message
        return None
    if len(content) >= MIN_MEDIA_TEXT or not content.isascii():
        return {"role": ROLES[kind], "content": serialize_text(content, keep_media=keep_media)}
    return {"role": ROLES[kind], "content": content}


def message_from_fields(fields: Fields, serializer: Serializer) -> Message:
    """Serialize a message from its fields, LangChain's or OpenAI's."""
    role = fields.get("role") or fields.get("type") or "none"
    kwargs = as_mapping(fields.get("additional_kwargs"))
    message: Message = {"role": _get_role(role, kwargs)}
    if message["role"] == "none" and role != "none":
        message["original_role"] = serializer.serialize(role)
    content = fields.get("content")
    parts = MessageParts(serializer, message["role"] == "assistant")
    if type(content) is str:
        message["content"] = serializer.serialize_text(content)
    else:
        parts.add_content(content)
        message["content"] = parts.content
    if fields.get("name") is not None:
        message["name"] = serializer.serialize(fields["name"])
    is_plain = type(content) is str and not kwargs and fields.keys() <= _PLAIN_FIELDS
    if not is_plain or message["role"] == "none":
        source = kwargs.get("lc_source")
        if isinstance(source, str) and source:
            message["source"] = serializer.serialize(source)
        _add_tools(message, fields, kwargs, parts)
        _add_answer(message, fields, kwargs, parts)
        for name in fields:
            if name not in _KNOWN_FIELDS:
                message[serializer.serialize_key(name)] = serializer.serialize(fields[name])
    return message


def _get_role(role: Any, kwargs: Fields) -> str:
    if kwargs.get("__openai_role__") == "developer":
        return "developer"
    return ROLES.get(role, "none") if isinstance(role, str) else "none"


def _add_tools(message: Message, fields: Fields, kwargs: Fields, parts: MessageParts) -> None:
    serializer = parts.serializer
    valid, invalid = serialize_tool_calls(fields, kwargs, parts.tool_calls, serializer)
    own = [as_mapping(call).get("id") for call in valid]
    from_server = [
        call
        for call in parts.server_tool_calls
        if (call_id := as_mapping(call).get("id")) is None or call_id not in own
    ]
    from_server += [
        serializer.serialize(without_stream_position(call))
        for name in SERVER_TOOL_KWARGS
        for call in as_list(kwargs.get(name))
    ]
    if valid:
        message["tool_calls"] = valid
    if invalid:
        message["invalid_tool_calls"] = invalid
    if from_server:
        message["server_tool_calls"] = from_server
    if fields.get("tool_call_id") is not None:
        message["tool_call_id"] = serializer.serialize(fields["tool_call_id"])
    status = fields.get("status")
    if isinstance(status, str) and status == "error":
        message["status"] = "error"
    if message["role"] == "none" and fields.get("id") is not None:
        message["id"] = serializer.serialize(fields["id"])


def _add_answer(message: Message, fields: Fields, kwargs: Fields, parts: MessageParts) -> None:
    serializer = parts.serializer
    refusal = parts.refusal or kwargs.get("refusal") or fields.get("refusal")
    if isinstance(refusal, str) and refusal:
        message["refusal"] = serializer.serialize(refusal)
    reasoning = parts.reasoning or reasoning_of_kwargs(kwargs)
    reasoning = reasoning or extract_reasoning(fields.get("reasoning_content"))
    if reasoning:
        message["reasoning_content"] = serializer.serialize(reasoning)
    grounding = as_mapping(fields.get("response_metadata")).get(_GROUNDING)
    cited = [
        *parts.annotations,
        *serialize_citations(fields, serializer),
        *serialize_citations(kwargs, serializer),
        *grounding_citations(grounding, message["content"], serializer),
    ]
    if cited:
        message["annotations"] = cited
    audio = kwargs.get("audio") or fields.get("audio")
    if isinstance(audio, dict | bytes):
        message["audio"] = serializer.serialize(audio)
