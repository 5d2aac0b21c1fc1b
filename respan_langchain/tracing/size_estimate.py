"""A quick guess of how many bytes a value will take, for the app's own thread."""

from typing import Any, Final

LIST_SAMPLE: Final = 4
"""Items of a list that are looked at, when it has more."""
DICT_SAMPLE: Final = 12
"""Values of a dict that are looked at."""
MIN_SIZE: Final = 16
"""Bytes that anything takes."""
MAX_VALUES: Final = 100
"""Values that are looked at in all; what has many of them shares this out among them."""
_CONTENT: Final = ("page_content", "message", "messages", "text", "content")


def estimate_size(value: object, fuel: int = MAX_VALUES) -> int:
    """Guess the size of a value as JSON, in bytes, in about constant time.

    Strings count by length, dicts by their first values, lists by a few of their items, messages,
    documents and answers by their content; everything else counts as little. Not for limits: those
    are exact, and taken later.

    Args:
        value: Anything; it is only read.
        fuel: How many values to look at.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + MIN_SIZE  # type: ignore[arg-type]  # str or bytes
    if fuel <= 0 or value is None or kind is int or kind is float:
        return MIN_SIZE
    if kind is dict:
        return _of_dict(value, fuel - 1)
    if kind is list or kind is tuple:
        return _of_list(value, fuel - 1)
    return _of_object(value, fuel - 1)


def _of_list(values: Any, fuel: int) -> int:
    number = len(values)
    total = 0
    if number <= LIST_SAMPLE:
        share = fuel // number if number else 0
        for value in values:
            total += estimate_size(value, share)
        return MIN_SIZE + total
    share = fuel // LIST_SAMPLE
    # The newest items tend to be the large ones, so the last is always looked at.
    for value in values[: number - 1 : number // (LIST_SAMPLE - 1) + 1]:
        total += estimate_size(value, share)
    return MIN_SIZE + total * (number - 1) // (LIST_SAMPLE - 1) + estimate_size(values[-1], share)


def _of_dict(values: Any, fuel: int) -> int:
    # A class of the app's own may override anything, so the dict's own methods are used.
    number = dict.__len__(values)
    total = MIN_SIZE * (number + 1)
    view = dict.values(values)
    for value in view if number <= DICT_SAMPLE else list(view)[:DICT_SAMPLE]:
        if type(value) is str:
            total += len(value)
        else:
            total += estimate_size(value, fuel // min(number, DICT_SAMPLE))
    return total


def _of_object(value: Any, fuel: int) -> int:
    if issubclass(type(value), dict):  # LangChain's AddableDict, or the app's own
        return _of_dict(value, fuel)
    try:
        fields = value.__dict__
    except Exception:  # noqa: BLE001 - the app's own class may say anything here
        return MIN_SIZE
    content = fields.get("content")
    if type(content) is str:
        calls = fields.get("tool_calls")
        return MIN_SIZE + len(content) + (estimate_size(calls, fuel) if calls else 0)
    if "generations" in fields:
        return _of_response(value)
    for name in _CONTENT:
        if name in fields:
            return MIN_SIZE + estimate_size(fields[name], fuel)
    return MIN_SIZE


def _of_response(response: Any) -> int:
    """Measure a model's answer by its first candidate."""
    try:
        answer = response.generations[0][0]
    except (AttributeError, IndexError, TypeError):
        return MIN_SIZE
    return _of_object(answer, MAX_VALUES)
