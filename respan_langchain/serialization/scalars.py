"""Values without children: text, numbers, dates, and values that have no JSON form.

No function here raises. A value without a JSON form becomes a placeholder such as `<generator>`,
made only of the class's name, since a foreign `repr` may raise, leak a secret or take long.
"""

from collections.abc import Callable
from math import isfinite, isnan
from typing import Any, Final

from respan_langchain._foreign_code import safe_call

MAX_INT: Final = 2**64 - 1
MIN_INT: Final = -(2**63)
MAX_NAME_LENGTH: Final = 100
MAX_INT_BITS: Final = 10_000
"""Bits of the largest int that is written in decimal; above it the conversion costs too much."""

# A metaclass may override `cls.__name__`; type's own descriptor ignores that.
_name: Callable[[type], str] = type.__dict__["__name__"].__get__


def placeholder(kind: type) -> str:
    """Return the stand-in for a value of this class, which has no JSON form."""
    return f"<{replace_surrogates(_name(kind)[:MAX_NAME_LENGTH])}>"


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode; other text is returned unchanged."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def serialize_int(number: int) -> int | str:
    """Return an int for JSON: above 64 bits as a string, because readers would round it."""
    if MIN_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > MAX_INT_BITS:
        return f"<int of {number.bit_length()} bits>"
    return str(number)


def serialize_float(number: float) -> float | str:
    """Return a float for strict JSON: NaN and the infinities as words."""
    if isfinite(number):
        return number
    if isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def describe_exception(error: BaseException) -> str:
    """Format an exception as `ValueError: its message`."""
    name = replace_surrogates(_name(type(error)))
    message = safe_call(str, error)
    return (
        f"{name}: {replace_surrogates(message)}" if isinstance(message, str) and message else name
    )


def describe_callable(value: Any) -> str:
    """Return a class, function or module as its name in angle brackets."""
    kind = "class" if isinstance(value, type) else placeholder(type(value))[1:-1]
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    return f"<{kind} {replace_surrogates(str(name)[:MAX_NAME_LENGTH])}>"
