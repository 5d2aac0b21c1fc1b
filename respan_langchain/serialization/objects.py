"""Things with fields: documents, commands, models, dataclasses, arrays, and raw data.

Fields are read where they lie; a `model_dump` or `asdict` would copy, validate, and run the app's
code.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from respan_langchain.serialization import media, openai_message, scalars
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer

REDACTED: Final = "[redacted:secret]"
MAX_ARRAY_SIZE: Final = 2_000
"""Numbers of an array that are written out; a larger one is told by its shape."""
_CONVERSATION_KEYS: Final = frozenset({"messages", "chat_history", "history"})
_SCORE_KEYS: Final = ("score", "relevance_score", "similarity_score", "_score", "distance")
_SOURCE_KEYS: Final = ("source", "url", "file_path", "path", "link", "title")


def serialize_str_subclass(value: str, serializer: Serializer) -> Json:
    """A string of a class of its own, whatever its `__str__` says."""
    return serializer.serialize_text(str.__str__(value))


def serialize_dict(value: dict[Any, Any], serializer: Serializer) -> Json:
    """A dict, which may be a message, or hold some."""
    pairs = list(dict.items(value))
    if ("role" in value or "type" in value) and (
        fields := openai_message.parse_message_dict(value)
    ) is not None:
        return openai_message.message_from_fields(fields, serializer)
    if not _CONVERSATION_KEYS.isdisjoint(value):
        pairs = [(name, _conversation_at(name, inner)) for name, inner in pairs]
    return serializer.serialize_pairs(pairs)


def serialize_mapping(value: Mapping[Any, Any], serializer: Serializer) -> Json:
    """A mapping that is no dict."""
    return serializer.serialize_pairs(value.items())


def serialize_sequence(value: Any, serializer: Serializer) -> Json:
    """A list, a tuple, or what can be gone through twice without harm."""
    return serializer.serialize_values(value)


def serialize_list_subclass(value: Any, serializer: Serializer) -> Json:
    """A subclass of list or tuple, without asking its own iterator."""
    kind = list if isinstance(value, list) else tuple
    return serializer.serialize_values(kind.__iter__(value))


def serialize_named_tuple(value: Any, serializer: Serializer) -> Json:
    """A named tuple, by its names."""
    return serializer.serialize_pairs(zip(type(value)._fields, tuple.__iter__(value), strict=False))


def serialize_mutable_collection(value: Any, serializer: Serializer) -> Json:
    """A collection that could not be gone through while the app changes it; a list can."""
    return serializer.serialize_values(list(value))


def serialize_set(value: Any, serializer: Serializer) -> Json:
    """A set; sorted where that is possible, so that equal sets give equal rows."""
    shaped = serializer.serialize_values(list(value))
    if all(isinstance(item, str) for item in shaped):
        shaped.sort(key=str)
    return shaped


class Conversation:
    """A list of messages in any of LangChain's spellings, tuples among them."""

    __slots__ = ("messages",)

    def __init__(self, messages: Any) -> None:
        self.messages = messages


def _conversation_at(name: object, value: Any) -> Any:
    if (
        name in _CONVERSATION_KEYS
        and isinstance(value, list | tuple)
        and any(map(openai_message.parse_message_pair, value))
    ):
        return Conversation(value)
    return value


def serialize_conversation(value: Conversation, serializer: Serializer) -> Json:
    """The messages of a conversation."""
    return [serialize_conversation_message(one, serializer) for one in value.messages]


def serialize_conversation_message(value: Any, serializer: Serializer) -> Json:
    """A message in any of the forms that LangChain takes; a bare string is the user's."""
    if isinstance(value, str):
        return {"role": "user", "content": serialize_str_subclass(value, serializer)}
    if (turn := openai_message.parse_message_pair(value)) is not None:
        return openai_message.message_from_fields({"role": turn[0], "content": turn[1]}, serializer)
    return serializer.serialize(value)


def serialize_document(value: Any, serializer: Serializer) -> Json:
    """A retrieved document: its content, where it is from, how well it fits, its metadata."""
    fields: dict[str, Any] = value.__dict__
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    shaped: dict[str, Json] = {"content": serializer.serialize(fields.get("page_content"))}
    for name, places in (("source", _SOURCE_KEYS), ("score", _SCORE_KEYS)):
        found = next((metadata[place] for place in places if metadata.get(place) is not None), None)
        if found is not None:
            shaped[name] = serializer.serialize(found)
    if metadata:
        shaped["metadata"] = serializer.serialize(metadata)
    if fields.get("id") is not None:
        shaped["id"] = serializer.serialize(fields["id"])
    return shaped


def serialize_prompt_value(value: Any, serializer: Serializer) -> Json:
    """A prompt value: its messages, its text, or its image."""
    fields: dict[str, Any] = value.__dict__
    for name in ("messages", "text", "image_url"):
        if name in fields:
            return serializer.serialize(fields[name])
    return serializer.serialize_pairs(fields.items())


def serialize_pydantic_model(value: Any, serializer: Serializer) -> Json:
    """A pydantic model of version 2: its fields and extras, but for those it excludes itself."""
    hidden = {name for name, field in type(value).__pydantic_fields__.items() if field.exclude}
    fields = dict(value.__dict__)
    fields.update(value.__pydantic_extra__ or {})
    return serializer.serialize_pairs(
        (name, field) for name, field in fields.items() if name not in hidden
    )


def serialize_attributes(value: Any, serializer: Serializer) -> Json:
    """A pydantic model of version 1, or any object whose fields are its `__dict__`."""
    return serializer.serialize_pairs(list(value.__dict__.items()))


def serialize_dataclass(value: Any, serializer: Serializer) -> Json:
    """A dataclass or an attrs class, slots or not."""
    kind = type(value)
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None:
        names = [field.name for field in kind.__attrs_attrs__]
    return serializer.serialize_pairs(
        (name, getattr(value, name)) for name in names if hasattr(value, name)
    )


def serialize_langgraph_command(value: Any, serializer: Serializer) -> Json:
    """LangGraph's Command, Send and Interrupt: what they say, without what they leave open."""
    names = ("node", "arg", "graph", "update", "resume", "goto", "value", "id")
    fields = ((name, getattr(value, name, None)) for name in names)
    return serializer.serialize_pairs(
        (name, field) for name, field in fields if not _is_empty(field)
    )


def _is_empty(field: object) -> bool:
    return field is None or (isinstance(field, tuple) and not field)


def serialize_enum_member(value: Any, serializer: Serializer) -> Json:
    """An enum's member, by its value."""
    return serializer.serialize(value._value_)


def serialize_bytes(value: Any, serializer: Serializer) -> Json:
    """Bytes."""
    data = bytes(value)
    return media.encode_bytes(data) if serializer.keep_media else media.describe_bytes(data)


def serialize_numpy_scalar(value: Any, serializer: Serializer) -> Json:
    """One number of numpy's or torch's."""
    return serializer.serialize(value.item())


def serialize_array(value: Any, serializer: Serializer) -> Json:
    """An array or tensor: its numbers when they are few, else its type and shape."""
    shape = tuple(int(length) for length in islice(value.shape, 32))
    size = 1
    for length in shape:
        size *= length
    if size <= MAX_ARRAY_SIZE and hasattr(value, "tolist"):
        return serializer.serialize(value.tolist())
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} of shape {'x'.join(map(str, shape))}>"


def serialize_secret(value: Any, serializer: Serializer) -> Json:  # noqa: ARG001 - every shape takes a walk
    """A SecretStr or its like: never looked into."""
    return REDACTED


def serialize_as_placeholder(value: Any, serializer: Serializer) -> Json:  # noqa: ARG001 - every shape takes a walk
    """What has no JSON form."""
    return scalars.placeholder(type(value))


def serialize_runnable(value: Any, serializer: Serializer) -> Json:
    """A model, a tool, a chain: a client, with keys in it; only its name is told."""
    name = value.__dict__.get("name")
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} {serializer.serialize(name)}>" if isinstance(name, str) else f"<{kind}>"
