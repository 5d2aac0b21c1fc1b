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

from respan_langchain.embedded.http import HttpError

MAX_PATTERN_LENGTH = 1000
MAX_SEARCHED_CHARS = 100_000
"""Characters that a pattern is searched in."""

LogContents = Mapping[str, Any]
"""A log: `input`, `output`, `expected_output`, `metadata`, `metrics`; None where there is none."""


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an evaluator thinks."""

    score: float
    passed: bool | None = None
    comment: str = ""


Evaluator = Callable[[LogContents], EvaluationResult | None]
"""None means that there is nothing to judge, as without an expected output."""


def get_evaluator(name: object, *, allow_python: bool) -> Evaluator:
    """Find an evaluator.

    Raises:
        RefusedError: 400, when there is none of this name or its argument is wrong.
    """
    if not isinstance(name, str):
        raise HttpError.for_field("evaluator_ids", "must be an array of names")
    kind, _, argument = name.partition(":")
    if kind == "python":
        return _python_evaluator(argument, allowed=allow_python)
    if kind not in BUILT_IN:
        known = ", ".join(BUILT_IN)
        raise HttpError.for_field("evaluator_ids", f"no evaluator {name!r}; there are {known}")
    return BUILT_IN[kind](argument)


def text_of(value: Any) -> str:
    """Read what a value says: a message's content, or the value as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        return str(value["content"])
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _result(passed: bool, comment: str = "") -> EvaluationResult:
    return EvaluationResult(1.0 if passed else 0.0, passed, comment)


def _exact_match(argument: str) -> Evaluator:
    _reject_argument("exact_match", argument)

    def judge(log: LogContents) -> EvaluationResult | None:
        if log["expected_output"] is None:
            return None
        return _result(text_of(log["output"]).strip() == text_of(log["expected_output"]).strip())

    return judge


def _contains(argument: str) -> Evaluator:
    def judge(log: LogContents) -> EvaluationResult | None:
        wanted = argument or (log["expected_output"] and text_of(log["expected_output"]))
        if not wanted:
            return None
        return _result(wanted.casefold() in text_of(log["output"]).casefold())

    return judge


def _json_equality(argument: str) -> Evaluator:
    _reject_argument("json_equality", argument)

    def judge(log: LogContents) -> EvaluationResult | None:
        if log["expected_output"] is None:
            return None
        return _result(_parse_json(log["output"]) == _parse_json(log["expected_output"]))

    return judge


def _parse_json(value: Any) -> Any:
    """Read JSON that stands in a text or in a message; what is no JSON stays as it is."""
    text = value["content"] if isinstance(value, dict) and "content" in value else value
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _regex(argument: str) -> Evaluator:
    pattern = _compile(argument) if argument else None

    def judge(log: LogContents) -> EvaluationResult | None:
        if pattern is None and not isinstance(log["expected_output"], str):
            return None
        wanted = pattern or _compile(log["expected_output"])
        return _result(wanted.search(text_of(log["output"])[:MAX_SEARCHED_CHARS]) is not None)

    return judge


def _compile(pattern: str) -> re.Pattern[str]:
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise HttpError.for_field("evaluator_ids", "the pattern is too long")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise HttpError.for_field("evaluator_ids", f"not a pattern: {error}") from error


def _limit(kind: str, metric: str) -> Callable[[str], Evaluator]:
    def with_limit(argument: str) -> Evaluator:
        try:
            limit = float(argument)
        except ValueError as error:
            raise HttpError.for_field(
                "evaluator_ids", f"{kind} needs a number, as in {kind}:0.5"
            ) from error

        def judge(log: LogContents) -> EvaluationResult | None:
            found = (log["metrics"] or {}).get(metric)
            if isinstance(found, bool) or not isinstance(found, int | float):
                return None
            return _result(found <= limit, f"{found} of {limit}")

        return judge

    return with_limit


def _reject_argument(kind: str, argument: str) -> None:
    if argument:
        raise HttpError.for_field("evaluator_ids", f"{kind} takes no argument")


def _python_evaluator(place: str, *, allowed: bool) -> Evaluator:
    if not allowed:
        raise HttpError.for_field("evaluator_ids", "Python functions are not allowed here")
    module, _, name = place.partition(":")
    if not module or not name.isidentifier():
        raise HttpError.for_field("evaluator_ids", "say which, as in python:module:function")
    # Importing runs code that may take long or fail: that is for the run, not for the request.
    return lambda log: _parse_result(getattr(importlib.import_module(module), name)(log))


def _parse_result(returned: Any) -> EvaluationResult | None:
    """Read what a function returned: nothing, a claim, a number, or a dict with `score`."""
    if returned is None:
        return None
    if isinstance(returned, bool):
        return _result(returned)
    if isinstance(returned, Mapping):
        passed = returned.get("passed")
        comment = str(returned.get("comment", ""))
        return EvaluationResult(
            float(returned["score"]), passed if isinstance(passed, bool) else None, comment
        )
    return EvaluationResult(float(returned))


BUILT_IN: dict[str, Callable[[str], Evaluator]] = {
    "exact_match": _exact_match,
    "contains": _contains,
    "json_equality": _json_equality,
    "regex": _regex,
    "latency_limit": _limit("latency_limit", "latency"),
    "cost_limit": _limit("cost_limit", "cost"),
}
