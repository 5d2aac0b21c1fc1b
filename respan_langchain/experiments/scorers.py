"""Scorers rate a replayed answer, as a number, a bool, or several of them by name.

A scorer is any callable `(inputs, outputs, reference_outputs, **row) -> number | bool | dict`,
called with keywords, the form of openevals. Objects with `name` and `score`, as autoevals returns,
are read too. `row` has what else is known: `trajectory`, `reference_trajectory` and `metadata`. The
reference is the expected output where a person gave one, else the recorded output.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from operator import eq, ge, le
from typing import Any, Final, Literal

from respan_langchain._foreign_code import load_object
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.calls import canonical, read_calls

Scorer = Callable[..., Any]
TrajectoryMode = Literal["strict", "unordered", "subset", "superset"]

_TRAJECTORY_MODES: Final[Mapping[str, tuple[Callable[..., Any], Callable[..., bool]]]] = {
    "strict": (list, eq),
    "unordered": (Counter, eq),
    "subset": (Counter, le),
    "superset": (Counter, ge),
}
"""How each mode collects calls, and how it compares those that were made with the expected."""


def same_answer(*, outputs: Any, reference_outputs: Any, **_: Any) -> bool:
    """Whether the answer equals the reference, apart from white space around texts."""
    return canonical(text_of(outputs)) == canonical(text_of(reference_outputs))


def same_json(*, outputs: Any, reference_outputs: Any, **_: Any) -> bool:
    """Whether both are the same JSON: 1 equals 1.0, and the order of keys does not matter."""
    return canonical(outputs) == canonical(reference_outputs)


def contains(*texts: str) -> Scorer:
    """Make a scorer: whether the answer contains all of these texts, in any case."""

    def contains_all(*, outputs: Any, **_: Any) -> bool:
        answer = text_of(outputs).casefold()
        return all(text.casefold() in answer for text in texts)

    return _named(contains_all, f"contains({', '.join(texts)})")


def matches(pattern: str) -> Scorer:
    """Make a scorer: whether a regular expression is found in the answer."""
    expression = re.compile(pattern)

    def is_match(*, outputs: Any, **_: Any) -> bool:
        return expression.search(text_of(outputs)) is not None

    return _named(is_match, f"matches({pattern})")


def close_to(relative: float = 1e-6, absolute: float = 0.0) -> Scorer:
    """Make a scorer: whether the last number of the answer is near the reference's."""

    def is_close(*, outputs: Any, reference_outputs: Any, **_: Any) -> bool:
        answer, reference = _last_number(outputs), _last_number(reference_outputs)
        if answer is None or reference is None:
            return False
        return math.isclose(answer, reference, rel_tol=relative, abs_tol=absolute)

    return _named(is_close, "close_to")


def trajectory(mode: TrajectoryMode = "strict", *, arguments: bool = True) -> Scorer:
    """Make a scorer: whether the tool calls are those of the reference.

    Args:
        mode: `strict`: the same calls in the same order; `unordered`: in any order; `subset`: no
            call that the reference lacks; `superset`: no call of the reference is missing.
        arguments: Whether arguments count, or names of tools alone.
    """
    if mode not in _TRAJECTORY_MODES:
        raise ConfigurationError(
            f"trajectory mode {mode!r} is unknown: use one of {', '.join(_TRAJECTORY_MODES)}"
        )

    collect, compare = _TRAJECTORY_MODES[mode]

    def collect_calls(steps: Any) -> Any:
        return collect(call.key if arguments else call.tool for call in read_calls(steps))

    def same_trajectory(*, trajectory: Any = (), reference_trajectory: Any = (), **_: Any) -> bool:
        return compare(collect_calls(trajectory), collect_calls(reference_trajectory))

    return _named(same_trajectory, f"trajectory({mode})")


def not_refused(*, metadata: Mapping[str, Any] | None = None, **_: Any) -> bool:
    """Whether the model answered; passes where no refusal is known."""
    return not (metadata or {}).get("refused")


def not_cut_off(*, metadata: Mapping[str, Any] | None = None, **_: Any) -> bool:
    """Whether the answer ended before a token limit."""
    reason = str((metadata or {}).get("finish_reason") or "").lower()
    return reason not in {"length", "max_tokens", "max_output_tokens", "model_length"}


def load_scorer(name: str) -> Scorer:
    """Load a built-in scorer by its name, or a function by `module:name`.

    Raises:
        ConfigurationError: There is none.
    """
    plain: tuple[Scorer, ...] = (same_answer, same_json, not_refused, not_cut_off)
    built_in = {scorer_name(scorer): scorer for scorer in plain}
    built_in |= {"trajectory": trajectory(), "trajectory:unordered": trajectory("unordered")}
    if name in built_in:
        return built_in[name]
    if ":" not in name:
        raise ConfigurationError(f"scorer {name!r}: use {', '.join(built_in)} or MODULE:NAME")
    loaded: Scorer = load_object(name, "scorer")
    return loaded


def read_scores(scorer: Scorer, result: Any) -> dict[str, float]:
    """Read what a scorer returned as numbers by name; nothing for None.

    Raises:
        ConfigurationError: The result is none of the forms that are understood.
    """
    name = scorer_name(scorer)
    if result is None:
        return {}
    if isinstance(result, Real):
        return {} if math.isnan(result) else {name: float(result)}
    if isinstance(result, Mapping):
        return _scores_of_mapping(name, result)
    if hasattr(result, "score"):
        return _scores_of_mapping(getattr(result, "name", None) or name, {"score": result.score})
    if isinstance(result, Sequence) and not isinstance(result, str):
        return {key: value for part in result for key, value in read_scores(scorer, part).items()}
    raise ConfigurationError(
        f"scorer {name} returned {type(result).__name__}: return a number, a bool or a dict"
    )


def scorer_name(scorer: Scorer) -> str:
    """Return the name of a scorer's result in tables."""
    return str(getattr(scorer, "__name__", None) or type(scorer).__name__)


def text_of(value: Any) -> str:
    """Return an answer as text: a message's content, the text itself, or canonical JSON."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping) and isinstance(value.get("content"), str):
        return str(value["content"]).strip()
    return "" if value is None else canonical(value)


def _scores_of_mapping(name: str, result: Mapping[Any, Any]) -> dict[str, float]:
    """`{"key": ..., "score": ...}` as openevals returns, or scores by name."""
    if "score" in result:
        score = result["score"]
        key = str(result.get("key") or name)
        return {key: float(score)} if isinstance(score, Real) else {}
    return {str(key): float(score) for key, score in result.items() if isinstance(score, Real)}


def _last_number(value: Any) -> float | None:
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    found = re.findall(r"-?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?", text_of(value))
    return float(found[-1].replace(",", "").rstrip(".")) if found else None


def _named(scorer: Scorer, name: str) -> Scorer:
    scorer.__name__ = name
    return scorer
