"""A quick guess of how many bytes a value will take, for the app's own thread."""

from typing import Any, Final

SAMPLE: Final = 6
"""Items of a long list that are looked at."""
LEAST: Final = 16
"""Bytes that anything takes."""
_CONTENT: Final = ("content", "page_content", "generations", "message", "messages", "text")


def weight(value: object, deepest: int = 4) -> int:
    """Guess the size of a value as JSON, in bytes, in about constant time.

    Strings count by length, dicts by their first values, lists by a few of their items, messages, documents
    and answers by their content; everything else counts as little. Not for limits: those are exact, and
    taken later.

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
    if number <= SAMPLE:
        return LEAST + sum([weight(value, deepest) for value in values])
    # The newest items tend to be the large ones, so the last two are always looked at.
    newest = weight(values[-1], deepest) + weight(values[-2], deepest)
    some = [weight(value, deepest) for value in values[: number - 2 : number // SAMPLE + 1]]
    return LEAST + newest + sum(some) * (number - 2) // len(some)


def _of_dict(values: Any, deepest: int) -> int:
    some = list(values.values())
    return LEAST * len(some) + sum([weight(value, deepest) for value in some[: 2 * SAMPLE]])


def _of_object(value: Any, deepest: int) -> int:
    try:
        fields = value.__dict__
    except AttributeError:
        return LEAST
    for name in _CONTENT:
        if name in fields:
            return LEAST + weight(fields[name], deepest)
    return LEAST
