"""Paired comparisons of scores: estimate, interval, test and detectable difference.

Pure. Rows are the unit: repeats of a row are averaged before they come here. A difference is always
`after - before`. Weights are 1 / the probability with which a row was sampled, so that estimates
are about production. The tests come from scipy. Costs and seconds are compared in `amounts.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from statistics import NormalDist
from typing import Any, Final, NamedTuple

from respan_langchain.experiments.scipy_modules import Array, np, stats

CONFIDENCE: Final = 0.95
"""Confidence of all two-sided intervals."""
POWER: Final = 0.8
"""Probability of finding a drop that is as large as the detectable difference."""
RESAMPLES: Final = 2_000
"""Bootstrap samples of one interval."""
BOOTSTRAP_ROWS: Final = 1_000
"""Rows beyond which the t interval is used: BCa's jackknife grows with their square."""
NORMAL: Final = NormalDist()
SEED: Final = 20_26
"""The same rows give the same interval: a verdict must not change between two calls."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one metric changed, over rows that have both values."""

    rows: int
    before: float
    """Weighted mean, or weighted median for amounts."""
    after: float
    change: float
    """`after - before` for scores; the ratio `after / before` for amounts."""
    low: float
    high: float
    """The interval of `change` at 95 % confidence."""
    p_worse: float
    """One-sided p-value of a worsening."""
    detectable: float
    """The smallest worsening that these rows would show with a probability of 80 %."""


def compare_scores(
    before: Sequence[float], after: Sequence[float], weights: Sequence[float] | None = None
) -> Comparison:
    """Compare scores where more is better, row by row.

    Scores that are 0 or 1 on both sides, with equal weights, use the exact McNemar test; others a
    t-test of the weighted mean, and for the interval the wider of its own and of a BCa bootstrap.
    """
    first, second = np.asarray(before, float), np.asarray(after, float)
    weight = read_weights(weights, len(first))
    is_binary = bool(np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all())
    if is_binary and np.ptp(weight) == 0:
        low, high, p_worse, detectable = _mcnemar(first, second)
    else:
        low, high, p_worse, detectable = _t_test(
            second - first, weight, scale=float(np.ptp(first)) or 1.0, is_binary=is_binary
        )
    return Comparison(
        rows=len(first),
        before=float(np.average(first, weights=weight)),
        after=float(np.average(second, weights=weight)),
        change=float(np.average(second - first, weights=weight)),
        low=low,
        high=high,
        p_worse=p_worse,
        detectable=detectable,
    )


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number by Holm's step-down method; in the order given.

    >>> [round(p, 3) for p in adjust_p_values([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    number = len(p_values)
    order = sorted(range(number), key=p_values.__getitem__)
    scaled = (min(1.0, (number - rank) * p_values[index]) for rank, index in enumerate(order))
    adjusted = dict(zip(order, accumulate(scaled, max), strict=True))
    return [adjusted[index] for index in range(number)]


def sign_test(worse: int, better: int) -> float:
    """One-sided exact p-value of as many or more worse rows, if both were equally likely."""
    if worse + better == 0:
        return 1.0
    return float(stats.binom.sf(worse - 1, worse + better, 0.5))


def _mcnemar(before: Array, after: Array) -> tuple[float, float, float, float]:
    """Exact test on discordant pairs, and the Agresti-Min interval of the paired difference.

    The interval adds half a pair to each of the four cells (Agresti & Min 2005, Statistics in
    Medicine 24), so that rows without any difference still have a width.
    """
    rows = len(before)
    worse = int(((before == 1) & (after == 0)).sum())
    better = int(((before == 0) & (after == 1)).sum())
    total, lost, won = rows + 2, worse + 0.5, better + 0.5
    middle = (won - lost) / total
    spread = sqrt(max(0.0, lost + won - (won - lost) ** 2 / total)) / total
    reach = NORMAL.inv_cdf(CONFIDENCE / 2 + 0.5) * spread
    return (
        max(-1.0, middle - reach),
        min(1.0, middle + reach),
        sign_test(worse, better),
        _detectable_share(rows, (worse + better) / rows),
    )


def _detectable_share(rows: int, discordant: float) -> float:
    """Return the share of rows that would have to get worse, beside those that differ by noise.

    Found by bisection on the normal approximation of McNemar's power with its continuity
    correction. At least five rows have to differ in one direction before the exact test can reject
    (0.5**5 < 0.05); seven give a power of 80 %.
    """
    low, high = 7 / rows, 1.0
    for _ in range(40):
        drop = (low + high) / 2
        spread = min(1.0, discordant + drop)
        reached = drop * sqrt(rows) - 1 / sqrt(rows) - NORMAL.inv_cdf(CONFIDENCE) * sqrt(spread)
        if reached >= NORMAL.inv_cdf(POWER) * sqrt(max(0.0, spread - drop * drop)):
            high = drop
        else:
            low = drop
    return min(1.0, high)


def _t_test(
    difference: Array, weight: Array, *, scale: float, is_binary: bool
) -> tuple[float, float, float, float]:
    found = _estimate_mean(difference, weight)
    if np.ptp(difference) == 0:
        return _without_variation(found, len(difference), scale)
    low, high = (
        _interval(*_with_half_pairs(difference, weight))
        if is_binary
        else _interval(difference, weight)
    )
    deviations = weight / weight.sum() * (difference - found.mean)
    statistic = _without_skewness(found.mean / found.error, deviations)
    detectable = float(found.student.ppf(CONFIDENCE) + found.student.ppf(POWER)) * found.error
    return low, high, float(found.student.cdf(statistic)), detectable


class WeightedMean(NamedTuple):
    """A weighted mean, and how much it varies."""

    mean: float
    error: float
    """Its standard error."""
    rows: float
    """Effective rows: how many rows of equal weight would tell as much."""

    @property
    def student(self) -> Any:
        """The t distribution of its errors."""
        return stats.t(max(1.0, self.rows - 1))


def _estimate_mean(values: Array, weight: Array) -> WeightedMean:
    """Estimate a weighted mean, and its error from the deviations of the rows.

    A row that weighs much pulls the mean towards itself, which makes its deviation too small by
    the factor `1 - share`. Source: MacKinnon & White 1985, Journal of Econometrics 29 (HC3).
    """
    share = weight / weight.sum()
    mean = float(np.average(values, weights=weight))
    rows = 1 / float((share**2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        error = float(np.sqrt((share**2 * ((values - mean) / (1 - share)) ** 2).sum()))
    return WeightedMean(mean, error, rows)


def _interval(difference: Array, weight: Array) -> tuple[float, float]:
    """Return the interval by the t distribution, wider where a BCa bootstrap says so.

    The bootstrap alone is too narrow for few effective rows; the t distribution alone ignores that
    differences are skewed.
    """
    found = _estimate_mean(difference, weight)
    reach = float(found.student.ppf(CONFIDENCE / 2 + 0.5)) * found.error
    low, high = found.mean - reach, found.mean + reach
    if len(difference) > BOOTSTRAP_ROWS:
        return low, high
    bootstrap = stats.bootstrap(
        (difference, weight),
        lambda values, weights, axis: (values * weights).sum(axis) / weights.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(SEED),
    )
    interval = bootstrap.confidence_interval
    return min(low, float(interval.low)), max(high, float(interval.high))


def _with_half_pairs(difference: Array, weight: Array) -> tuple[Array, Array]:
    """Add half a lost and half a won pair, as the Agresti-Min interval does without weights.

    Where few rows weigh much, a sample may have none of those that changed.
    """
    effective = float((weight**2).sum() / weight.sum())
    half = sqrt(0.5)
    return np.append(difference, [half, -half]), np.append(weight, [effective, effective])


def _without_skewness(statistic: float, deviations: Array) -> float:
    """Correct a t statistic for the skewness of its values; it still grows with the statistic.

    The mean of three repeats minus one recorded answer is skewed, and would be called a regression
    too often. Source: On the Removal of Skewness by Transformation, Journal of the Royal
    Statistical Society B 54 (1992), 221-228.
    """
    rows = len(deviations)
    skewness = float((deviations**3).mean() / (deviations**2).mean() ** 1.5) / sqrt(rows)
    bend = skewness * statistic / 3
    return statistic * (1 + bend + bend**2 / 3) + skewness / 6


def _without_variation(
    found: WeightedMean, rows: int, scale: float
) -> tuple[float, float, float, float]:
    """Compare rows that all changed by the same amount.

    By the rule of three, up to 3 / n of further rows may still differ, by the range of the scores.
    """
    unseen = 3 / found.rows * scale
    p_worse = 0.5**rows if found.mean < 0 else 1.0
    return found.mean - unseen, found.mean + unseen, p_worse, 7 / 3 * unseen


def read_weights(weights: Sequence[float] | None, rows: int) -> Array:
    """Return the weights as an array; equal ones without weights."""
    return np.ones(rows) if weights is None else np.asarray(weights, float)
