"""What a condition of a rule is, and how conditions are combined with `&`, `|` and `~`.

A condition is a named function of the facts with its arguments, so it can be compared, shown and
pickled. `conditions.py` has those that rules offer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from respan_langchain._arguments import show_argument
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules.facts import TraceFacts


@dataclass(frozen=True, slots=True, repr=False)
class Condition:
    """Whether a finished trace is of some kind."""

    name: str
    test: Callable[..., bool]
    """A function of the facts and of `arguments`."""
    arguments: tuple[Any, ...] = ()

    def matches(self, facts: TraceFacts) -> bool:
        """Whether a trace is of this kind."""
        return bool(self.test(facts, *self.arguments))

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
