"""Which function serializes the values of a class.

The choice is made once per class and cached, so a value costs one lookup. Classes that may not be
installed (LangGraph's, numpy's), or whose import is slow (LangChain's), are matched by module and
name.
"""

import datetime as dt
import enum
import ipaddress
import re
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from respan_langchain.serialization import objects, openai_message, scalars
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer, TypeSerializer

MAX_CACHED_CLASSES: Final = 2_000
"""An app may create classes all the time, so the cache is bounded."""


def _scalar(convert: Callable[[Any], Json]) -> TypeSerializer:
    return lambda value, _: convert(value)


def _list(iterate: Callable[[Any], Iterable[Any]]) -> TypeSerializer:
    return lambda value, serializer: serializer.serialize_values(iterate(value))


def _object(iterate: Callable[[Any], Iterable[tuple[object, object]]]) -> TypeSerializer:
    return lambda value, serializer: serializer.serialize_pairs(iterate(value))


def _inner(convert: Callable[[Any], object]) -> TypeSerializer:
    return lambda value, serializer: serializer.serialize(convert(value))


def _serialize_list(value: Any, serializer: Serializer) -> Json:
    # Not `value[0]`: another thread may empty the list.
    if _is_message(next(iter(value), None)):
        return serializer.serialize_messages(value, serialize_plain_message)
    return serializer.serialize_values(value)


_PLACEHOLDER: Final = _scalar(lambda value: scalars.placeholder(type(value)))
_BY_STR: Final = _scalar(lambda value: scalars.replace_surrogates(str(value)))
_NAMED_TUPLE: Final = _object(
    lambda value: zip(type(value)._fields, tuple.__iter__(value), strict=False)
)
_BUILTIN: Final[dict[type, TypeSerializer]] = {
    dict: objects.serialize_dict,
    list: _serialize_list,
    tuple: _serialize_list,
    objects.Conversation: objects.serialize_conversation,
}
_BY_CLASS: Final[tuple[tuple[tuple[type, ...], TypeSerializer], ...]] = (
    ((enum.Enum,), _inner(attrgetter("_value_"))),
    ((str,), objects.serialize_str_subclass),
    ((dict,), objects.serialize_dict),
    # Not the subclass's own `__iter__`, which is the app's code.
    ((list,), _list(list.__iter__)),
    ((tuple,), _list(tuple.__iter__)),
    ((set, frozenset), objects.serialize_set),
    # Copied: iteration would raise if another thread changed the collection.
    ((deque, type({}.keys()), type({}.values()), type({}.items())), _list(list)),
    ((int,), _scalar(lambda value: scalars.serialize_int(int.__int__(value)))),
    ((float,), _scalar(lambda value: scalars.serialize_float(float.__float__(value)))),
    ((dt.date, dt.time), _scalar(lambda value: value.isoformat())),
    ((dt.timedelta,), _scalar(dt.timedelta.total_seconds)),
    ((bytes, bytearray, memoryview), objects.serialize_bytes),
    ((UUID, Decimal, Fraction, complex, range, slice, PurePath, ZoneInfo, dt.timezone,
      ipaddress.IPv4Address, ipaddress.IPv6Address), _BY_STR),
    ((re.Pattern,), _scalar(lambda value: scalars.replace_surrogates(str(value.pattern)))),
    ((BaseException,), _scalar(scalars.describe_exception)),
    ((type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
     _scalar(scalars.describe_callable)),
)  # fmt: skip
_BY_NAME: Final[dict[tuple[str, str], TypeSerializer]] = {
    ("array", "array"): objects.serialize_sequence,
    ("langchain_core.messages.base", "BaseMessage"): openai_message.serialize_message,
    ("langchain_core.documents.base", "Document"): objects.serialize_document,
    ("langchain_core.prompt_values", "PromptValue"): objects.serialize_prompt_value,
}
_BY_ATTRIBUTES: Final[tuple[tuple[tuple[str, ...], TypeSerializer], ...]] = (
    (("get_secret_value",), _scalar(lambda _: objects.REDACTED)),  # its value is never read
    (("invoke", "ainvoke"), objects.serialize_runnable),
    (("__pydantic_fields__", "__pydantic_validator__"), objects.serialize_pydantic_model),
    (("__fields_set__", "__fields__"), _object(lambda value: list(value.__dict__.items()))),
    (("__dataclass_fields__",), objects.serialize_dataclass),
    (("__attrs_attrs__",), objects.serialize_dataclass),
    (("dtype", "item", "__len__"), objects.serialize_array),
    (("dtype", "item"), _inner(lambda value: value.item())),
    (("shape", "dtype"), objects.serialize_array),
    (("shape", "columns"), objects.serialize_array),
)
"""Secrets, runnables, pydantic 2 and 1, dataclasses, attrs, numpy and torch, pandas and polars."""
_LANGGRAPH: Final = frozenset({"Command", "Send", "Interrupt"})


def find_serializer(kind: type) -> TypeSerializer:
    """Return the function that serializes instances of this class."""
    try:
        return _SERIALIZERS[kind]
    except Exception:  # noqa: BLE001 - a metaclass is the app's own code, its `__hash__` too
        return _PLACEHOLDER


def serialize_plain_message(value: object, keep_media: bool) -> dict[str, Json] | None:
    """Serialize a LangChain message that is a role and a text; None for any other value."""
    if find_serializer(type(value)) is not openai_message.serialize_message:
        return None
    return openai_message.serialize_plain_message(value, keep_media=keep_media)


def _is_message(value: object) -> bool:
    return find_serializer(type(value)) is openai_message.serialize_message


def _choose_serializer(kind: type) -> TypeSerializer:
    if kind in _BUILTIN:
        return _BUILTIN[kind]
    if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return _NAMED_TUPLE
    for classes, serialize in _BY_CLASS:
        if issubclass(kind, classes):
            return serialize
    for base in kind.__mro__:
        if (known := _BY_NAME.get((base.__module__, base.__name__))) is not None:
            return known
    return _choose_by_attributes(kind)


class _Serializers(dict[type, TypeSerializer]):
    """The chosen functions by class; a lookup takes a third of the time that `lru_cache` takes."""

    def __missing__(self, kind: type) -> TypeSerializer:
        if len(self) >= MAX_CACHED_CLASSES:
            self.clear()
        serialize = self[kind] = _choose_serializer(kind)
        return serialize


_SERIALIZERS: Final = _Serializers()


def _choose_by_attributes(kind: type) -> TypeSerializer:
    module = str(kind.__module__)
    if module.partition(".")[0] == "langgraph" and kind.__name__ in _LANGGRAPH:
        return objects.serialize_langgraph_command
    for attributes, serialize in _BY_ATTRIBUTES:
        if all(hasattr(kind, each) for each in attributes):
            return serialize
    if issubclass(kind, Mapping):
        return _object(lambda value: value.items())
    if module == "collections" and kind.__name__ == "UserList":
        return objects.serialize_sequence
    return _BY_STR if kind.__name__ == "UUID" else _PLACEHOLDER
