"""Rules in their order, and what each does with the traces that it matches."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final

from respan_langchain._constants import MAX_DATASET_NAME
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules.conditions import Condition, check_condition, everything, failed


@dataclass(frozen=True, slots=True)
class Rule:
    """Which traces are kept, how many of them, and where their rows go; made by `keep`."""

    condition: Condition
    to: str | None = None
    rate: float = 1.0


def keep(condition: Condition, *, to: str | None = None, rate: float = 1.0) -> Rule:
    """Return a rule that keeps the traces of a kind.

    Args:
        condition: Which traces.
        to: The name of another dataset for their rows; it is created when it does not exist.
        rate: The fraction of their conversations that is kept, 0 to 1; the same ones in every
            process.

    Raises:
        ConfigurationError: An argument is wrong.
    """
    return Rule(check_condition(condition), _check_dataset(to), _check_rate(rate))


class Rules:
    """Rules in their order: the first one that matches a trace decides about all its rows.

    A trace that no rule matches is left out.
    """

    def __init__(self, *rules: Rule) -> None:
        """Take the rules that `keep` returned.

        Raises:
            ConfigurationError: There is none, or something else is among them.
        """
        for rule in rules:
            if not isinstance(rule, Rule):
                raise ConfigurationError(f"rules: expected keep(...), got {rule!r}")
        if not rules:
            raise ConfigurationError("rules: expected at least one keep(...)")
        self.rules: Final = rules

    @cached_property
    def version(self) -> str:
        """A hash of the rules: the same for rules that are written in the same way."""
        return blake2b(repr(self).encode(), digest_size=4).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash(self.rules)

    def __repr__(self) -> str:
        return f"Rules({', '.join(map(repr, self.rules))})"


def sampling_rules(rate: float, *, keep_errors: bool) -> Rules:
    """Return the rules that `sample_rate` and `keep_errors` stand for."""
    sampled = keep(everything, rate=rate)
    return Rules(keep(failed), sampled) if keep_errors else Rules(sampled)


def _check_dataset(name: object) -> str | None:
    if name is None:
        return None
    if isinstance(name, str) and 1 <= len(name.strip()) <= MAX_DATASET_NAME:
        return name.strip()
    raise ConfigurationError(
        f"to: expected the name of a dataset, 1 to {MAX_DATASET_NAME} characters, got {name!r:.40}"
    )


def _check_rate(rate: object) -> float:
    if isinstance(rate, int | float) and 0 <= rate <= 1:
        return float(rate)
    raise ConfigurationError(f"rate: expected a number from 0 to 1, got {rate!r}")
