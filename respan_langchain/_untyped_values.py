"""Reads the untyped values that providers and LangChain's packages report.

Pure; a value of an unexpected type reads as unknown.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from respan_langchain._foreign_code import CallFailed, safe_call


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a dict as it is, and everything else as an empty mapping."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[Any]:
    """Return a list or a tuple as it is, and everything else as an empty tuple."""
    return value if isinstance(value, (list, tuple)) else ()


def read_part(value: object, name: str) -> Any:
    """Return an entry of a mapping or an attribute of another value; None where it has none."""
    if isinstance(value, Mapping):
        return value.get(name)
    found = safe_call(getattr, value, name, None)
    return None if found is CallFailed else found


def first_known(fields: Mapping[Any, Any], *names: str) -> Any:
    """Return the first of the named fields that is not None; None without any."""
    for name in names:
        if (value := fields.get(name)) is not None:
            return value
    return None


def read_text(value: object) -> str | None:
    """Read a non-empty string, once: merging the chunks of a stream gives `stopstop`.

    >>> read_text("stopstop"), read_text(" "), read_text(3)
    ('stop', None, None)
    """
    return _without_repetition(value) if isinstance(value, str) else None


def first_text(fields: Mapping[str, object], names: Iterable[str]) -> str | None:
    """Read the first of the named fields that holds text."""
    for name in names:
        if name in fields and (text := read_text(fields[name])):
            return text
    return None


def read_count(value: object) -> int | None:
    """Read a count: an int, a float (Cohere), or a list of them (merged chunks of Bedrock)."""
    if isinstance(value, int):
        return value if value >= 0 and not isinstance(value, bool) else None
    if isinstance(value, float):
        return round(value) if math.isfinite(value) and value >= 0 else None
    if isinstance(value, list):
        parts = [read_count(part) for part in value if isinstance(part, int | float)]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None
    return None


@lru_cache(maxsize=1024)
def _without_repetition(text: str) -> str | None:
    # Names of models and finish reasons repeat from call to call.
    return text[: (text + text).find(text, 1)] if text.strip() else None
