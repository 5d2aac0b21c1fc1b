"""Caps of rows an hour or a day, without bias and without holding rows back.

A trace is kept or left out when it ends, so the reservoir cannot replace an earlier one by it. It
keeps each trace with a probability that it chooses beforehand, from the traffic until then, so that
the cap lasts until the end of the window. The row shows that probability, by which sums over the
rows are unbiased estimates of sums over all traces. The reservoir uses the times at which traces
ended and hashes of their ids: the same traffic gives the same rows.
"""

from typing import Final

FIRST_SHARE: Final = 0.1
"""The share of the cap that is kept before the traffic is known, at probability 1."""
RESERVE: Final = 0.15
"""The share of the expected traffic for which the cap should last beyond the window's end."""
EARLIER_WEIGHT: Final = 0.1
"""How much the last window counts as traffic of this one, as a share of a window."""
MIN_SECONDS: Final = 1.0
"""The shortest time from which a rate is calculated."""
MAX_STRATA: Final = 1_000
"""Reservoirs of one rule; the values that come later share one."""


class Reservoir:
    """Keeps at most `cap` traces in each window of `seconds`, aligned to UTC."""

    def __init__(self, cap: int, seconds: float, at: float) -> None:
        """Start at the end of the first trace, `at` seconds since 1970."""
        self._cap = cap
        self._seconds = seconds
        self._window = int(at // seconds)
        self._observed_from = at
        self._earlier_rate: float | None = None
        """Traces a second in the window before; None if none was observed."""
        self._seen = self._kept = 0

    def admit(self, position: float, at: float) -> float | None:
        """Return the probability with which a trace is kept; None when it is left out.

        Args:
            position: A number in [0, 1) that is random for each trace.
            at: When it ended, in seconds since 1970.
        """
        self._move_to(at)
        probability = self._probability(at)
        self._seen += 1
        if position >= probability:
            return None
        self._kept += 1
        return probability

    def _move_to(self, at: float) -> None:
        window = int(at // self._seconds)
        if window <= self._window:
            return
        observed = max(self._end - self._observed_from, MIN_SECONDS)
        is_next = window == self._window + 1
        self._earlier_rate = self._seen / observed if is_next else 0.0
        self._window, self._observed_from = window, window * self._seconds
        self._seen = self._kept = 0

    def _probability(self, at: float) -> float:
        left = self._cap - self._kept
        if self._earlier_rate is None and self._kept < self._cap * FIRST_SHARE:
            return 1.0
        rate = self._rate(at)
        remaining = max((self._end - at) * rate, 0.0)
        expected = remaining + RESERVE * self._seconds * rate
        return min(1.0, left / expected) if expected > 0 else float(left > 0)

    def _rate(self, at: float) -> float:
        """Traces a second, from this window and the one before."""
        observed = max(at - self._observed_from, MIN_SECONDS)
        if self._earlier_rate is None:
            return self._seen / observed
        weight = EARLIER_WEIGHT * self._seconds
        return (self._seen + self._earlier_rate * weight) / (observed + weight)

    @property
    def _end(self) -> float:
        return (self._window + 1) * self._seconds


class Strata:
    """The reservoirs of one rule: one for each value of something, such as the model."""

    def __init__(self, cap: int, seconds: float) -> None:
        self._cap = cap
        self._seconds = seconds
        self._reservoirs: dict[str | None, Reservoir] = {}

    def admit(self, value: str, position: float, at: float) -> float | None:
        """As `Reservoir.admit`, by the reservoir of a value."""
        is_known = value in self._reservoirs or len(self._reservoirs) < MAX_STRATA
        key = value if is_known else None
        if key not in self._reservoirs:
            self._reservoirs[key] = Reservoir(self._cap, self._seconds, at)
        return self._reservoirs[key].admit(position, at)
