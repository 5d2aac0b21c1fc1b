"""Serializers of containers and objects: dicts, documents, models, dataclasses, arrays, bytes.

Fields are read from the object itself: `model_dump` and `asdict` copy, validate, and run the app's
code.
"""

from itertools import islice
from math import prod
from typing import Any, Final

from respan_langchain._untyped_values import as_mapping, first_known
from respan_langchain.serialization import media, message_forms, openai_message, scalars
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer

REDACTED: Final = "[redacted:secret]"
MAX_ARRAY_SIZE: Final = 2_000
"""Numbers of an array that are written out; a larger array is described by its shape."""
_CONVERSATION_KEYS: Final = frozenset({"messages", "chat_history", "history"})
_SCORE_KEYS: Final = ("score", "relevance_score", "similarity_score", "_score", "distance")
_SOURCE_KEYS: Final = ("source", "url", "file_path", "path", "link", "title")


def serialize_str_subclass(value: str, serializer: Serializer) -> Json:
    """Serialize an instance of a subclass of str, without calling its `__str__`."""
    return serializer.serialize_text(str.__str__(value))


def serialize_dict(value: dict[Any, Any], serializer: Serializer) -> Json:
    """Serialize a dict, which may stand for a message or hold a conversation."""
    pairs = list(dict.items(value))
    if ("role" in value or "type" in value) and (
        fields := message_forms.parse_message_dict(value)
    ) is not None:
        return openai_message.message_from_fields(fields, serializer)
    if not _CONVERSATION_KEYS.isdisjoint(value):
        pairs = [(name, _conversation_at(name, inner)) for name, inner in pairs]
    return serializer.serialize_pairs(pairs)


def serialize_sequence(value: Any, serializer: Serializer) -> Json:
    """Serialize a list, a tuple, or another sequence that iteration does not consume."""
    return serializer.serialize_values(value)


def serialize_set(value: Any, serializer: Serializer) -> Json:
    """Serialize a set, sorted if it holds only strings, so that equal sets give equal rows."""
    shaped = serializer.serialize_values(list(value))
    if all(isinstance(item, str) for item in shaped):
        shaped.sort(key=str)
    return shaped


class Conversation:
    """Marks a list as messages, in which a tuple stands for a message too."""

    __slots__ = ("messages",)

    def __init__(self, messages: Any) -> None:
        self.messages = messages


def _conversation_at(name: object, value: Any) -> Any:
    if name not in _CONVERSATION_KEYS or not isinstance(value, (list, tuple)):
        return value
    if isinstance(value, tuple) and message_forms.parse_message_pair(value) is not None:
        return Conversation((value,))
    return Conversation(value) if any(map(message_forms.parse_message_pair, value)) else value


def serialize_conversation(value: Conversation, serializer: Serializer) -> Json:
    """Serialize the messages of a conversation."""
    return [serialize_conversation_message(one, serializer) for one in value.messages]


def serialize_conversation_message(value: Any, serializer: Serializer) -> Json:
    """Serialize a message in any form that LangChain accepts; a bare string is the user's."""
    if isinstance(value, str):
        return {"role": "user", "content": serialize_str_subclass(value, serializer)}
    if (turn := message_forms.parse_message_pair(value)) is not None:
        return openai_message.message_from_fields({"role": turn[0], "content": turn[1]}, serializer)
    return serializer.serialize(value)


def serialize_document(value: Any, serializer: Serializer) -> Json:
    """Serialize a retrieved document: content, source, score, metadata and id."""
    fields: dict[str, Any] = value.__dict__
    metadata = as_mapping(fields.get("metadata"))
    shaped: dict[str, Json] = {"content": serializer.serialize(fields.get("page_content"))}
    for name, places in (("source", _SOURCE_KEYS), ("score", _SCORE_KEYS)):
        if (found := first_known(metadata, *places)) is not None:
            shaped[name] = serializer.serialize(found)
    if metadata:
        shaped["metadata"] = serializer.serialize(metadata)
    if fields.get("id") is not None:
        shaped["id"] = serializer.serialize(fields["id"])
    return shaped


def serialize_prompt_value(value: Any, serializer: Serializer) -> Json:
    """Serialize a prompt value as its messages, its text or its image."""
    fields: dict[str, Any] = value.__dict__
    for name in ("messages", "text", "image_url"):
        if name in fields:
            return serializer.serialize(fields[name])
    return serializer.serialize_pairs(fields.items())


def serialize_pydantic_model(value: Any, serializer: Serializer) -> Json:
    """Serialize the fields and extras of a pydantic 2 model, without those it excludes."""
    hidden = {name for name, field in type(value).__pydantic_fields__.items() if field.exclude}
    fields = dict(value.__dict__)
    fields.update(value.__pydantic_extra__ or {})
    return serializer.serialize_pairs(
        (name, field) for name, field in fields.items() if name not in hidden
    )


def serialize_dataclass(value: Any, serializer: Serializer) -> Json:
    """Serialize a dataclass or an attrs class, with slots or without."""
    kind = type(value)
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None:
        names = [field.name for field in kind.__attrs_attrs__]
    return serializer.serialize_pairs(
        (name, getattr(value, name)) for name in names if hasattr(value, name)
    )


def serialize_langgraph_command(value: Any, serializer: Serializer) -> Json:
    """Serialize LangGraph's Command, Send or Interrupt, without its empty fields."""
    names = ("node", "arg", "graph", "update", "resume", "goto", "value", "id")
    fields = ((name, getattr(value, name, None)) for name in names)
    return serializer.serialize_pairs(
        (name, field) for name, field in fields if not _is_empty(field)
    )


def _is_empty(field: object) -> bool:
    return field is None or (isinstance(field, tuple) and not field)


def serialize_bytes(value: Any, serializer: Serializer) -> Json:
    """Serialize bytes: described, or as base64 where media is kept."""
    data = bytes(value)
    return media.encode_bytes(data) if serializer.keep_media else media.describe_bytes(data)


def serialize_array(value: Any, serializer: Serializer) -> Json:
    """Serialize an array or tensor: its numbers if they are few, else its type and shape."""
    shape = tuple(int(length) for length in islice(value.shape, 32))
    if prod(shape) <= MAX_ARRAY_SIZE and hasattr(value, "tolist"):
        return serializer.serialize(value.tolist())
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} of shape {'x'.join(map(str, shape))}>"


def serialize_runnable(value: Any, serializer: Serializer) -> Json:
    """Return only the name of a model, tool or chain: it is a client and may hold keys."""
    name = value.__dict__.get("name")
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} {serializer.serialize(name)}>" if isinstance(name, str) else f"<{kind}>"
