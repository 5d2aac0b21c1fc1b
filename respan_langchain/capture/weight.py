"""A quick guess of how many bytes a value will take, for the app's own thread."""

from typing import Any, Final

SAMPLE: Final = 4
"""Items of a list that are looked at, when it has more."""
WIDEST: Final = 12
"""Values of a dict that are looked at."""
LEAST: Final = 16
"""Bytes that anything takes."""
_CONTENT: Final = ("page_content", "generations", "message", "messages", "text", "content")


def weight(value: object, deepest: int = 4) -> int:
    """Guess the size of a value as JSON, in bytes, in about constant time.

    Strings count by length, dicts by their first values, lists by a few of their items, messages,
    documents and answers by their content; everything else counts as little. Not for limits:
    those are exact, and taken later.

    Args:
        value: Anything; it is only read.
        deepest: How many levels to look into.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + LEAST  # type: ignore[arg-type]  # str or bytes
    if deepest == 0 or value is None or kind is int or kind is float:
        return LEAST
    if kind is list or kind is tuple:
        return _of_list(value, deepest - 1)
    if kind is dict:
        return _of_dict(value, deepest - 1)
    return _of_object(value, deepest - 1)


def _of_list(values: Any, deepest: int) -> int:
    number = len(values)
    total = 0
    if number <= SAMPLE:
        for value in values:
            total += weight(value, deepest)
        return LEAST + total
    # The newest items tend to be the large ones, so the last is always looked at.
    for value in values[: number - 1 : number // (SAMPLE - 1) + 1]:
        total += weight(value, deepest)
    return LEAST + total * (number - 1) // (SAMPLE - 1) + weight(values[-1], deepest)


def _of_dict(values: Any, deepest: int) -> int:
    number = len(values)
    total = LEAST * (number + 1)
    for value in values.values() if number <= WIDEST else list(values.values())[:WIDEST]:
        total += len(value) if type(value) is str else weight(value, deepest)
    return total


def _of_object(value: Any, deepest: int) -> int:
    try:
        fields = value.__dict__
    except Exception:  # noqa: BLE001 - the app's own class may say anything here
        return LEAST
    content = fields.get("content")
    if type(content) is str:
        return LEAST + len(content)
    for name in _CONTENT:
        if name in fields:
            return LEAST + weight(fields[name], deepest)
    return LEAST
