"""The verdict on a replay: regression, no regression, or not enough rows to tell.

Pure. A metric regressed when its drop is significant after Holm's correction over all metrics. It
did not regress when its interval excludes a drop beyond the margin. Otherwise the verdict is
inconclusive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from respan_langchain.experiments.amounts import compare_amounts
from respan_langchain.experiments.statistics import (
    Comparison,
    adjust_p_values,
    compare_scores,
    sign_test,
)

VerdictOutcome = Literal["regression", "no regression", "inconclusive"]
MetricOutcome = VerdictOutcome | Literal["not judged"]

SIGNIFICANCE: Final = 0.05
SCORE_MARGIN: Final = 0.02
"""A drop of a mean score that is accepted."""
AMOUNT_MARGIN: Final = 0.10
"""A growth of median cost or latency that is accepted, as a share."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: a value before and after for each row that has both."""

    name: str
    before: Sequence[float]
    after: Sequence[float]
    weights: Sequence[float] | None = None
    is_amount: bool = False
    """Whether less is better and ratios are compared: cost, latency."""
    is_judged: bool = True
    """Whether it counts for the verdict; if not, it is only shown."""


@dataclass(frozen=True, slots=True)
class MetricVerdict:
    """The verdict on one metric."""

    name: str
    is_amount: bool
    comparison: Comparison
    p_worse: float
    """The one-sided p-value of a regression, adjusted for the number of metrics."""
    margin: float
    outcome: MetricOutcome

    @property
    def has_improved(self) -> bool:
        """Whether the whole interval is an improvement."""
        if self.is_amount:
            return self.comparison.high < 1
        return self.comparison.low > 0


@dataclass(frozen=True, slots=True)
class HardFlips:
    """Rows that changed from always passing to always failing, or the other way."""

    broken: Sequence[str] = ()
    """Ids of rows that always passed and now always fail."""
    fixed: Sequence[str] = ()
    is_stable: bool = False
    """Whether no row varied between its repeats, so that a single flip cannot be noise."""
    p_worse: float | None = None
    """The one-sided p-value of so many broken rows, adjusted as that of the metrics.

    None without repeats, where the metric's own test compares the same rows.
    """

    @property
    def is_regression(self) -> bool:
        """Whether the broken rows are more than noise would break."""
        is_significant = self.p_worse is not None and self.p_worse < SIGNIFICANCE
        return bool(self.broken) and (self.is_stable or is_significant)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on all metrics together."""

    metrics: Sequence[MetricVerdict]
    flips: Mapping[str, HardFlips]
    """By score: rows that flipped."""

    @property
    def outcome(self) -> VerdictOutcome:
        """The worst of all metrics; broken rows of a stable replay are a regression too."""
        outcomes = {metric.outcome for metric in self.metrics}
        if any(flips.is_regression for flips in self.flips.values()):
            return "regression"
        if "regression" in outcomes:
            return "regression"
        is_shown = "no regression" in outcomes and "inconclusive" not in outcomes
        return "no regression" if is_shown else "inconclusive"

    @property
    def regressions(self) -> list[str]:
        """Names of the metrics that regressed."""
        broken = [name for name, flips in self.flips.items() if flips.is_regression]
        worse = [metric.name for metric in self.metrics if metric.outcome == "regression"]
        return list(dict.fromkeys([*worse, *broken]))


def reach_verdict(
    metrics: Sequence[Metric],
    margins: Mapping[str, float] | None = None,
    flips: Mapping[str, HardFlips] | None = None,
) -> Verdict:
    """Compare all metrics; `margins` by name replace the default margins."""
    margins, flips = margins or {}, flips or {}
    compared = [_compare(metric) for metric in metrics]
    judged = [
        each.p_worse for metric, each in zip(metrics, compared, strict=True) if metric.is_judged
    ]
    tested = [each.p_worse for each in flips.values() if each.p_worse is not None]
    adjusted = iter(adjust_p_values([*judged, *tested]))
    return Verdict(
        metrics=tuple(
            _judge(metric, each, next(adjusted) if metric.is_judged else each.p_worse, margins)
            for metric, each in zip(metrics, compared, strict=True)
        ),
        flips={
            name: each if each.p_worse is None else replace(each, p_worse=next(adjusted))
            for name, each in flips.items()
        },
    )


def find_hard_flips(
    before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]
) -> HardFlips:
    """Find rows that flipped in all of their repeats; scores by row id, one for each repeat.

    >>> find_hard_flips({"a": [1.0], "b": [1.0]}, {"a": [0.0, 0.0], "b": [1.0, 1.0]}).broken
    ('a',)
    """
    both = [row for row in before if before[row] and after.get(row)]
    broken = tuple(r for r in both if min(before[r]) == 1 and max(after[r]) == 0)
    fixed = tuple(r for r in both if max(before[r]) == 0 and min(after[r]) == 1)
    repeated = [scores for r in both for scores in (before[r], after[r]) if len(scores) > 1]
    return HardFlips(
        broken,
        fixed,
        is_stable=bool(repeated) and all(len(set(scores)) == 1 for scores in repeated),
        p_worse=sign_test(len(broken), len(fixed)) if repeated else None,
    )


def _compare(metric: Metric) -> Comparison:
    compare = compare_amounts if metric.is_amount else compare_scores
    return compare(metric.before, metric.after, metric.weights)


def _judge(
    metric: Metric, comparison: Comparison, p_worse: float, margins: Mapping[str, float]
) -> MetricVerdict:
    default = AMOUNT_MARGIN if metric.is_amount else SCORE_MARGIN
    margin = margins.get(metric.name, default)
    return MetricVerdict(
        name=metric.name,
        is_amount=metric.is_amount,
        comparison=comparison,
        p_worse=p_worse,
        margin=margin,
        outcome=_outcome(metric, comparison, p_worse, margin),
    )


def _outcome(
    metric: Metric, comparison: Comparison, p_worse: float, margin: float
) -> MetricOutcome:
    if not metric.is_judged:
        return "not judged"
    if metric.is_amount:
        is_worse, is_excluded = comparison.change > 1 + margin, comparison.high <= 1 + margin
    else:
        is_worse, is_excluded = comparison.change < 0, comparison.low >= -margin
    if p_worse < SIGNIFICANCE and is_worse:
        return "regression"
    return "no regression" if is_excluded else "inconclusive"
