"""Things with fields: documents, commands, models, dataclasses, arrays, and raw data.

Fields are read where they lie; a `model_dump` or `asdict` would copy, validate, and run the app's
code.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from respan_langchain.serialization import media, openai_message, scalars
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.walker import Walk

NEVER_SHOWN: Final = "[redacted:secret]"
LARGEST_ARRAY: Final = 2_000
"""Numbers of an array that are written out; a larger one is told by its shape."""
_CONVERSATIONS: Final = frozenset({"messages", "chat_history", "history"})
_SCORES: Final = ("score", "relevance_score", "similarity_score", "_score", "distance")
_SOURCES: Final = ("source", "url", "file_path", "path", "link", "title")


def text(value: str, walk: Walk) -> Json:
    """A string of a class of its own, whatever its `__str__` says."""
    return walk.text(str.__str__(value))


def mapping(value: dict[Any, Any], walk: Walk) -> Json:
    """A dict, which may be a message, or hold some."""
    pairs = list(dict.items(value))
    if ("role" in value or "type" in value) and (
        fields := openai_message.envelope(value)
    ) is not None:
        return openai_message.from_fields(fields, walk)
    if not _CONVERSATIONS.isdisjoint(value):
        pairs = [(name, _conversation_at(name, inner)) for name, inner in pairs]
    return walk.items(pairs)


def foreign_mapping(value: Mapping[Any, Any], walk: Walk) -> Json:
    """A mapping that is no dict."""
    return walk.items(value.items())


def listing(value: Any, walk: Walk) -> Json:
    """A list, a tuple, or what can be gone through twice without harm."""
    return walk.values(value)


def builtin_listing(value: Any, walk: Walk) -> Json:
    """A subclass of list or tuple, without asking its own iterator."""
    kind = list if isinstance(value, list) else tuple
    return walk.values(kind.__iter__(value))


def named_tuple(value: Any, walk: Walk) -> Json:
    """A named tuple, by its names."""
    return walk.items(zip(type(value)._fields, tuple.__iter__(value), strict=False))


def changing(value: Any, walk: Walk) -> Json:
    """A collection that could not be gone through while the app changes it; a list can."""
    return walk.values(list(value))


def unordered(value: Any, walk: Walk) -> Json:
    """A set; sorted where that is possible, so that equal sets give equal rows."""
    shaped = walk.values(list(value))
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
        name in _CONVERSATIONS
        and isinstance(value, list | tuple)
        and any(map(openai_message.pair, value))
    ):
        return Conversation(value)
    return value


def conversation(value: Conversation, walk: Walk) -> Json:
    """The messages of a conversation."""
    return [said(one, walk) for one in value.messages]


def said(value: Any, walk: Walk) -> Json:
    """A message in any of the forms that LangChain takes; a bare string is the user's."""
    if isinstance(value, str):
        return {"role": "user", "content": text(value, walk)}
    if (turn := openai_message.pair(value)) is not None:
        return openai_message.from_fields({"role": turn[0], "content": turn[1]}, walk)
    return walk.value(value)


def document(value: Any, walk: Walk) -> Json:
    """A retrieved document: its content, where it is from, how well it fits, its metadata."""
    fields: dict[str, Any] = value.__dict__
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    shaped: dict[str, Json] = {"content": walk.value(fields.get("page_content"))}
    for name, places in (("source", _SOURCES), ("score", _SCORES)):
        found = next((metadata[place] for place in places if metadata.get(place) is not None), None)
        if found is not None:
            shaped[name] = walk.value(found)
    if metadata:
        shaped["metadata"] = walk.value(metadata)
    if fields.get("id") is not None:
        shaped["id"] = walk.value(fields["id"])
    return shaped


def prompt(value: Any, walk: Walk) -> Json:
    """A prompt value: its messages, its text, or its image."""
    fields: dict[str, Any] = value.__dict__
    for name in ("messages", "text", "image_url"):
        if name in fields:
            return walk.value(fields[name])
    return walk.items(fields.items())


def model(value: Any, walk: Walk) -> Json:
    """A pydantic model of version 2: its fields and extras, but for those it excludes itself."""
    hidden = {name for name, field in type(value).__pydantic_fields__.items() if field.exclude}
    fields = dict(value.__dict__)
    fields.update(value.__pydantic_extra__ or {})
    return walk.items((name, field) for name, field in fields.items() if name not in hidden)


def attributes(value: Any, walk: Walk) -> Json:
    """A pydantic model of version 1, or any object whose fields are its `__dict__`."""
    return walk.items(list(value.__dict__.items()))


def record(value: Any, walk: Walk) -> Json:
    """A dataclass or an attrs class, slots or not."""
    kind = type(value)
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None:
        names = [field.name for field in kind.__attrs_attrs__]
    return walk.items((name, getattr(value, name)) for name in names if hasattr(value, name))


def step(value: Any, walk: Walk) -> Json:
    """LangGraph's Command, Send and Interrupt: what they say, without what they leave open."""
    names = ("node", "arg", "graph", "update", "resume", "goto", "value", "id")
    fields = ((name, getattr(value, name, None)) for name in names)
    return walk.items((name, field) for name, field in fields if not _is_empty(field))


def _is_empty(field: object) -> bool:
    return field is None or (isinstance(field, tuple) and not field)


def member(value: Any, walk: Walk) -> Json:
    """An enum's member, by its value."""
    return walk.value(value._value_)


def raw(value: Any, walk: Walk) -> Json:
    """Bytes."""
    data = bytes(value)
    return media.kept(data) if walk.keep_media else media.from_bytes(data)


def scalar(value: Any, walk: Walk) -> Json:
    """One number of numpy's or torch's."""
    return walk.value(value.item())


def array(value: Any, walk: Walk) -> Json:
    """An array or tensor: its numbers when they are few, else its type and shape."""
    shape = tuple(int(length) for length in islice(value.shape, 32))
    size = 1
    for length in shape:
        size *= length
    if size <= LARGEST_ARRAY and hasattr(value, "tolist"):
        return walk.value(value.tolist())
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} of shape {'x'.join(map(str, shape))}>"


def hidden(value: Any, walk: Walk) -> Json:  # noqa: ARG001 - every shape takes a walk
    """A SecretStr or its like: never looked into."""
    return NEVER_SHOWN


def opaque(value: Any, walk: Walk) -> Json:  # noqa: ARG001 - every shape takes a walk
    """What has no JSON form."""
    return scalars.placeholder(type(value))


def tool(value: Any, walk: Walk) -> Json:
    """A model, a tool, a chain: a client, with keys in it; only its name is told."""
    name = value.__dict__.get("name")
    kind = scalars.placeholder(type(value))[1:-1]
    return f"<{kind} {walk.value(name)}>" if isinstance(name, str) else f"<{kind}>"
