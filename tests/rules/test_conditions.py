"""What each condition means, over the rows of a trace."""

import pickle

import pytest

from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import (
    calls,
    cost_over,
    cut_off,
    edited_by_human,
    error_anywhere,
    everything,
    failed,
    fell_back,
    interrupted,
    keep,
    looped,
    metadata,
    never_calls,
    novel,
    predicate,
    refused,
    rejected_by_human,
    retried,
    slower_than,
    tag,
    tokens_over,
    tool_error,
)
from respan_langchain.rules.facts import StoredTrace


def facts(*models, metrics=(), **of_root):
    """The facts of a trace: metadata and metrics of its root, metadata of its model calls."""
    root = {"metadata": {"status": "success", **of_root}, "metrics": dict(metrics)}
    below = [{"metadata": {"status": "success", **model}, "metrics": {}} for model in models]
    return StoredTrace([root, *below])


SEARCHED = [{"tool": "search"}, {"tool": "search"}, {"tool": "refund"}]
CASES = {
    "everything": (everything, facts()),
    "a root that raised has failed": (failed, facts(status="error")),
    "a root that raised is an error": (error_anywhere, facts(status="error")),
    "a model that raised is an error": (error_anywhere, facts({"status": "error"})),
    "a tool that failed is an error": (error_anywhere, facts(metrics={"tool_errors": 1})),
    "a node that failed is an error": (error_anywhere, facts(metrics={"handled_errors": 1})),
    "tool error": (tool_error, facts(metrics={"tool_errors": 1})),
    "retried": (retried, facts(metrics={"retries": 1})),
    "fell back": (fell_back, facts(metrics={"fallbacks": 1})),
    "a model refused": (refused, facts({"refused": True})),
    "an answer was cut off": (cut_off, facts({"finish_reason": "MAX_TOKENS"})),
    "waits for a person": (interrupted, facts(status="interrupted")),
    "was resumed by a person": (interrupted, facts(resumed_run_ids=["1"])),
    "edited": (edited_by_human, facts(decisions=[{"type": "approve"}, {"type": "edit"}])),
    "rejected": (rejected_by_human, facts(decisions=[{"type": "reject"}])),
    "slow": (slower_than(seconds=20), facts(metrics={"latency": 20.5})),
    "expensive": (cost_over(0.05), facts(metrics={"cost": 0.06})),
    "long": (tokens_over(1000), facts(metrics={"total_tokens": 1001})),
    "calls a tool": (calls("refund"), facts(trajectory=SEARCHED)),
    "never calls a tool": (never_calls("pay"), facts(trajectory=SEARCHED)),
    "looped": (looped("search", 2), facts(trajectory=SEARCHED)),
    "tag": (tag("vip"), facts(tags=["beta", "vip"])),
    "metadata": (metadata("plan", "pro"), facts(plan="pro")),
    "predicate": (predicate(lambda trace: trace.cost > 1), facts(metrics={"cost": 2})),
}
ORDINARY = facts(
    {"status": "success", "finish_reason": "stop"},
    metrics={"latency": 1.0, "cost": 0.01, "total_tokens": 10},
    decisions=[{"type": "approve"}, {"response": "yes"}],
    trajectory=[{"tool": "search"}, {"tool": "pay"}],
)


@pytest.mark.parametrize("case", CASES)
def test_a_trace_of_that_kind_matches_and_an_ordinary_one_does_not(case):
    condition, trace = CASES[case]

    assert condition.matches(trace)
    assert condition.matches(ORDINARY) is (condition is everything)


def test_unknown_numbers_exceed_no_limit():
    for condition in (slower_than(0), cost_over(0), tokens_over(0)):
        assert not condition.matches(facts())


def test_conditions_are_combined():
    slow, vip = slower_than(20), tag("vip")
    trace = facts(metrics={"latency": 30.0})

    assert (slow | vip).matches(trace)
    assert not (slow & vip).matches(trace)
    assert (slow & ~vip).matches(trace)


def test_a_condition_shows_how_it_is_written():
    condition = (error_anywhere | looped("search", 3)) & ~tag("vip")

    assert str(condition) == "((error_anywhere | looped('search', 3)) & ~tag('vip'))"


def test_a_condition_can_be_compared_and_pickled():
    condition = cost_over(0.05) | edited_by_human

    assert pickle.loads(pickle.dumps(condition)) == condition  # noqa: S301  # our own
    assert condition != cost_over(0.06) | edited_by_human


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: error_anywhere and tool_error, "combine conditions with &"),
        (lambda: keep(slower_than), "slower_than"),
        (lambda: keep("eror_anywhere"), "eror_anywhere"),
        (lambda: keep(lambda trace: True), "predicate"),
        (lambda: error_anywhere | "tool_error", "tool_error"),
        (lambda: slower_than("20"), "slower_than"),
        (lambda: cost_over(-1), "cost_over"),
        (lambda: looped("search", 0), "times"),
        (lambda: calls(""), "calls"),
        (lambda: tag(None), "tag"),
        (lambda: predicate("f"), "predicate"),
        (lambda: novel(by="trajektory"), "by"),
        (lambda: novel(at_most=0), "at_most"),
    ],
)
def test_a_wrong_condition_is_an_error_that_names_it(wrong, named):
    with pytest.raises(ConfigurationError, match=named):
        wrong()
