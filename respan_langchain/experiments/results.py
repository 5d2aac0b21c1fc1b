"""The result of a replay: a trial for each row and repeat, and the comparison with a baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import Any, Literal, Self

from respan_langchain.errors import RespanError
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.verdict import (
    Metric,
    Verdict,
    find_hard_flips,
    reach_verdict,
)

TrialStatus = Literal["answered", "diverged", "failed", "timed out"]


class _CheckError(RespanError):
    def __init__(self, message: str, result: "ReplayResult") -> None:
        super().__init__(message)
        self.result = result


class RegressionError(_CheckError):
    """A replay is worse than its baseline; `result` has the rows."""


class InconclusiveError(_CheckError):
    """The rows of a replay are too few, or too noisy, to tell."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One row run once."""

    row_id: str
    repeat: int
    status: TrialStatus
    output: Any = None
    error: str | None = None
    """`Type: message` of what the runnable raised."""
    scores: Mapping[str, float] = field(default_factory=dict)
    cost: float | None = None
    """USD; None if unknown."""
    latency: float | None = None
    """Seconds; None if unknown."""
    trajectory: Sequence[Mapping[str, Any]] = ()
    divergences: Sequence[str] = ()
    unused_calls: Sequence[str] = ()
    """Recorded calls that were not made again."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """All trials of a replay, beside what was recorded or another replay."""

    dataset: str
    rows: Sequence[RecordedRow]
    trials: Sequence[Trial]
    baseline: Sequence[Trial]
    """What the trials are compared with: the recorded rows, or another replay's trials."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Rows that cannot be replayed, by reason."""
    label_noise: Mapping[str, float] = field(default_factory=dict)
    """By scorer: the share of recorded answers that it scored differently the second time."""
    stopped: str | None = None
    """Why the replay ended before all rows had run; None when they have."""

    @property
    def is_complete(self) -> bool:
        """Whether every row ran and ended with an answer or an error of the app."""
        unfinished = {"diverged", "timed out"} & self.statuses.keys()
        return self.stopped is None and not unfinished

    @property
    def statuses(self) -> Counter[str]:
        """Number of trials by status."""
        return Counter(trial.status for trial in self.trials)

    @property
    def failed_rows(self) -> list[str]:
        """Ids of rows that diverged, timed out, or raised and did not raise before."""
        failed_before = {trial.row_id for trial in self.baseline if trial.status == "failed"}
        return list(
            dict.fromkeys(
                trial.row_id
                for trial in self.trials
                if trial.status != "answered"
                and not (trial.status == "failed" and trial.row_id in failed_before)
            )
        )

    def verdict(self, margin: Mapping[str, float] | None = None) -> Verdict:
        """Compare all metrics; `margin` by metric replaces the defaults (scores 0.02, cost 0.10).

        Latency is judged only where `margin` names it: with recorded tools, or on another machine,
        it differs from production.
        """
        weights = {row.id: row.weight for row in self.rows}
        before, after = _by_metric(self.baseline), _by_metric(self.trials)
        both = [name for name in sorted(after) if name in before]
        built = [_metric(name, before[name], after[name], weights, margin or {}) for name in both]
        metrics = [metric for metric in built if metric is not None]
        flips = {
            metric.name: find_hard_flips(before[metric.name], after[metric.name])
            for metric in metrics
            if not metric.is_amount
        }
        return reach_verdict(metrics, margin, flips)

    def with_baseline(self, trials: Sequence[Trial]) -> Self:
        """Return the result with another baseline; rows without one do not count in scores."""
        return replace(self, baseline=trials)

    def check(self, margin: Mapping[str, float] | None = None) -> None:
        """Raise unless the replay shows that nothing got worse.

        Raises:
            RegressionError: A metric regressed; the message names it and its rows.
            InconclusiveError: The rows cannot tell, or rows did not end with an answer.
        """
        verdict = self.verdict(margin)
        if verdict.outcome == "regression":
            names = ", ".join(verdict.regressions)
            raise RegressionError(f"{self.dataset}: regression in {names}\n{self}", self)
        if not self.is_complete:
            counts = ", ".join(f"{count} {name}" for name, count in self.statuses.items())
            raise InconclusiveError(f"{self.dataset}: incomplete ({counts})\n{self}", self)
        if verdict.outcome == "inconclusive":
            raise InconclusiveError(f"{self.dataset}: too few rows to tell\n{self}", self)

    def __str__(self) -> str:
        from respan_langchain.experiments.report import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from respan_langchain.experiments.report import to_html

        return to_html(self)

    def to_markdown(self) -> str:
        """Return the report as Markdown, worst rows first."""
        from respan_langchain.experiments.report import to_markdown

        return to_markdown(self)


def mean_scores(trials: Sequence[Trial]) -> dict[str, float]:
    """Return the mean of each score over the trials that have it."""
    values: dict[str, list[float]] = {}
    for trial in trials:
        for name, score in trial.scores.items():
            values.setdefault(name, []).append(score)
    return {name: fmean(scores) for name, scores in values.items()}


_Values = Mapping[str, Sequence[float]]
"""By row id: a value of one metric for each repeat."""
_AMOUNTS = ("cost", "latency")


def _by_metric(trials: Sequence[Trial]) -> dict[str, dict[str, list[float]]]:
    values: dict[str, dict[str, list[float]]] = {}
    for trial in trials:
        measured = {**trial.scores, "cost": trial.cost, "latency": trial.latency}
        if trial.status in ("answered", "failed"):
            measured["answered"] = float(trial.status == "answered")
        for name, value in measured.items():
            if value is not None:
                values.setdefault(name, {}).setdefault(trial.row_id, []).append(value)
    return values


def _metric(
    name: str,
    before: _Values,
    after: _Values,
    weights: Mapping[str, float],
    margin: Mapping[str, float],
) -> Metric | None:
    ids = [row for row in after if row in before]
    if not ids:
        return None
    if name == "answered" and all(min(*before[row], *after[row]) for row in ids):
        return None  # every row answered on both sides: the table needs no line for it
    is_amount = name in _AMOUNTS
    # Amounts are compared by medians: the mean of several repeats has a larger one than a single
    # repeat, since few long answers cost much.
    average = median if is_amount else fmean
    return Metric(
        name=name,
        before=[average(before[row]) for row in ids],
        after=[average(after[row]) for row in ids],
        weights=[weights.get(row, 1.0) for row in ids],
        is_amount=is_amount,
        is_judged=name != "latency" or name in margin,
    )
