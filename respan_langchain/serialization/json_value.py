"""Anything at all becomes JSON: the door to this room for values that are not known to be messages.

Total and harmless: it never raises on what it is given, never changes it, takes nothing from an
iterator.
"""

from typing import cast

from respan_langchain.serialization import objects
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer, serialize_text
from respan_langchain.serialization.type_registry import find_serializer

__all__ = ["Json", "json_value"]


def json_value(value: object, *, keep_media: bool = False) -> Json:
    """Make strict JSON of any Python value.

    Messages take OpenAI's form, media is told by size and digest, and what has no JSON form
    becomes a placeholder such as `<generator>`, its siblings staying.

    Args:
        value: Anything; it is only read.
        keep_media: Carry base64 as it stands and bytes as base64.

    >>> json_value({1: float("nan"), "when": (x for x in ())})
    {'1': 'NaN', 'when': '<generator>'}
    """
    # LangChain's answers have a class of their own. Not `isinstance`: that asks the value itself.
    if find_serializer(type(value)) is objects.serialize_str_subclass:
        return serialize_text(str.__str__(cast("str", value)), keep_media=keep_media)
    return Serializer(find_serializer, keep_media=keep_media).serialize(value)
