"""Paired comparisons of scores and amounts: estimate, interval, test and detectable difference.

Pure. Rows are the unit: repeats of a row are averaged before they come here. A difference is always
`after - before`. Weights are 1 / the probability with which a row was sampled, so that estimates
are about production. The tests come from scipy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from respan_langchain.experiments.scipy_modules import numpy, stats

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

CONFIDENCE: Final = 0.95
"""Confidence of all two-sided intervals."""
POWER: Final = 0.8
"""Probability of finding a drop that is as large as the detectable difference."""
RESAMPLES: Final = 2_000
"""Bootstrap samples of one interval."""
BOOTSTRAP_ROWS: Final = 1_000
"""Rows beyond which the t interval is used: BCa's jackknife grows with their square."""
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
    paired BCa bootstrap for the interval and a t-test of the weighted mean.
    """
    np = numpy()
    first, second = np.asarray(before, float), np.asarray(after, float)
    weight = _weights(weights, len(first))
    is_binary = bool(np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all())
    if is_binary and np.ptp(weight) == 0:
        low, high, p_worse, detectable = _mcnemar(first, second)
    else:
        low, high, p_worse, detectable = _weighted_mean(second - first, weight, first)
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


def compare_amounts(
    before: Sequence[float], after: Sequence[float], weights: Sequence[float] | None = None
) -> Comparison:
    """Compare positive amounts where less is better (USD, seconds) by the ratio of their medians.

    The interval resamples pairs, so that a row is drawn with both of its values.
    """
    np = numpy()
    first, second = np.asarray(before, float), np.asarray(after, float)
    weight = _weights(weights, len(first))
    # One row is drawn as if it were two equal ones, which gives the same interval.
    columns = (first, second) if np.ptp(weight) == 0 else (first, second, weight)
    samples = [np.resize(values, max(2, len(first))) for values in columns]
    found = _bootstrap(samples, _ratio_of_medians, "percentile")
    low, high = map(float, found.confidence_interval)
    not_worse = int((found.bootstrap_distribution <= 1).sum())
    return Comparison(
        rows=len(first),
        before=float(_medians(first, weight)),
        after=float(_medians(second, weight)),
        change=float(_ratio_of_medians(first, second, weight)),
        low=low,
        high=high,
        # No test of so few rows can show more than that all of them grew.
        p_worse=max((not_worse + 1) / (RESAMPLES + 1), 0.5 ** len(first)),
        detectable=(high - low) / 2 / _z(CONFIDENCE / 2 + 0.5) * (_z(CONFIDENCE) + _z(POWER)),
    )


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number by Holm's step-down method; in the order given.

    >>> [round(p, 3) for p in adjust_p_values([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def sign_test(worse: int, better: int) -> float:
    """One-sided exact p-value of as many or more worse rows, if both were equally likely."""
    if worse + better == 0:
        return 1.0
    return float(stats().binom.sf(worse - 1, worse + better, 0.5))


def _mcnemar(before: "Array", after: "Array") -> tuple[float, float, float, float]:
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
    reach = _z(CONFIDENCE / 2 + 0.5) * spread
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
        reached = drop * sqrt(rows) - 1 / sqrt(rows) - _z(CONFIDENCE) * sqrt(spread)
        if reached >= _z(POWER) * sqrt(max(0.0, spread - drop * drop)):
            high = drop
        else:
            low = drop
    return min(1.0, high)


def _weighted_mean(
    difference: "Array", weight: "Array", before: "Array"
) -> tuple[float, float, float, float]:
    np = numpy()
    rows = len(difference)
    mean = float(np.average(difference, weights=weight))
    if np.ptp(difference) == 0:
        return _without_variation(mean, rows, before)
    share = weight / weight.sum()
    error = sqrt(float((share**2 * (difference - mean) ** 2).sum()) * rows / max(1, rows - 1))
    student = stats().t(max(1.0, 1 / float((share**2).sum()) - 1))
    if rows > BOOTSTRAP_ROWS:
        reach = float(student.ppf(CONFIDENCE / 2 + 0.5)) * error
        low, high = mean - reach, mean + reach
    else:
        columns = (difference,) if np.ptp(weight) == 0 else (difference, weight)
        found = _bootstrap(columns, _means, "BCa")
        low, high = map(float, found.confidence_interval)
    detectable = float(student.ppf(CONFIDENCE) + student.ppf(POWER)) * error
    statistic = _without_skewness(mean / error, share * (difference - mean))
    return low, high, float(student.cdf(statistic)), detectable


def _without_skewness(statistic: float, deviations: "Array") -> float:
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
    mean: float, rows: int, before: "Array"
) -> tuple[float, float, float, float]:
    """Compare rows that all changed by the same amount.

    By the rule of three, up to 3 / n of further rows may still differ.
    """
    np = numpy()
    unseen = 3 / rows * (float(np.ptp(before)) or 1.0)
    p_worse = 0.5**rows if mean < 0 else 1.0
    return mean - unseen, mean + unseen, p_worse, 7 / 3 * unseen


def _bootstrap(samples: Sequence["Array"], statistic: Callable[..., "Array"], method: str) -> Any:
    """Resample rows, each drawn with all of its values."""
    return stats().bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method=method,
        rng=numpy().random.default_rng(SEED),
    )


def _means(values: "Array", weight: "Array | None" = None, axis: int = -1) -> "Array":
    """Return the weighted mean along an axis."""
    means: Array
    if weight is None:
        means = values.mean(axis=axis)
    else:
        means = (values * weight).sum(axis=axis) / weight.sum(axis=axis)
    return means


def _ratio_of_medians(
    before: "Array", after: "Array", weight: "Array | None" = None, axis: int = -1
) -> "Array":
    """Return the weighted median after by that before, where two zeros are equal."""
    np = numpy()
    first, second = _medians(before, weight, axis), _medians(after, weight, axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Array = np.where((first == 0) & (second == 0), 1.0, second / first)
    return ratios


def _medians(values: "Array", weight: "Array | None", axis: int = -1) -> "Array":
    """Return the weighted median along an axis."""
    np = numpy()
    medians: Array
    if weight is None:
        medians = np.median(values, axis=axis)
        return medians
    order = np.argsort(values, axis=axis)
    ordered = np.take_along_axis(values, order, axis=axis)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=axis), axis=axis)
    half = reached.max(axis=axis, keepdims=True) / 2
    both = [
        np.take_along_axis(ordered, np.argmax(is_past, axis=axis, keepdims=True), axis=axis)
        for is_past in (reached >= half, reached > half)
    ]
    medians = (both[0] + both[1]).squeeze(axis) / 2
    return medians


def _weights(weights: Sequence[float] | None, rows: int) -> "Array":
    np = numpy()
    array: Array = np.ones(rows) if weights is None else np.asarray(weights, float)
    return array


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
