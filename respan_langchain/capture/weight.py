"""A quick guess of how many bytes a value will take, for the app's own thread."""

from typing import Any, Final

SAMPLE: Final = 8
"""Items of a long list that are looked at."""
LEAST: Final = 16
"""Bytes that anything takes."""


def weight(value: object) -> int:
    """Guess the size of a value as JSON, in bytes, in about constant time.

    Strings count by length, dicts by their direct values, lists by a few of their items, messages by their
    content; everything else counts as little. Not for limits: those are exact, and taken later.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + LEAST  # type: ignore[arg-type]  # str or bytes
    if kind is list or kind is tuple:
        return _of_list(value, 2)  # type: ignore[arg-type]  # list or tuple
    if kind is dict:
        return _of_dict(value, 2)  # type: ignore[arg-type]  # a dict
    return _of_other(value, 2)


def _of(value: Any, deepest: int) -> int:
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + LEAST
    if deepest == 0 or value is None or kind is int:
        return LEAST
    if kind is list or kind is tuple:
        return _of_list(value, deepest - 1)
    if kind is dict:
        return _of_dict(value, deepest - 1)
    return _of_other(value, deepest - 1)


def _of_list(values: Any, deepest: int) -> int:
    number = len(values)
    if number <= SAMPLE:
        return LEAST + sum([_of(value, deepest) for value in values])
    # The newest items tend to be the large ones, so the last two are always looked at.
    step = number // (SAMPLE - 2)
    sample = [*values[: number - 2 : step][: SAMPLE - 2], values[-2], values[-1]]
    weights = [_of(value, deepest) for value in sample]
    spread = sum(weights[:-2]) // max(len(weights) - 2, 1)
    return LEAST + spread * (number - 2) + weights[-1] + weights[-2]


def _of_dict(values: Any, deepest: int) -> int:
    return LEAST + sum([_of(value, deepest) + LEAST for value in [*values.values()][: 2 * SAMPLE]])


def _of_other(value: Any, deepest: int) -> int:
    try:
        fields = value.__dict__
    except AttributeError:
        return LEAST
    content = fields.get("content", fields.get("page_content"))
    return LEAST if content is None else LEAST + _of(content, deepest)
