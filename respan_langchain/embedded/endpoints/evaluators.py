"""Evaluators: a log in, a verdict out.

The built-in ones need no model and no network. An evaluator's name may carry an argument after a
colon: `latency_limit:2.5`, `contains:Within 30 days`.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.http import RefusedError

LONGEST_PATTERN = 1000
LONGEST_TEXT = 100_000
"""Characters that a pattern is searched in."""

Subject = Mapping[str, Any]
"""A log: `input`, `output`, `expected_output`, `metadata`, `metrics`; None where there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluator thinks."""

    score: float
    passed: bool | None = None
    comment: str = ""


Evaluator = Callable[[Subject], Verdict | None]
"""None means that there is nothing to judge, as without an expected output."""


def evaluator_of(name: object, *, callables_allowed: bool) -> Evaluator:
    """Find an evaluator.

    Raises:
        RefusedError: 400, when there is none of this name or its argument is wrong.
    """
    if not isinstance(name, str):
        raise RefusedError.of_field("evaluator_ids", "must be an array of names")
    kind, _, argument = name.partition(":")
    if kind == "python":
        return _callable_at(argument, allowed=callables_allowed)
    if kind not in BUILT_IN:
        known = ", ".join(BUILT_IN)
        raise RefusedError.of_field("evaluator_ids", f"no evaluator {name!r}; there are {known}")
    return BUILT_IN[kind](argument)


def text_of(value: Any) -> str:
    """Read what a value says: a message's content, or the value as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        return str(value["content"])
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _judged(passed: bool, comment: str = "") -> Verdict:
    return Verdict(1.0 if passed else 0.0, passed, comment)


def _exact_match(argument: str) -> Evaluator:
    _refuse_argument("exact_match", argument)

    def judge(log: Subject) -> Verdict | None:
        if log["expected_output"] is None:
            return None
        return _judged(text_of(log["output"]).strip() == text_of(log["expected_output"]).strip())

    return judge


def _contains(argument: str) -> Evaluator:
    def judge(log: Subject) -> Verdict | None:
        wanted = argument or (log["expected_output"] and text_of(log["expected_output"]))
        if not wanted:
            return None
        return _judged(wanted.casefold() in text_of(log["output"]).casefold())

    return judge


def _json_equality(argument: str) -> Evaluator:
    _refuse_argument("json_equality", argument)

    def judge(log: Subject) -> Verdict | None:
        if log["expected_output"] is None:
            return None
        return _judged(_json_of(log["output"]) == _json_of(log["expected_output"]))

    return judge


def _json_of(value: Any) -> Any:
    """Read JSON that stands in a text or in a message; what is no JSON stays as it is."""
    text = value["content"] if isinstance(value, dict) and "content" in value else value
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _regex(argument: str) -> Evaluator:
    pattern = _compiled(argument) if argument else None

    def judge(log: Subject) -> Verdict | None:
        if pattern is None and not isinstance(log["expected_output"], str):
            return None
        wanted = pattern or _compiled(log["expected_output"])
        return _judged(wanted.search(text_of(log["output"])[:LONGEST_TEXT]) is not None)

    return judge


def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > LONGEST_PATTERN:
        raise RefusedError.of_field("evaluator_ids", "the pattern is too long")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise RefusedError.of_field("evaluator_ids", f"not a pattern: {error}") from error


def _limit(kind: str, metric: str) -> Callable[[str], Evaluator]:
    def with_limit(argument: str) -> Evaluator:
        try:
            limit = float(argument)
        except ValueError as error:
            raise RefusedError.of_field(
                "evaluator_ids", f"{kind} needs a number, as in {kind}:0.5"
            ) from error

        def judge(log: Subject) -> Verdict | None:
            found = (log["metrics"] or {}).get(metric)
            if isinstance(found, bool) or not isinstance(found, int | float):
                return None
            return _judged(found <= limit, f"{found} of {limit}")

        return judge

    return with_limit


def _refuse_argument(kind: str, argument: str) -> None:
    if argument:
        raise RefusedError.of_field("evaluator_ids", f"{kind} takes no argument")


def _callable_at(place: str, *, allowed: bool) -> Evaluator:
    if not allowed:
        raise RefusedError.of_field("evaluator_ids", "Python functions are not allowed here")
    module, _, name = place.partition(":")
    if not module or not name.isidentifier():
        raise RefusedError.of_field("evaluator_ids", "say which, as in python:module:function")
    # Importing runs code that may take long or fail: that is for the run, not for the request.
    return lambda log: _verdict_from(getattr(importlib.import_module(module), name)(log))


def _verdict_from(said: Any) -> Verdict | None:
    """Read what a function returned: nothing, a claim, a number, or a dict with `score`."""
    if said is None:
        return None
    if isinstance(said, bool):
        return _judged(said)
    if isinstance(said, Mapping):
        passed = said.get("passed")
        comment = str(said.get("comment", ""))
        return Verdict(float(said["score"]), passed if isinstance(passed, bool) else None, comment)
    return Verdict(float(said))


BUILT_IN: dict[str, Callable[[str], Evaluator]] = {
    "exact_match": _exact_match,
    "contains": _contains,
    "json_equality": _json_equality,
    "regex": _regex,
    "latency_limit": _limit("latency_limit", "latency"),
    "cost_limit": _limit("cost_limit", "cost"),
}
