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
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
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
    def serialize(value: Any, _serializer: Serializer, /) -> Json:
        return convert(value)

    return serialize


_BUILTIN: Final[dict[type, TypeSerializer]] = {
    dict: objects.serialize_dict,
    list: objects.serialize_sequence,
    tuple: objects.serialize_sequence,
    objects.Conversation: objects.serialize_conversation,
}
_BY_CLASS: Final[tuple[tuple[tuple[type, ...], TypeSerializer], ...]] = (
    ((enum.Enum,), objects.serialize_enum_member),
    ((str,), objects.serialize_str_subclass),
    ((dict,), objects.serialize_dict),
    ((list, tuple), objects.serialize_list_subclass),
    ((set, frozenset), objects.serialize_set),
    ((deque, type({}.keys()), type({}.values()), type({}.items())),
     objects.serialize_mutable_collection),
    ((int,), _scalar(lambda value: scalars.serialize_int(int.__int__(value)))),
    ((float,), _scalar(lambda value: scalars.serialize_float(float.__float__(value)))),
    ((dt.date, dt.time), _scalar(scalars.serialize_datetime)),
    ((dt.timedelta,), _scalar(dt.timedelta.total_seconds)),
    ((bytes, bytearray, memoryview), objects.serialize_bytes),
    (
        (UUID, Decimal, Fraction, complex, range, slice, PurePath, ZoneInfo, dt.timezone),
        _scalar(scalars.serialize_by_str),
    ),
    ((ipaddress.IPv4Address, ipaddress.IPv6Address), _scalar(scalars.serialize_by_str)),
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
_LANGGRAPH: Final = frozenset({"Command", "Send", "Interrupt"})


def find_serializer(kind: type) -> TypeSerializer:
    """Return the function that serializes instances of this class."""
    try:
        return _choose_serializer(kind)
    except Exception:  # noqa: BLE001 - a metaclass is the app's own code, its `__hash__` too
        return objects.serialize_as_placeholder


@lru_cache(MAX_CACHED_CLASSES)
def _choose_serializer(kind: type) -> TypeSerializer:
    if kind in _BUILTIN:
        return _BUILTIN[kind]
    if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return objects.serialize_named_tuple
    for classes, serialize in _BY_CLASS:
        if issubclass(kind, classes):
            return serialize
    for base in kind.__mro__:
        if (known := _BY_NAME.get((base.__module__, base.__name__))) is not None:
            return known
    return _choose_by_attributes(kind)


def _choose_by_attributes(kind: type) -> TypeSerializer:
    module = str(kind.__module__).partition(".")[0]
    if hasattr(kind, "get_secret_value"):
        return objects.serialize_secret
    if module == "langgraph" and kind.__name__ in _LANGGRAPH:
        return objects.serialize_langgraph_command
    if hasattr(kind, "invoke") and hasattr(kind, "ainvoke"):
        return objects.serialize_runnable
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "__pydantic_validator__"):
        return objects.serialize_pydantic_model
    if hasattr(kind, "__fields_set__") and hasattr(kind, "__fields__"):
        return objects.serialize_attributes
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__"):
        return objects.serialize_dataclass
    if hasattr(kind, "dtype") and hasattr(kind, "item"):
        return (
            objects.serialize_array if hasattr(kind, "__len__") else objects.serialize_numpy_scalar
        )
    if hasattr(kind, "shape") and (hasattr(kind, "dtype") or hasattr(kind, "columns")):
        return objects.serialize_array
    return _choose_fallback(kind)


def _choose_fallback(kind: type) -> TypeSerializer:
    if issubclass(kind, Mapping):
        return objects.serialize_mapping
    if kind.__module__ == "collections" and kind.__name__ == "UserList":
        return objects.serialize_sequence
    if kind.__name__ == "UUID":
        return _scalar(scalars.serialize_by_str)
    return objects.serialize_as_placeholder
