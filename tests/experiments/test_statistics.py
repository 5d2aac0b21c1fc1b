"""Comparisons are honest: intervals hold the truth, noise is no regression, and drops are found."""

import pytest

from respan_langchain.experiments.amounts import compare_amounts
from respan_langchain.experiments.statistics import (
    adjust_p_values,
    compare_scores,
    sign_test,
)
from respan_langchain.experiments.verdict import Metric, find_hard_flips, reach_verdict

np = pytest.importorskip("numpy")
ROWS = 200


@pytest.fixture
def generator():
    return np.random.default_rng(7)


def test_a_ratio_of_medians_is_within_its_interval(generator):
    inside = 0
    for _ in range(50):
        before = generator.lognormal(0, 1, ROWS)
        found = compare_amounts(before, before * 0.7 * generator.lognormal(0, 0.2, ROWS))
        inside += found.low <= 0.7 <= found.high

    assert inside >= 45


def test_rows_without_any_difference_still_have_an_interval():
    found = compare_scores([1.0] * ROWS, [1.0] * ROWS)

    assert found.low < 0 < found.high
    assert found.p_worse == 1.0


def test_scores_that_all_dropped_alike_are_worse():
    found = compare_scores([0.9] * ROWS, [0.8] * ROWS)

    assert found.change == pytest.approx(-0.1)
    assert found.p_worse < 0.001


def test_the_exact_test_is_that_of_mcnemar():
    before, after = [1.0] * 8 + [0.0] * 2, [0.0] * 6 + [1.0] * 4

    assert compare_scores(before, after).p_worse == pytest.approx(sign_test(6, 2))
    assert sign_test(6, 2) == pytest.approx(37 / 256)


def test_the_same_rows_give_the_same_interval(generator):
    before, after = generator.random(50), generator.random(50)

    assert compare_scores(before, after) == compare_scores(before, after)


def test_two_zero_amounts_are_equal():
    assert compare_amounts([0.0] * 5, [0.0] * 5).change == 1.0


@pytest.mark.parametrize(
    ("rows", "outcome"), [(1, "inconclusive"), (3, "inconclusive"), (9, "regression")]
)
def test_costs_of_few_rows_do_not_show_a_regression(rows, outcome):
    metric = Metric("cost", [1.0] * rows, [2.0] * rows, is_amount=True)

    assert reach_verdict([metric]).outcome == outcome


def test_p_values_grow_with_their_number():
    assert adjust_p_values([0.01, 0.5]) == [0.02, 0.5]


@pytest.mark.parametrize(
    ("before", "after", "is_regression"),
    [
        ({"a": [1.0] * 3}, {"a": [0.0] * 3}, True),
        ({"a": [1.0]}, {"a": [0.0]}, False),
        ({"a": [1.0] * 3, "b": [1.0, 0.0, 1.0]}, {"a": [0.0] * 3, "b": [1.0] * 3}, False),
    ],
    ids=["repeats agree", "one repeat may be noise", "another row varies"],
)
def test_a_row_that_always_passed_and_now_always_fails(before, after, is_regression):
    flips = find_hard_flips(before, after)

    assert flips.broken == ("a",)
    assert flips.is_regression is is_regression


def test_rows_that_ran_once_are_tested_once():
    before, after = {str(row): [1.0] for row in range(8)}, {str(row): [0.0] for row in range(8)}

    assert not find_hard_flips(before, after).is_regression
    assert reach_verdict([Metric("a", [1.0] * 8, [0.0] * 8)]).outcome == "regression"


def test_the_margin_decides_what_counts_as_no_regression():
    rows = [1.0] * ROWS

    assert reach_verdict([Metric("a", rows, rows)]).outcome == "no regression"
    assert reach_verdict([Metric("a", rows, rows)], {"a": 0.001}).outcome == "inconclusive"
