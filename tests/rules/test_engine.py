"""What rules keep is an unbiased, repeatable sample of the traffic."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.traffic import times, trace

from respan_langchain.rules import Rules, everything, keep, novel, predicate, tag
from respan_langchain.rules.engine import RuleEngine
from respan_langchain.stats import RuleCounts

RUNS = 200_000
DAYS = 10 * 86_400
MODELS = ("small", "large")


def decisions(rules, traces):
    engine = RuleEngine(rules, lambda *_: None)
    return [engine.decide(each) for each in traces]


def weight(decision):
    return 1 / decision.sampling["probability"] if decision.is_kept else 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        keep(everything, rate=0.1),
        keep(everything, per_hour=250),
        keep(everything, per_day=6_000),
        keep(everything, rate=0.5, per_day=8_000),
        keep(everything, per_day=4_000, strata="model"),
    ],
    ids=str,
)
def test_weighted_totals_are_within_two_percent_of_the_truth(rule):
    """Large calls cost more and come in the evening, so a biased sample would show."""
    truth, estimate = dict.fromkeys(MODELS, 0.0), dict.fromkeys(MODELS, 0.0)
    engine = RuleEngine(Rules(rule), lambda *_: None)
    for number, at in enumerate(times(RUNS, DAYS)):
        model = MODELS[number % 3 == 0]
        cost = 1 + (at % 86_400) / 86_400 + 3 * (model == "large")
        decision = engine.decide(trace(number, at=at, model=model))
        truth[model] += cost
        estimate[model] += cost * weight(decision)

    assert sum(estimate.values()) == pytest.approx(sum(truth.values()), rel=0.02)
    assert estimate == pytest.approx(truth, rel=0.04)


@pytest.mark.parametrize("source", ["replay", "experiment"])
def test_what_is_not_production_is_left_out_and_does_not_count_in_caps_or_novelty(source):
    engine = RuleEngine(Rules(keep(novel("input"), per_day=1)), lambda *_: None)
    left_out, kept = [
        engine.decide(trace(n, **more)) for n, more in enumerate([{"source": source}, {}])
    ]

    assert (left_out.is_kept, kept.is_kept) == (False, True)
    assert engine.counts["not production"] == RuleCounts(seen=1)


@pytest.mark.parametrize("source", ["production", "import", "faq", None, ["replay"], {}])
def test_every_other_source_is_kept(source):
    [decision] = decisions(Rules(keep(everything)), [trace(1, source=source)])

    assert decision.is_kept


def test_a_trace_of_an_earlier_rule_is_certain_and_the_rest_is_weighted():
    rules = Rules(keep(tag("vip")), keep(everything, rate=0.2))
    traces = [trace(n, tags=["vip"] if n % 4 == 0 else []) for n in range(20_000)]
    made = decisions(rules, traces)

    assert {weight(each) for each in made[::4]} == {1.0}
    assert sum(map(weight, made)) == pytest.approx(20_000, rel=0.03)


def test_a_conversation_is_kept_or_left_out_as_a_whole():
    traces = [trace(n, thread=f"thread {n % 50}") for n in range(500)]
    made = decisions(Rules(keep(everything, rate=0.5)), traces)

    kept = {n % 50 for n, each in enumerate(made) if each.is_kept}
    assert 10 < len(kept) < 40
    assert sum(each.is_kept for each in made) == 10 * len(kept)


ELSEWHERE = """
import json
from rules.test_engine import mixed_rules, mixed_traffic, decisions
made = decisions(mixed_rules(), mixed_traffic())
print(json.dumps([each.sampling.get("probability") for each in made]))
"""


def mixed_rules():
    return Rules(keep(tag("vip"), per_hour=5), keep(everything, rate=0.5, per_day=300))


def mixed_traffic():
    return [
        trace(n, at=at, tags=["vip"] if n % 9 == 0 else [])
        for n, at in enumerate(times(2_000, 86_400))
    ]


def test_another_process_decides_the_same_about_the_same_traffic():
    here = [each.sampling.get("probability") for each in decisions(mixed_rules(), mixed_traffic())]
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=Path(__file__).parents[1],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert json.loads(there.stdout) == here


def test_each_rule_counts_what_it_saw_kept_and_left_out():
    def is_odd(facts):
        return facts.id.endswith(tuple("13579"))

    engine = RuleEngine(
        Rules(keep(predicate(is_odd), rate=0), keep(predicate(is_odd)), keep(tag("vip"))),
        lambda *_: None,
    )
    for number in range(10):
        engine.decide(trace(number))

    counts = {name: (each.seen, each.kept, each.left_out) for name, each in engine.counts.items()}
    assert counts == {
        "predicate(is_odd)": (5, 0, 5),
        "predicate(is_odd) #2": (0, 0, 0),
        "tag('vip')": (0, 0, 0),
        "no rule": (5, 0, 5),
    }
