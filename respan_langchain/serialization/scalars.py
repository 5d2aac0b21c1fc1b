"""Values without children: text, numbers, dates and things that have no JSON form at all.

Everything here is total: what cannot be shown becomes a placeholder such as `<generator>`, made
from the class's name alone, because a foreign `repr` may raise, leak or take long.
"""

from collections.abc import Callable
from math import isfinite, isnan
from typing import Any, Final

MAX_INT: Final = 2**64 - 1
MIN_INT: Final = -(2**63)
MAX_NAME_LENGTH: Final = 100
MAX_INT_BITS: Final = 10_000
"""Bits of the largest int that is written out: beyond, its decimal form costs too much."""

# A metaclass can put anything behind `cls.__name__`; type's own descriptor cannot be fooled.
_name: Callable[[type], str] = type.__dict__["__name__"].__get__


def placeholder(kind: type) -> str:
    """Stand in for a value of this class that has no JSON form."""
    return f"<{replace_surrogates(_name(kind)[:MAX_NAME_LENGTH])}>"


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot carry; other text is returned as it is."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def serialize_int(number: int) -> int | str:
    """An int as JSON carries it: beyond 64 bits as a string, since readers would round it."""
    if MIN_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > MAX_INT_BITS:
        return f"<int of {number.bit_length()} bits>"
    return str(number)


def serialize_float(number: float) -> float | str:
    """A float as strict JSON carries it: what is not finite as a word."""
    if isfinite(number):
        return number
    if isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def serialize_by_str(value: Any) -> str:
    """A standard value by its own `str`: dates apart, UUIDs, Decimals, paths, addresses."""
    return replace_surrogates(str(value))


def serialize_datetime(value: Any) -> str:
    """A date, a time or both, in ISO 8601."""
    text: str = value.isoformat()
    return text


def describe_exception(error: BaseException) -> str:
    """An exception as `ValueError: what it said`."""
    name = replace_surrogates(_name(type(error)))
    try:
        said = replace_surrogates(str(error))
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return name
    return f"{name}: {said}" if said else name


def describe_callable(value: Any) -> str:
    """A class, function or module by its name."""
    kind = "class" if isinstance(value, type) else placeholder(type(value))[1:-1]
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    return f"<{kind} {replace_surrogates(str(name)[:MAX_NAME_LENGTH])}>"
