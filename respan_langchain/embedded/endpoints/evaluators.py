"""Evaluators: each takes a log and returns a score.

The built-in ones need no model and no network. An evaluator's name may carry an argument after a
colon: `latency_limit:2.5`, `contains:Within 30 days`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from respan_langchain._display import content_text
from respan_langchain._foreign_code import load_object
from respan_langchain.embedded.endpoints.regex_worker import SEARCH_TIMEOUT, RegexWorker
from respan_langchain.embedded.http import HttpError
from respan_langchain.errors import ConfigurationError

MAX_PATTERN_LENGTH = 1000
MAX_SEARCHED_CHARS = 100_000
"""Characters of an output in which a pattern is searched."""
MAX_SLOW_SEARCHES = 3
"""Searches of one run that may time out before the run fails."""

BUILT_IN = ("exact_match", "contains", "json_equality", "latency_limit", "cost_limit", "regex")

LogContents = Mapping[str, Any]
"""A log: `input`, `output`, `expected_output`, `metadata`, `metrics`; None where there is none."""


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The score that an evaluator gives one log."""

    score: float
    passed: bool | None = None
    comment: str = ""


Evaluate = Callable[[LogContents], EvaluationResult | None]
"""Returns None where there is nothing to evaluate, such as without an expected output."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """An evaluator with its argument."""

    evaluate: Evaluate
    close: Callable[[], None] = lambda: None
    """Releases what the evaluator holds; called when its run has ended."""


def get_evaluator(name: object, *, allow_python: bool) -> Evaluator:
    """Return the evaluator of a name.

    Raises:
        HttpError: 400, when there is none of this name or its argument is wrong.
    """
    if not isinstance(name, str):
        raise HttpError.for_field("evaluator_ids", "must be an array of names")
    kind, _, argument = name.partition(":")
    match kind:
        case "exact_match" | "json_equality" if argument:
            raise HttpError.for_field("evaluator_ids", f"{kind} takes no argument")
        case "exact_match":
            return Evaluator(partial(_equals_expected, _parse_text))
        case "json_equality":
            return Evaluator(partial(_equals_expected, _parse_json))
        case "contains":
            return Evaluator(partial(_contains, argument))
        case "latency_limit" | "cost_limit":
            metric = kind.removesuffix("_limit")
            return Evaluator(partial(_within_limit, metric, _parse_limit(kind, argument)))
        case "regex":
            return _regex(argument)
        case "python":
            return Evaluator(_python_evaluator(argument, allowed=allow_python))
        case _:
            raise HttpError(400, f"no evaluator {name!r}; there are {', '.join(BUILT_IN)}")


def _result(passed: bool, comment: str = "") -> EvaluationResult:
    return EvaluationResult(1.0 if passed else 0.0, passed, comment)


def _equals_expected(parse: Callable[[Any], Any], log: LogContents) -> EvaluationResult | None:
    if log["expected_output"] is None:
        return None
    return _result(parse(log["output"]) == parse(log["expected_output"]))


def _parse_text(value: Any) -> str:
    return content_text(value).strip()


def _contains(argument: str, log: LogContents) -> EvaluationResult | None:
    wanted = argument or (log["expected_output"] and content_text(log["expected_output"]))
    if not wanted:
        return None
    return _result(wanted.casefold() in content_text(log["output"]).casefold())


def _parse_json(value: Any) -> Any:
    """Parse JSON in a text or in a message's content; return other values unchanged."""
    text = value["content"] if isinstance(value, dict) and "content" in value else value
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _regex(argument: str) -> Evaluator:
    """Search the argument, or each row's expected output, as a regular expression."""
    if argument:
        _check_pattern(argument)
    worker, slow = RegexWorker(), 0

    def evaluate(log: LogContents) -> EvaluationResult | None:
        nonlocal slow
        pattern = argument or log["expected_output"]
        if not isinstance(pattern, str):
            return None
        _check_pattern(pattern)
        try:
            return _result(worker.search(pattern, content_text(log["output"])[:MAX_SEARCHED_CHARS]))
        except TimeoutError as error:
            slow += 1
            if slow > MAX_SLOW_SEARCHES:
                message = f"more than {MAX_SLOW_SEARCHES} searches took over {SEARCH_TIMEOUT:g} s"
                raise HttpError.for_field("evaluator_ids", message) from error
            return _result(False, str(error))

    return Evaluator(evaluate, worker.close)


def _check_pattern(pattern: str) -> None:
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise HttpError.for_field("evaluator_ids", "the pattern is too long")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise HttpError.for_field("evaluator_ids", f"not a pattern: {error}") from error


def _parse_limit(kind: str, argument: str) -> float:
    try:
        return float(argument)
    except ValueError as error:
        raise HttpError.for_field(
            "evaluator_ids", f"{kind} needs a number, as in {kind}:0.5"
        ) from error


def _within_limit(metric: str, limit: float, log: LogContents) -> EvaluationResult | None:
    found = (log["metrics"] or {}).get(metric)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return _result(found <= limit, f"{found} of {limit}")


def _python_evaluator(place: str, *, allowed: bool) -> Evaluate:
    if not allowed:
        raise HttpError.for_field("evaluator_ids", "Python functions are not allowed here")
    module, _, name = place.partition(":")
    if not module or not name.isidentifier():
        raise HttpError.for_field("evaluator_ids", "expected python:module:function")

    def evaluate(log: LogContents) -> EvaluationResult | None:
        # An import runs code that may take long or fail: it belongs into the run, not the request.
        try:
            function = load_object(place, "evaluator")
        except ConfigurationError as error:
            raise HttpError(400, str(error)) from error
        return _parse_result(function(log))

    return evaluate


def _parse_result(returned: Any) -> EvaluationResult | None:
    """Convert what a function returned: None, a bool, a number, or a dict with `score`."""
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
