"""Paired comparisons of amounts (USD, seconds) by the ratio of their medians.

Pure. The bootstrap draws whole rows: a row that is drawn twice weighs twice.
"""

from collections.abc import Sequence
from math import inf, isfinite
from typing import Final

from respan_langchain.experiments.scipy_modules import Array, np
from respan_langchain.experiments.statistics import (
    CONFIDENCE,
    NORMAL,
    POWER,
    RESAMPLES,
    SEED,
    Comparison,
    read_weights,
)

BLOCK: Final = 100
"""Resamples that are in memory at the same time."""


def compare_amounts(
    before: Sequence[float], after: Sequence[float], weights: Sequence[float] | None = None
) -> Comparison:
    """Compare positive amounts where less is better."""
    first, second = np.asarray(before, float), np.asarray(after, float)
    weight = read_weights(weights, len(first))
    ratios = _resample_ratios(first, second, weight)
    tail = (1 - CONFIDENCE) / 2
    # Without interpolation, since a ratio is infinite where the baseline cost nothing.
    low, high = map(float, np.quantile(ratios, [tail, 1 - tail], method="inverted_cdf"))
    not_worse = int((ratios <= 1).sum())
    error = (high - low) / 2 / NORMAL.inv_cdf(1 - tail) if isfinite(high) else inf
    return Comparison(
        rows=len(first),
        before=float(_medians(first, weight)),
        after=float(_medians(second, weight)),
        change=float(_ratios_of_medians(first, second, weight)),
        low=low,
        high=high,
        # No test of so few rows can show more than that all of them grew.
        p_worse=max((not_worse + 1) / (RESAMPLES + 1), 0.5 ** len(first)),
        detectable=error * (NORMAL.inv_cdf(CONFIDENCE) + NORMAL.inv_cdf(POWER)),
    )


def _resample_ratios(before: Array, after: Array, weight: Array) -> Array:
    generator = np.random.default_rng(SEED)
    rows = len(before)
    blocks = (
        generator.multinomial(rows, np.full(rows, 1 / rows), BLOCK)
        for _ in range(RESAMPLES // BLOCK)
    )
    return np.concatenate([_ratios_of_medians(before, after, weight * drawn) for drawn in blocks])


def _ratios_of_medians(before: Array, after: Array, weight: Array) -> Array:
    """Return the weighted median after by that before, where two zeros are equal.

    The last axis of `weight` is the rows; the others are those of the result.
    """
    first, second = _medians(before, weight), _medians(after, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((first == 0) & (second == 0), 1.0, second / first)


def _medians(values: Array, weight: Array) -> Array:
    order = np.argsort(values)
    reached = np.cumsum(weight[..., order], axis=-1)
    half = reached[..., -1:] / 2
    lower, upper = (np.argmax(is_past, axis=-1) for is_past in (reached >= half, reached > half))
    medians: Array = (values[order][lower] + values[order][upper]) / 2
    return medians
