"""Budgets of all kept traces an hour or a day; past one, fewer traces are kept.

Within a budget everything is kept. Past it, each further twentieth of it halves the rate, and the
next hour or day of UTC begins with the full rate. A trace is decided about by what was used before,
so the probability that its row shows is the true one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from respan_langchain._arguments import check_positive
from respan_langchain.errors import ConfigurationError

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR
STEP: Final = 0.05
"""The share of a budget after which the rate is halved again."""
MAX_STEPS: Final = 10
"""The rate never falls below 1/1024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one handler keeps in an hour or a day, in UTC; None is no limit."""

    rows_per_hour: float | None = None
    """Rows of kept traces."""
    rows_per_day: float | None = None
    bytes_per_hour: float | None = None
    """Bytes of these rows, as they are sent."""
    bytes_per_day: float | None = None
    usd_per_hour: float | None = None
    """What the model calls of kept traces cost, where that is known: about what their replay costs.
    """
    usd_per_day: float | None = None

    def __post_init__(self) -> None:
        for name, limit in self.limits.items():
            check_positive(name, limit)
        if not self.limits:
            raise ConfigurationError("budget: expected at least one of its limits")

    @property
    def limits(self) -> Mapping[str, float]:
        """The limits that are given, by name."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    def __repr__(self) -> str:
        return f"Budget({', '.join(f'{name}={limit}' for name, limit in self.limits.items())})"


@dataclass(frozen=True, slots=True)
class Use:
    """What kept traces use of a budget."""

    rows: int
    bytes: int
    usd: float = 0.0
    """Zero where the cost is unknown."""


class BudgetMeter:
    """What is used of each limit, and the rate that follows from it."""

    def __init__(self, budget: Budget) -> None:
        self._windows = [_Window(name, limit) for name, limit in budget.limits.items()]

    def rate(self, at: float) -> float:
        """Return the rate for a trace that ended `at` seconds since 1970."""
        return min(window.rate(at) for window in self._windows)

    def charge(self, use: Use) -> list[str]:
        """Count the rows of the trace that was decided about last; return the limits it passed."""
        return [window.name for window in self._windows if window.charge(use)]

    @property
    def used(self) -> Mapping[str, float]:
        """The used share of each limit, in the hour or day of the last trace."""
        return {window.name: window.used / window.limit for window in self._windows}


class _Window:
    """What is used of one limit in its current hour or day."""

    def __init__(self, name: str, limit: float) -> None:
        self.name = name
        self.limit = limit
        self.used = 0.0
        self._kind, _, unit = name.partition("_per_")
        self._seconds = HOUR if unit == "hour" else DAY
        self._number = 0

    def rate(self, at: float) -> float:
        number = int(at // self._seconds)
        if number > self._number:
            self._number, self.used = number, 0.0
        if self.used < self.limit:
            return 1.0
        steps = 1 + int((self.used - self.limit) / (self.limit * STEP))
        return 0.5 ** min(steps, MAX_STEPS)

    def charge(self, use: Use) -> bool:
        """Count; return whether this passed the limit."""
        before = self.used
        self.used += {"rows": use.rows, "bytes": use.bytes, "usd": use.usd}[self._kind]
        return before < self.limit <= self.used
