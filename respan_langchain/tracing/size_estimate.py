"""Estimates the bytes that a value takes as JSON, in about constant time, on the app's thread."""

from typing import Any, Final

LIST_SAMPLE: Final = 4
"""Items that are measured of a longer list."""
DICT_SAMPLE: Final = 12
"""Values that are measured of a larger dict."""
MIN_SIZE: Final = 16
"""Bytes of the smallest value."""
MAX_VALUES: Final = 100
"""Values that are measured in all; a container divides this number between its values."""
_CONTENT: Final = ("page_content", "message", "messages", "text", "content")


def estimate_size(value: object, max_values: int = MAX_VALUES) -> int:
    """Estimate the bytes of a value as JSON, in about constant time.

    Strings count by their length, dicts by their first values, lists by some of their items,
    messages, documents and answers by their content. All else counts as `MIN_SIZE`. The exact size
    is measured later, when the row is encoded.

    Args:
        value: Anything; it is only read.
        max_values: How many values may be measured.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + MIN_SIZE  # type: ignore[arg-type]  # str or bytes
    if max_values <= 0 or value is None or kind is int or kind is float:
        return MIN_SIZE
    if kind is dict:
        return _of_dict(value, max_values - 1)
    if kind is list or kind is tuple:
        return _of_list(value, max_values - 1)
    return _of_object(value, max_values - 1)


def _of_list(values: Any, max_values: int) -> int:
    number = len(values)
    total = 0
    if number <= LIST_SAMPLE:
        share = max_values // number if number else 0
        for value in values:
            total += estimate_size(value, share)
        return MIN_SIZE + total
    share = max_values // LIST_SAMPLE
    # The last item is often the largest, so it is always measured.
    for value in values[: number - 1 : number // (LIST_SAMPLE - 1) + 1]:
        total += estimate_size(value, share)
    return MIN_SIZE + total * (number - 1) // (LIST_SAMPLE - 1) + estimate_size(values[-1], share)


def _of_dict(values: Any, max_values: int) -> int:
    # A class of the app's own may override anything, so the dict's own methods are used.
    number = dict.__len__(values)
    total = MIN_SIZE * (number + 1)
    view = dict.values(values)
    for value in view if number <= DICT_SAMPLE else list(view)[:DICT_SAMPLE]:
        if type(value) is str:
            total += len(value)
        else:
            total += estimate_size(value, max_values // min(number, DICT_SAMPLE))
    return total


def _of_object(value: Any, max_values: int) -> int:
    if issubclass(type(value), dict):  # LangChain's AddableDict, or the app's own
        return _of_dict(value, max_values)
    try:
        fields = value.__dict__
    except Exception:  # noqa: BLE001  # the app's own class may raise anything
        return MIN_SIZE
    content = fields.get("content")
    if type(content) is str:
        calls = fields.get("tool_calls")
        return MIN_SIZE + len(content) + (estimate_size(calls, max_values) if calls else 0)
    if "generations" in fields:
        return _of_response(value)
    for name in _CONTENT:
        if name in fields:
            return MIN_SIZE + estimate_size(fields[name], max_values)
    return MIN_SIZE


def _of_response(response: Any) -> int:
    """Measure a model's answer by its first candidate."""
    try:
        answer = response.generations[0][0]
    except (AttributeError, IndexError, TypeError):
        return MIN_SIZE
    return _of_object(answer, MAX_VALUES)
