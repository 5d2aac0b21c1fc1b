"""Rules in their order, and what each does with the traces that it matches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal, TypeAlias, get_args

from respan_langchain._arguments import (
    check_count,
    check_dataset_name,
    check_number,
    check_text,
    wrong_argument,
)
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules.budget import DAY, HOUR, Budget
from respan_langchain.rules.conditions import Condition, check_condition, everything, failed
from respan_langchain.rules.signatures import CopyBy, Dedupe, describe_dedupe

Corrections: TypeAlias = Literal["human"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which traces are kept, how many of them, and where their rows go; made by `keep`."""

    condition: Condition
    to: str | None = None
    rate: float = 1.0
    cap: int | None = None
    """The most traces that are kept in a window; None without a limit."""
    window: float = 0.0
    """Its length in seconds."""
    strata: str | None = None
    """The metadata key for each of whose values the cap holds; None for one cap."""
    corrections: Corrections | None = None


def keep(
    condition: Condition,
    *,
    to: str | None = None,
    rate: float = 1.0,
    per_hour: int | None = None,
    per_day: int | None = None,
    strata: str | None = None,
    corrections: Corrections | None = None,
) -> Rule:
    """Return a rule that keeps the traces of a kind.

    Args:
        condition: Which traces.
        to: The name of another dataset for their rows; it is created when it does not exist.
        rate: The fraction of their conversations that is kept, 0 to 1; the same ones in every
            process.
        per_hour: The most traces that one process keeps in an hour, spread over the hour.
        per_day: The same for a day, in UTC.
        strata: The metadata key, such as "model", for each of whose values the cap holds.
        corrections: "human" turns people's decisions about tool calls into labels of the model
            calls that requested them: an edited call becomes the expected output, a rejected one
            the score 0.

    Raises:
        ConfigurationError: An argument is wrong.
    """
    cap, window = _check_cap(per_hour, per_day)
    if strata is not None and cap is None:
        raise ConfigurationError("strata: needs per_hour or per_day")
    if corrections not in (None, *get_args(Corrections)):
        raise wrong_argument("corrections", '"human"', corrections)
    return Rule(
        check_condition("keep", condition),
        None if to is None else check_dataset_name("to", to),
        check_number("rate", rate, minimum=0, maximum=1),
        cap,
        window,
        None if strata is None else check_text("strata", strata, "a metadata key"),
        corrections,
    )


@dataclass(init=False, repr=False, unsafe_hash=True)
class Rules:
    """Rules in their order: the first one that matches a trace decides about all its rows.

    A trace that no rule matches is left out.
    """

    rules: tuple[Rule, ...]
    dedupe: Dedupe | None = field(hash=False)  # a function of the app, which may have no hash
    budget: Budget | None
    mark_regressions: bool

    def __init__(
        self,
        *rules: Rule,
        dedupe: Dedupe | None = None,
        budget: Budget | None = None,
        mark_regressions: bool = False,
    ) -> None:
        """Take the rules that `keep` returned.

        Args:
            *rules: In their order.
            dedupe: "input" or "input+output": of kept traces that have the same, only the first
                in an hour becomes rows, and its root's row counts the others in
                `metadata.seen_count`. A function of the facts returns a text that copies have in
                common, or None.
            budget: Beyond it, a smaller part of the traces is kept.
            mark_regressions: Whether the rows of two traces with the same input and different
                outputs, of two values of `metadata.app_version`, name each other in
                `metadata.possible_regression`.

        Raises:
            ConfigurationError: There is no rule, or an argument is wrong.
        """
        for rule in rules:
            if not isinstance(rule, Rule):
                raise wrong_argument("rules", "keep(...)", rule)
        if not rules:
            raise ConfigurationError("rules: expected at least one keep(...)")
        if budget is not None and not isinstance(budget, Budget):
            raise wrong_argument("budget", "Budget(...)", budget)
        if not isinstance(mark_regressions, bool):
            raise wrong_argument("mark_regressions", "True or False", mark_regressions)
        self.rules, self.dedupe = rules, _check_dedupe(dedupe)
        self.budget, self.mark_regressions = budget, mark_regressions

    @cached_property
    def version(self) -> str:
        """A hash of the rules: the same for rules that are written in the same way."""
        return blake2b(repr(self).encode(), digest_size=4).hexdigest()

    @cached_property
    def names(self) -> Sequence[str]:
        """What the rules are called in rows and counts: their conditions, numbered if equal."""
        shown = [str(rule.condition) for rule in self.rules]
        numbers = [shown[: index + 1].count(name) for index, name in enumerate(shown)]
        return [
            name if number == 1 else f"{name} #{number}"
            for name, number in zip(shown, numbers, strict=True)
        ]

    def __repr__(self) -> str:
        options = {
            "dedupe": describe_dedupe(self.dedupe),
            "budget": self.budget,
            "mark_regressions": self.mark_regressions,
        }
        given = [f"{name}={value!r}" for name, value in options.items() if value]
        return f"Rules({', '.join([*map(repr, self.rules), *given])})"


def sampling_rules(rate: float, *, keep_errors: bool, dedupe: Dedupe | None = None) -> Rules:
    """Return the rules that `sample_rate`, `keep_errors` and `dedupe` stand for."""
    rules = [*([keep(failed)] if keep_errors else []), keep(everything, rate=rate)]
    return Rules(*rules, dedupe=dedupe)


def _check_dedupe(dedupe: Dedupe | None) -> Dedupe | None:
    if dedupe is None or callable(dedupe) or dedupe in get_args(CopyBy):
        return dedupe
    choices = " or ".join(f'"{each}"' for each in get_args(CopyBy))
    raise wrong_argument("dedupe", f"{choices} or a function", dedupe)


def _check_cap(per_hour: object, per_day: object) -> tuple[int | None, float]:
    """Return the cap, and the seconds for which it holds."""
    if per_hour is not None and per_day is not None:
        raise ConfigurationError("per_hour: expected per_hour or per_day, not both")
    if per_hour is not None:
        return check_count("per_hour", per_hour), HOUR
    return (None, 0.0) if per_day is None else (check_count("per_day", per_day), DAY)
