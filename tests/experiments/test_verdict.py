"""Simulated replays of a noisy chain: how often the verdict is wrong, and which drops it finds."""

import pytest

from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.results import ReplayResult, Trial
from respan_langchain.experiments.statistics import compare_scores

np = pytest.importorskip("numpy")
ROWS = 60
"""Few rows are the hardest: noise is larger, and what holds for many rows only holds less."""

pytestmark = pytest.mark.slow


@pytest.fixture
def generator():
    return np.random.default_rng(7)


KNOWN = [RecordedRow(str(number), "q", "a", None, ()) for number in range(ROWS)]


def run(generator, right, repeat=1):
    """The trials of a chain that answers each row rightly with a probability of its own."""
    passed = generator.random((2, repeat, len(right))) < right
    cost = 0.001 * generator.lognormal(0, 0.3, (repeat, len(right)))
    return [
        Trial(
            str(row),
            number,
            "answered",
            scores={"a": float(passed[0, number, row]), "b": float(passed[1, number, row])},
            cost=float(cost[number, row]),
        )
        for number in range(repeat)
        for row in range(len(right))
    ]


@pytest.mark.parametrize(("repeat", "replays"), [(1, 1_400), (3, 600)])
def test_an_unchanged_noisy_chain_is_called_a_regression_in_at_most_5_percent(
    repeat, replays, generator
):
    right = generator.beta(8, 2, ROWS)

    regressions = 0
    for _ in range(replays):
        result = ReplayResult("d", KNOWN, run(generator, right, repeat), run(generator, right))
        regressions += result.verdict().outcome == "regression"

    assert regressions <= 0.05 * replays


def test_a_drop_of_twice_the_detectable_difference_is_found_in_80_percent(generator):
    right = generator.beta(8, 2, ROWS)

    found = 0
    for _ in range(150):
        before = run(generator, right)
        unchanged = ReplayResult("d", KNOWN, run(generator, right), before).verdict()
        drop = 2 * unchanged.metrics[0].comparison.detectable
        worse = run(generator, np.clip(right - drop, 0, 1))
        found += "a" in ReplayResult("d", KNOWN, worse, before).verdict().regressions

    assert found >= 0.8 * 150


def numbers(generator):
    """Scores between 0 and 1 that drop; low ones were sampled more often."""
    before = generator.normal(0.7, 0.2, 4_000)
    return before, before * generator.normal(0.95, 0.1, 4_000), np.where(before < 0.6, 5.0, 1.0)


def passes(generator):
    """Scores of 0 and 1; all rows that failed were kept, and a twentieth of the others."""
    right = generator.beta(8, 2, 4_000)
    before, after = generator.random((2, 4_000)) < np.array([right, right - 0.05])
    return before.astype(float), after.astype(float), np.where(before, 1.0, 20.0)


@pytest.mark.parametrize("rows", [40, 130])
@pytest.mark.parametrize("make_scores", [numbers, passes])
def test_weighted_changes_are_within_their_intervals_95_times_in_100(make_scores, rows, generator):
    before, after, often = make_scores(generator)
    probability, replays = often / often.sum() * rows, 150

    inside = 0
    for _ in range(replays):
        kept = np.flatnonzero(generator.random(len(before)) < probability)
        found = compare_scores(before[kept], after[kept], 1 / probability[kept])
        inside += found.low <= (after - before).mean() <= found.high

    standard_error = (0.95 * 0.05 / replays) ** 0.5
    assert inside >= (0.95 - 2 * standard_error) * replays
