"""The conditions of rules: what can be asked of a finished trace, alone or with `&`, `|` and `~`.

A condition is a named test of one fact, or of all of them, with its arguments, so it can be
compared, shown and pickled.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import contains
from types import NoneType
from typing import Any, Final, get_args

from respan_langchain._arguments import (
    check_count,
    check_number,
    check_text,
    show_argument,
    wrong_argument,
)
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules.facts import NovelBy, TraceFacts

NOVEL: Final = "novel"
A_TOOL: Final = "the name of a tool"
JSON_TYPES: Final = (str, int, float, bool, NoneType, list, dict)
CUT_OFF: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""Finish reasons of answers that reached a token limit, in lower case."""


@dataclass(frozen=True, slots=True, repr=False)
class Condition:
    """Whether a finished trace is of some kind."""

    name: str
    test: Callable[..., object]
    """A function of what is tested and of `arguments`; a true result matches."""
    arguments: tuple[Any, ...] = ()
    fact: str = ""
    """The fact of the trace that is tested; all of its facts without one."""

    def matches(self, facts: TraceFacts) -> bool:
        """Whether a trace is of this kind."""
        tested = getattr(facts, self.fact) if self.fact else facts
        return bool(self.test(tested, *self.arguments))

    def __and__(self, other: "Condition") -> "Condition":
        return Condition("&", _both, (self, check_condition("&", other)))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition("|", _either, (self, check_condition("|", other)))

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> "Condition":
        return Condition("~", _not, (self,))

    def __bool__(self) -> bool:
        raise ConfigurationError(
            f"{self}: combine conditions with &, | and ~, not with and, or, not"
        )

    def __repr__(self) -> str:
        shown = [repr(each) for each in self.arguments]
        if self.name == "~":
            return f"~{shown[0]}"
        if self.name in {"&", "|"}:
            return f"({shown[0]} {self.name} {shown[1]})"
        return f"{self.name}({', '.join(shown)})" if shown else self.name


def check_condition(place: str, value: object) -> Condition:
    """Return a condition unchanged; `place` is the function or the operator that takes it.

    Raises:
        ConfigurationError: It is something else.
    """
    if isinstance(value, Condition):
        return value
    name = getattr(value, "__name__", None)
    hint = f"the function {name}: wrap it as predicate({name})" if name else show_argument(value)
    raise ConfigurationError(
        f"{place}: expected a condition, such as error_anywhere or slower_than(20); got {hint}"
    )


def _both(facts: TraceFacts, one: Condition, other: Condition) -> bool:
    return one.matches(facts) and other.matches(facts)


def _either(facts: TraceFacts, one: Condition, other: Condition) -> bool:
    return one.matches(facts) or other.matches(facts)


def _not(facts: TraceFacts, condition: Condition) -> bool:
    return not condition.matches(facts)


def _is_any(_: TraceFacts) -> bool:
    return True


def _is_error(status: str) -> bool:
    return status == "error"


def _exceeds(number: float | None, limit: float = 0) -> bool:
    return number is not None and number > limit


def _were_cut_off(finish_reasons: Iterable[str]) -> bool:
    return any(reason.lower() in CUT_OFF for reason in finish_reasons)


def _have_edit(decisions: Iterable[Mapping[str, Any]]) -> bool:
    return any(decision.get("type") == "edit" for decision in decisions)


def _have_rejection(decisions: Iterable[Mapping[str, Any]]) -> bool:
    return any(decision.get("type") == "reject" for decision in decisions)


everything: Final = Condition("everything", _is_any)
"""Every trace."""
failed: Final = Condition("failed", _is_error, fact="status")
"""The call of the app raised."""
error_anywhere: Final = Condition("error_anywhere", bool, fact="has_error")
"""Something in the trace failed, also where the app handled it."""
tool_error: Final = Condition("tool_error", _exceeds, fact="tool_errors")
"""A tool failed or answered with an error."""
retried: Final = Condition("retried", _exceeds, fact="retries")
"""A call was repeated after a failure."""
fell_back: Final = Condition("fell_back", _exceeds, fact="fallbacks")
"""A call was replaced by another after a failure."""
refused: Final = Condition("refused", bool, fact="refused")
"""A model or its provider declined to answer."""
cut_off: Final = Condition("cut_off", _were_cut_off, fact="finish_reasons")
"""An answer ended at a token limit."""
interrupted: Final = Condition("interrupted", bool, fact="was_interrupted")
"""The graph stopped to wait for a person, whether it was resumed or not."""
edited_by_human: Final = Condition("edited_by_human", _have_edit, fact="decisions")
"""A person edited a tool call before it ran."""
rejected_by_human: Final = Condition("rejected_by_human", _have_rejection, fact="decisions")
"""A person rejected a tool call."""


def slower_than(seconds: float) -> Condition:
    """Return a condition: the trace ran longer, without the time in which it waited for people."""
    return _limit("slower_than", "seconds", seconds)


def cost_over(usd: float) -> Condition:
    """Return a condition: its model calls cost more; never met where the cost is unknown."""
    return _limit("cost_over", "cost", usd)


def tokens_over(count: int) -> Condition:
    """Return a condition: its model calls used more tokens; never met where they are unknown."""
    return _limit("tokens_over", "tokens", count)


def _limit(name: str, fact: str, limit: float) -> Condition:
    return Condition(name, _exceeds, (check_number(name, limit, minimum=0),), fact)


def calls(tool: str) -> Condition:
    """Return a condition: the tool is called at least once."""
    return Condition("calls", _repeats, (check_text("calls", tool, A_TOOL), 1), "tools")


def never_calls(tool: str) -> Condition:
    """Return a condition: the tool is not called."""
    return ~calls(tool)


def looped(tool: str, times: int) -> Condition:
    """Return a condition: the tool is called at least so many times."""
    name, at_least = check_text("looped", tool, A_TOOL), check_count("times", times)
    return Condition("looped", _repeats, (name, at_least), "tools")


def _repeats(tools: Sequence[str], name: str, times: int) -> bool:
    return tools.count(name) >= times


def tag(name: str) -> Condition:
    """Return a condition: the root has this tag."""
    return Condition("tag", contains, (check_text("tag", name, "a tag"),), "tags")


def metadata(key: str, value: object) -> Condition:
    """Return a condition: the root's metadata has this value, as JSON shows it."""
    if not isinstance(value, JSON_TYPES) or value != value:  # noqa: PLR0124  # NaN
        raise wrong_argument("metadata", "a value as JSON has it", value)
    return Condition(
        "metadata", _has_metadata, (check_text("metadata", key, "a metadata key"), value)
    )


def _has_metadata(facts: TraceFacts, key: str, value: object) -> bool:
    return bool(facts.get(key) == value)


def novel(by: NovelBy = "trajectory", at_most: int = 1) -> Condition:
    """Return a condition: the trace is among the first `at_most` with its tool path, or input.

    Two inputs are the same if they differ in numbers, case and punctuation only.
    """
    if by not in get_args(NovelBy):
        choices = " or ".join(f'"{each}"' for each in get_args(NovelBy))
        raise wrong_argument("by", choices, by)
    return Condition(NOVEL, _is_novel, (by, check_count("at_most", at_most)))


def _is_novel(facts: TraceFacts, by: NovelBy, at_most: int) -> bool:
    return facts.times_seen[by] < at_most


def get_signatures(condition: Condition) -> set[NovelBy]:
    """Return the kinds of signatures that a condition and its parts compare."""
    if condition.name == NOVEL:
        return {condition.arguments[0]}
    parts = (part for part in condition.arguments if isinstance(part, Condition))
    return {by for part in parts for by in get_signatures(part)}


def predicate(function: Callable[[TraceFacts], bool]) -> Condition:
    """Return a condition: the function of the trace's facts returns true.

    One that raises is counted in `stats.internal_errors`, and its rule does not match.
    """
    if not callable(function):
        raise wrong_argument("predicate", "a function of the trace's facts", function)
    return Condition(f"predicate({getattr(function, '__name__', 'function')})", function)
