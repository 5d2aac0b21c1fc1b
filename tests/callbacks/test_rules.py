"""Rules decide about a finished trace: whether it is kept, and where all its rows go."""

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, sequence
from support.graphs import ASKED, agent
from support.models import SERVED, FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import (
    Rules,
    calls,
    cost_over,
    error_anywhere,
    everything,
    failed,
    keep,
    looped,
    metadata,
    novel,
    predicate,
    refused,
    tag,
    tokens_over,
)
from respan_langchain.stats import RuleCounts


def test_the_first_rule_that_matches_sends_all_rows_of_a_trace_to_its_dataset(
    make_handler, rows_of
):
    handler = make_handler(rules=Rules(keep(error_anywhere, to="failures"), keep(everything)))
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    with pytest.raises(ValueError, match="the model is out"):
        sequence(fails=True).invoke(QUESTION, {"callbacks": [handler]})

    kept, failures = rows_of(handler), rows_of(handler, "failures")
    assert [row["metadata"]["status"] for row in kept] == ["success", "success"]
    assert [row["metadata"]["status"] for row in failures] == ["error", "error"]
    assert {row["metadata"]["sampling"]["rule"] for row in failures} == {"error_anywhere"}


def test_a_row_says_rule_version_and_probability(make_handler, rows_of):
    rules = Rules(keep(tag("vip")), keep(everything, rate=0.999))
    handler = make_handler(rules=rules)
    sequence().invoke(QUESTION, {"callbacks": [handler], "metadata": {"thread_id": "t"}})

    for row in rows_of(handler):
        assert row["metadata"]["sampling"] == {
            "rule": "everything",
            "version": rules.version,
            "probability": 0.999,
        }


def test_a_trace_that_no_rule_matches_is_left_out_and_counted(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(failed), keep(tag("vip"), rate=0)))
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    sequence().invoke(QUESTION, {"callbacks": [handler], "tags": ["vip"]})

    assert rows_of(handler) == []
    rules = handler.stats.rules
    assert rules["failed"] == RuleCounts()
    assert rules["tag('vip')"].left_out == 1
    assert rules["no rule"] == RuleCounts(seen=1, kept=0)


NOT_PRODUCTION = {"source": "experiment"}


@pytest.mark.parametrize("options", [{"rules": Rules(keep(everything))}, {"sample_rate": 0.999}])
@pytest.mark.parametrize(
    ("of_handler", "of_call"),
    [(NOT_PRODUCTION, {}), ({}, NOT_PRODUCTION), ({}, {"respan": {"metadata": NOT_PRODUCTION}})],
    ids=["handler", "config", "respan"],
)
def test_rules_leave_out_experiments_with_all_their_rows(
    of_handler, of_call, options, make_handler, rows_of
):
    handler = make_handler(metadata=of_handler, **options)
    sequence().invoke(QUESTION, {"callbacks": [handler], "metadata": of_call})

    assert rows_of(handler) == []
    assert handler.stats.rules["not production"] == RuleCounts(seen=1)


def test_without_rules_an_experiment_is_captured(make_handler, rows_of):
    handler = make_handler(metadata=NOT_PRODUCTION)
    sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert {row["metadata"]["source"] for row in rows_of(handler)} == {"experiment"}


@pytest.mark.parametrize(
    "condition",
    [
        calls("lookup"),
        looped("lookup", 2),
        cost_over(0.0),
        tag("beta"),
        metadata("plan", "pro"),
        predicate(lambda trace: trace.tokens == 51),
        predicate(lambda trace: len(trace.rows) == 4),
    ],
    ids=str,
)
def test_conditions_see_the_whole_trace(condition, make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(condition)))
    config = {"callbacks": [handler], "tags": ["beta"], "metadata": {"plan": "pro"}}
    agent().invoke(ASKED, config)
    RunnableLambda(len).invoke("x", {"callbacks": [handler]})

    rows = rows_of(handler)
    assert [len(rows.roots), len(rows.chats)] == [1, 3]
    assert rows.roots[0]["metrics"]["llm_calls"] == 3
    assert len(rows.roots[0]["metadata"]["trajectory"]) == 2


@pytest.mark.parametrize(
    "condition", [tokens_over(10**9), looped("lookup", 9), error_anywhere, refused], ids=str
)
def test_no_price_is_looked_up_for_a_trace_that_is_left_out_by_other_facts(
    condition, make_handler, rows_of
):
    priced = []
    handler = make_handler(
        rules=Rules(keep(condition)), prices=lambda model, usage: priced.append(model)
    )
    agent().invoke(ASKED, {"callbacks": [handler]})

    assert rows_of(handler) == []
    assert handler.stats.rules["no rule"].seen == 1
    assert priced == []


def test_a_call_that_names_its_dataset_goes_there(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(everything, to="elsewhere")))
    config = {"callbacks": [handler], "metadata": {"respan": {"dataset": "here"}}}
    sequence().invoke(QUESTION, config)

    assert len(rows_of(handler, "here")) == 2
    assert rows_of(handler, "elsewhere") == []


def test_a_predicate_that_raises_is_counted_and_the_next_rule_is_asked(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(predicate(lambda _: 1 / 0)), keep(everything)))
    sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert len(rows_of(handler, may_fail=True)) == 2
    [cause] = handler.stats.internal_errors
    assert cause == "rules: predicate(<lambda>) raised ZeroDivisionError"


def test_rules_with_a_short_form_are_an_error(platform):
    for short_form in ({"sample_rate": 0.5}, {"keep_errors": False}):
        with pytest.raises(ConfigurationError, match=r"^rules: they replace sample_rate"):
            RespanDatasetCallbackHandler(
                "d", base_url=platform, rules=Rules(keep(everything)), **short_form
            )
    with pytest.raises(ConfigurationError, match=r"^rules: expected Rules\(keep\(...\), ...\)"):
        RespanDatasetCallbackHandler("d", base_url=platform, rules=[keep(everything)])


def test_a_reservoir_caps_the_traces_of_each_model_and_the_rows_say_how_likely_they_were(
    make_handler, rows_of
):
    handler = make_handler(rules=Rules(keep(everything, per_day=2, strata="model")))
    for _ in range(5):
        sequence().invoke(QUESTION, {"callbacks": [handler]})
    RunnableLambda(len).invoke("x", {"callbacks": [handler]})

    rows = rows_of(handler)
    models = [root["metadata"].get("model") for root in rows.roots]
    assert models.count(None) == 1
    assert 1 <= models.count(SERVED) <= 2
    assert all(0 < row["metadata"]["sampling"]["probability"] <= 1 for row in rows)
    assert handler.stats.rules["everything"].seen == 6


@pytest.mark.parametrize("by", ["trajectory", "input", "trajectory+input"])
def test_copies_of_a_trace_are_left_out(by, make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(novel(by=by))))
    for question in ("Tell me of Paris.", "tell me of paris"):
        agent().invoke({"messages": [("user", question)]}, {"callbacks": [handler]})
    FakeChat().invoke("Tell me of Paris.", {"callbacks": [handler]})

    assert [root["metadata"]["log_type"] for root in rows_of(handler).roots] == ["agent", "chat"]
