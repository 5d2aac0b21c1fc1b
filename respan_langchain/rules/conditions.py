"""The conditions of rules: what can be asked of a finished trace."""

from collections.abc import Callable
from types import NoneType
from typing import Final, get_args

from respan_langchain._arguments import check_count, check_number, check_text, wrong_argument
from respan_langchain.rules.condition import Condition
from respan_langchain.rules.facts import NovelBy, TraceFacts

NOVEL: Final = "novel"
A_TOOL: Final = "the name of a tool"
JSON_TYPES: Final = (str, int, float, bool, NoneType, list, dict)
CUT_OFF: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""Finish reasons of answers that reached a token limit, in lower case."""


def _is_any(_: TraceFacts) -> bool:
    return True


def _has_failed(facts: TraceFacts) -> bool:
    return facts.status == "error"


def _has_error(facts: TraceFacts) -> bool:
    return facts.has_error


def _has_tool_error(facts: TraceFacts) -> bool:
    return facts.tool_errors > 0


def _was_retried(facts: TraceFacts) -> bool:
    return facts.retries > 0


def _fell_back(facts: TraceFacts) -> bool:
    return facts.fallbacks > 0


def _was_refused(facts: TraceFacts) -> bool:
    return facts.refused


def _was_cut_off(facts: TraceFacts) -> bool:
    return any(reason.lower() in CUT_OFF for reason in facts.finish_reasons)


def _was_interrupted(facts: TraceFacts) -> bool:
    return facts.was_interrupted


def _was_edited(facts: TraceFacts) -> bool:
    return any(decision.get("type") == "edit" for decision in facts.decisions)


def _was_rejected(facts: TraceFacts) -> bool:
    return any(decision.get("type") == "reject" for decision in facts.decisions)


everything: Final = Condition("everything", _is_any)
"""Every trace."""
failed: Final = Condition("failed", _has_failed)
"""The call of the app raised."""
error_anywhere: Final = Condition("error_anywhere", _has_error)
"""Something in the trace failed, also where the app handled it."""
tool_error: Final = Condition("tool_error", _has_tool_error)
"""A tool failed or answered with an error."""
retried: Final = Condition("retried", _was_retried)
"""A call was repeated after a failure."""
fell_back: Final = Condition("fell_back", _fell_back)
"""A call was replaced by another after a failure."""
refused: Final = Condition("refused", _was_refused)
"""A model or its provider declined to answer."""
cut_off: Final = Condition("cut_off", _was_cut_off)
"""An answer ended at a token limit."""
interrupted: Final = Condition("interrupted", _was_interrupted)
"""The graph stopped to wait for a person, whether it was resumed or not."""
edited_by_human: Final = Condition("edited_by_human", _was_edited)
"""A person edited a tool call before it ran."""
rejected_by_human: Final = Condition("rejected_by_human", _was_rejected)
"""A person rejected a tool call."""


def slower_than(seconds: float) -> Condition:
    """Return a condition: the trace ran longer, without the time in which it waited for people."""
    return Condition("slower_than", _is_slower, (check_number("slower_than", seconds, minimum=0),))


def cost_over(usd: float) -> Condition:
    """Return a condition: its model calls cost more; never met where the cost is unknown."""
    return Condition("cost_over", _costs_more, (check_number("cost_over", usd, minimum=0),))


def tokens_over(count: int) -> Condition:
    """Return a condition: its model calls used more tokens; never met where they are unknown."""
    limit = check_number("tokens_over", count, minimum=0)
    return Condition("tokens_over", _uses_more_tokens, (limit,))


def _is_slower(facts: TraceFacts, seconds: float) -> bool:
    return facts.seconds is not None and facts.seconds > seconds


def _costs_more(facts: TraceFacts, usd: float) -> bool:
    return facts.cost is not None and facts.cost > usd


def _uses_more_tokens(facts: TraceFacts, count: float) -> bool:
    return facts.tokens is not None and facts.tokens > count


def calls(tool: str) -> Condition:
    """Return a condition: the tool is called at least once."""
    return Condition("calls", _calls, (check_text("calls", tool, A_TOOL), 1))


def never_calls(tool: str) -> Condition:
    """Return a condition: the tool is not called."""
    return ~calls(tool)


def looped(tool: str, times: int) -> Condition:
    """Return a condition: the tool is called at least so many times."""
    name, at_least = check_text("looped", tool, A_TOOL), check_count("times", times)
    return Condition("looped", _calls, (name, at_least))


def _calls(facts: TraceFacts, tool: str, times: int) -> bool:
    return facts.tools.count(tool) >= times


def tag(name: str) -> Condition:
    """Return a condition: the root has this tag."""
    return Condition("tag", _has_tag, (check_text("tag", name, "a tag"),))


def _has_tag(facts: TraceFacts, name: str) -> bool:
    return name in facts.tags


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
