"""Budgets: past one, fewer traces are kept, and the rows still stand for all traffic."""

import random

import pytest
from support.traffic import NOON, trace

from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import Budget, Rules, everything, keep
from respan_langchain.rules.budget import BudgetMeter, Use
from respan_langchain.rules.engine import RuleEngine

HOUR = 3_600.0


def test_traffic_within_the_budget_is_kept_whole():
    meter = BudgetMeter(Budget(rows_per_hour=100))
    rates = []
    for _ in range(100):
        rates.append(meter.rate(NOON))
        meter.charge(Use(rows=1, bytes=1_000))

    assert rates == [1.0] * 100


def test_past_the_budget_the_rate_falls_in_steps_and_is_full_again_in_the_next_hour():
    meter = BudgetMeter(Budget(rows_per_hour=100))
    rates = [meter.rate(NOON)]
    meter.charge(Use(rows=100, bytes=0))
    for _ in range(4):
        rates.append(meter.rate(NOON))
        meter.charge(Use(rows=5, bytes=0))
    meter.charge(Use(rows=1_000, bytes=0))

    assert rates == [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]
    assert meter.rate(NOON) == 1 / 1_024
    assert meter.rate(NOON + HOUR) == 1.0


@pytest.mark.parametrize(
    ("budget", "use"),
    [
        (Budget(rows_per_day=2), Use(rows=2, bytes=0)),
        (Budget(bytes_per_hour=2_000), Use(rows=1, bytes=2_000)),
        (Budget(usd_per_day=0.5), Use(rows=1, bytes=0, usd=0.5)),
        (Budget(rows_per_day=1_000, bytes_per_day=10), Use(rows=1, bytes=10)),
    ],
    ids=str,
)
def test_each_limit_counts_alone_and_the_lowest_rate_holds(budget, use):
    meter = BudgetMeter(budget)

    assert meter.rate(NOON) == 1.0
    assert len(meter.charge(use)) == 1
    assert meter.charge(use) == []
    assert meter.rate(NOON) < 1.0
    assert max(meter.used.values()) == 2.0


def test_a_day_ends_at_midnight_and_a_clock_that_goes_back_starts_no_day():
    midnight = NOON - NOON % 86_400
    meter = BudgetMeter(Budget(rows_per_day=1))
    meter.rate(midnight)
    meter.charge(Use(rows=1, bytes=0))

    assert meter.rate(midnight - 1) < 1.0
    assert meter.rate(midnight + 86_399) < 1.0
    assert meter.rate(midnight + 86_400) == 1.0


@pytest.mark.parametrize(
    ("budget", "cost"),
    [
        (Budget(rows_per_hour=250), 1.0),
        (Budget(bytes_per_hour=375_000), 1.0),
        (Budget(usd_per_hour=0.5, rows_per_hour=500), 0.002),
    ],
    ids=str,
)
def test_weighted_totals_past_a_budget_are_within_two_percent_of_the_truth(budget, cost):
    """Traces at the end of the hour are larger, so a biased sample would show."""
    rng, meter, hours = random.Random(7), BudgetMeter(budget), 200  # noqa: S311
    truth = estimate = kept = 0.0
    for hour in range(hours):
        for second in range(0, 3_600, 4):
            size = 1 + second / 3_600
            truth += size
            rate = meter.rate(NOON + hour * HOUR + second)
            if rng.random() < rate:
                meter.charge(Use(rows=1, bytes=int(1_000 * size), usd=cost * size))
                estimate += size / rate
                kept += 1

    assert estimate == pytest.approx(truth, rel=0.02)
    assert 250 * hours < kept < 400 * hours


def test_rows_show_the_rate_of_the_rule_times_that_of_the_budget():
    rules = Rules(keep(everything, rate=0.8), budget=Budget(rows_per_day=200))
    engine = RuleEngine(rules, None)
    probabilities = []
    for number in range(1_000):
        decision = engine.decide(trace(number))
        if decision.is_kept:
            probabilities.append(decision.sampling["probability"])
            engine.charge(Use(rows=1, bytes=1_000))

    counts = engine.counts["everything"]
    assert probabilities[:200] == [0.8] * 200
    assert {p / 0.8 for p in probabilities[200:]} >= {1 / 2, 1 / 4, 1 / 8}
    assert counts.kept == len(probabilities)
    assert 0 < counts.over_budget < counts.left_out
    assert engine.used_budget == {"rows_per_day": counts.kept / 200}


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({}, "budget"),
        ({"rows_per_day": 0}, "rows_per_day"),
        ({"usd_per_hour": "5"}, "usd_per_hour"),
        ({"bytes_per_day": True}, "bytes_per_day"),
        ({"rows_per_hour": float("nan")}, "rows_per_hour"),
    ],
)
def test_a_wrong_budget_is_an_error_that_names_the_limit(limits, named):
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        Budget(**limits)


def test_a_budget_is_part_of_the_rules_and_of_their_version():
    plain, limited = Rules(keep(everything)), Rules(keep(everything), budget=Budget(rows_per_day=9))

    assert repr(limited) == "Rules(Rule(" + repr(plain)[11:-1] + ", budget=Budget(rows_per_day=9))"
    assert plain.version != limited.version
    assert plain != limited
    with pytest.raises(ConfigurationError, match=r"^budget: "):
        Rules(keep(everything), budget=100)
