"""Entry point: any Python value to JSON.

Never raises, never changes the value, takes nothing from an iterator.
"""

from typing import cast

from respan_langchain.serialization import objects
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer, serialize_text
from respan_langchain.serialization.type_registry import find_serializer

__all__ = ["Json", "json_value"]


def json_value(value: object, *, keep_media: bool = False) -> Json:
    """Make strict JSON of any Python value.

    Messages take OpenAI's form; media is replaced by its type, size and digest; a value without
    a JSON form becomes a placeholder such as `<generator>`, and its siblings stay.

    Args:
        value: Any value; it is only read.
        keep_media: Keep base64 as it is, and bytes as base64.

    >>> json_value({1: float("nan"), "when": (x for x in ())})
    {'1': 'NaN', 'when': '<generator>'}
    """
    # The text of a LangChain message is a subclass of str. `isinstance` would run code of the
    # value's own class (`__class__` may be a property), so the class is looked up instead.
    if find_serializer(type(value)) is objects.serialize_str_subclass:
        return serialize_text(str.__str__(cast("str", value)), keep_media=keep_media)
    return Serializer(find_serializer, keep_media=keep_media).serialize(value)
