"""Which class has which shape.

Asked once per class and remembered, so that a value costs one lookup. Classes that may not be
installed (LangGraph's, numpy's), or whose import costs (LangChain's own), are known by module and
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
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from respan_langchain.serialization import objects, openai_message, scalars
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.walker import Shape, Walk

MOST_REMEMBERED: Final = 2_000
"""Classes; an app that makes classes all the time must not fill the memory with them."""


def _leaf(told: Callable[[Any], Json]) -> Shape:
    def shape(value: Any, walk: Walk, /) -> Json:  # noqa: ARG001 - every shape takes a walk
        return told(value)

    return shape


def _length(value: dt.timedelta) -> float:
    return value.total_seconds()


_BUILTIN: Final[dict[type, Shape]] = {
    dict: objects.mapping,
    list: objects.listing,
    tuple: objects.listing,
    objects.Conversation: objects.conversation,
}
_BY_CLASS: Final[tuple[tuple[tuple[type, ...], Shape], ...]] = (
    ((enum.Enum,), objects.member),
    ((str,), objects.text),
    ((dict,), objects.mapping),
    ((list, tuple), objects.builtin_listing),
    ((set, frozenset), objects.unordered),
    ((deque, type({}.keys()), type({}.values()), type({}.items())), objects.changing),
    ((int,), _leaf(lambda value: scalars.whole(int.__int__(value)))),
    ((float,), _leaf(lambda value: scalars.real(float.__float__(value)))),
    ((dt.date, dt.time), _leaf(scalars.moment)),
    ((dt.timedelta,), _leaf(_length)),
    ((bytes, bytearray, memoryview), objects.raw),
    (
        (UUID, Decimal, Fraction, complex, range, slice, PurePath, ZoneInfo, dt.timezone),
        _leaf(scalars.written),
    ),
    ((ipaddress.IPv4Address, ipaddress.IPv6Address), _leaf(scalars.written)),
    ((re.Pattern,), _leaf(lambda value: scalars.clean(str(value.pattern)))),
    ((BaseException,), _leaf(scalars.failure)),
    ((type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
     _leaf(scalars.named)),
)  # fmt: skip
_BY_NAME: Final[dict[tuple[str, str], Shape]] = {
    ("array", "array"): objects.listing,
    ("langchain_core.messages.base", "BaseMessage"): openai_message.message,
    ("langchain_core.documents.base", "Document"): objects.document,
    ("langchain_core.prompt_values", "PromptValue"): objects.prompt,
}
_LANGGRAPH: Final = frozenset({"Command", "Send", "Interrupt"})

_known: dict[type, Shape] = dict(_BUILTIN)


def shape_of(kind: type) -> Shape:
    """How instances of this class look as JSON."""
    shape = _known.get(kind)
    if shape is None:
        shape = _found(kind)
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
            _known.update(_BUILTIN)
        _known[kind] = shape
    return shape


def _found(kind: type) -> Shape:
    try:
        if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
            return objects.named_tuple
        for classes, shape in _BY_CLASS:
            if issubclass(kind, classes):
                return shape
        for base in kind.__mro__:
            if (known := _BY_NAME.get((base.__module__, base.__name__))) is not None:
                return known
        return _by_looks(kind)
    except Exception:  # noqa: BLE001 - a metaclass is the app's own code
        return objects.opaque


def _by_looks(kind: type) -> Shape:
    module = str(kind.__module__).partition(".")[0]
    if hasattr(kind, "get_secret_value"):
        return objects.hidden
    if module == "langgraph" and kind.__name__ in _LANGGRAPH:
        return objects.step
    if hasattr(kind, "invoke") and hasattr(kind, "ainvoke"):
        return objects.tool
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "__pydantic_validator__"):
        return objects.model
    if hasattr(kind, "__fields_set__") and hasattr(kind, "__fields__"):
        return objects.attributes
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__"):
        return objects.record
    if hasattr(kind, "dtype") and hasattr(kind, "item"):
        return objects.array if hasattr(kind, "__len__") else objects.scalar
    if hasattr(kind, "shape") and (hasattr(kind, "dtype") or hasattr(kind, "columns")):
        return objects.array
    return _last_resort(kind)


def _last_resort(kind: type) -> Shape:
    if issubclass(kind, Mapping):
        return objects.foreign_mapping
    if kind.__module__ == "collections" and kind.__name__ == "UserList":
        return objects.listing
    if kind.__name__ == "UUID":
        return _leaf(scalars.written)
    return objects.opaque
