"""A quick guess of how many bytes a value will take, for the app's own thread."""

from typing import Any, Final

SAMPLE: Final = 4
"""Items of a list that are looked at, when it has more."""
WIDEST: Final = 12
"""Values of a dict that are looked at."""
LEAST: Final = 16
"""Bytes that anything takes."""
FUEL: Final = 100
"""Values that are looked at in all; what has many of them shares this out among them."""
_CONTENT: Final = ("page_content", "message", "messages", "text", "content")


def weight(value: object, fuel: int = FUEL) -> int:
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
        return len(value) + LEAST  # type: ignore[arg-type]  # str or bytes
    if fuel <= 0 or value is None or kind is int or kind is float:
        return LEAST
    if kind is dict:
        return _of_dict(value, fuel - 1)
    if kind is list or kind is tuple:
        return _of_list(value, fuel - 1)
    return _of_object(value, fuel - 1)


def _of_list(values: Any, fuel: int) -> int:
    number = len(values)
    total = 0
    if number <= SAMPLE:
        share = fuel // number if number else 0
        for value in values:
            total += weight(value, share)
        return LEAST + total
    share = fuel // SAMPLE
    # The newest items tend to be the large ones, so the last is always looked at.
    for value in values[: number - 1 : number // (SAMPLE - 1) + 1]:
        total += weight(value, share)
    return LEAST + total * (number - 1) // (SAMPLE - 1) + weight(values[-1], share)


def _of_dict(values: Any, fuel: int) -> int:
    # A class of the app's own may say anything of itself, so the dict in it is asked.
    number = dict.__len__(values)
    total = LEAST * (number + 1)
    view = dict.values(values)
    for value in view if number <= WIDEST else list(view)[:WIDEST]:
        if type(value) is str:
            total += len(value)
        else:
            total += weight(value, fuel // min(number, WIDEST))
    return total


def _of_object(value: Any, fuel: int) -> int:
    if issubclass(type(value), dict):  # LangChain's AddableDict, or the app's own
        return _of_dict(value, fuel)
    try:
        fields = value.__dict__
    except Exception:  # noqa: BLE001 - the app's own class may say anything here
        return LEAST
    content = fields.get("content")
    if type(content) is str:
        calls = fields.get("tool_calls")
        return LEAST + len(content) + (weight(calls, fuel) if calls else 0)
    if "generations" in fields:
        return answer_weight(value)
    for name in _CONTENT:
        if name in fields:
            return LEAST + weight(fields[name], fuel)
    return LEAST


def conversation_weight(asked: object) -> int:
    """The same for what a model is asked: by the first and the last message, or the prompt."""
    if type(asked) is not list or not asked:
        return weight(asked)
    ends = 0
    for message in (asked[0], asked[-1]):
        content = getattr(message, "content", None)
        ends += len(content) if type(content) is str else weight(content)
    return (LEAST + ends // 2) * len(asked)


def answer_weight(response: Any) -> int:
    """The same for what a model answered, by its first candidate."""
    try:
        answer = response.generations[0][0]
    except (AttributeError, IndexError, TypeError):
        return LEAST
    return _of_object(answer, FUEL)
