"""Rules over stored rows keep what the same rules kept live."""

import subprocess
import sys

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from support.constructs import QUESTION, fallbacks, lookup, sequence
from support.graphs import ASKED, agent
from support.scripts import Script
from support.scripts import calls as request

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain._connect import open_client
from respan_langchain.datasets.curate import curate, plan_curation
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import (
    Budget,
    Rules,
    calls,
    cost_over,
    edited_by_human,
    error_anywhere,
    everything,
    failed,
    keep,
    metadata,
    novel,
    predicate,
    slower_than,
    tag,
)
from respan_langchain.settings.reading import read_settings
from respan_langchain.stats import RuleCounts

RULES = Rules(
    keep(edited_by_human, to="gold", corrections="human"),
    keep(error_anywhere, to="failures"),
    keep(tag("vip") & ~slower_than(seconds=60), to="vip"),
    keep(metadata("plan", "pro"), rate=0.5),
    keep(calls("lookup") | cost_over(1.0), per_day=3, strata="model", to="agents"),
    keep(predicate(lambda trace: trace.name == "RunnableLambda") & novel("input", at_most=2)),
    keep(everything, rate=0.4),
)
DATASETS = ("prod", "gold", "failures", "vip", "agents")


def run_app(handlers):
    """Some traffic: chains, agents, failures, fallbacks, a person's edit."""
    for number in range(30):
        config = {
            "callbacks": handlers,
            "tags": ["vip"] if number % 7 == 0 else [],
            "metadata": {"thread_id": f"thread {number % 11}", "plan": "pro" if number % 3 else ""},
        }
        if number % 5 == 4:
            config["metadata"] = {}
            agent().invoke(ASKED, config)
        elif number % 9 == 8:
            with pytest.raises(ValueError, match="out"):
                sequence(fails=True).invoke(QUESTION, config)
        else:
            (fallbacks() if number == 6 else sequence()).invoke(QUESTION, config)
        RunnableLambda(str).invoke(f"Where is order {number}?", {"callbacks": handlers})
    edit_a_call(handlers)


def edit_a_call(handlers):
    review = HumanInTheLoopMiddleware(interrupt_on={"lookup": True})
    app = create_agent(
        Script(answers=[request("lookup", city="Rom"), "Found."]),
        [lookup], middleware=[review], checkpointer=InMemorySaver(),
    )  # fmt: skip
    config = {"callbacks": handlers, "configurable": {"thread_id": "t1"}}
    app.invoke(ASKED, config)
    edited = {"name": "lookup", "args": {"city": "Rome"}}
    decision = {"type": "edit", "edited_action": edited}
    app.invoke(Command(resume={"decisions": [decision]}), config)


def contents(url, name):
    """What rules decide about a dataset's rows, by their identifiers."""
    with Dataset.open(name, base_url=url, create=True) as rows:
        found = [
            (log.custom_identifier, log.metadata["sampling"], log.expected_output) for log in rows
        ]
    assert len({identifier for identifier, _, _ in found}) == len(found)
    return sorted(found, key=lambda each: each[0])


def curate_all(url, rules=RULES, name="prod"):
    """Curate the dataset `all`; return the plan, and how many rows were copied and skipped."""
    settings = read_settings(base_url=url)
    with open_client(settings) as client:
        source, failures = Dataset.of(client, settings, "all"), []
        plan = plan_curation(source, rules, name=name, on_error=lambda *each: failures.append(each))
        counts = curate(source, client, settings, plan)
    assert not failures
    return plan, [(each.sent, each.already_there) for each in counts.values()]


def test_curate_keeps_the_rows_that_the_rules_kept_live(tmp_path):
    live, stored = (f"sqlite:///{tmp_path}/{name}.db" for name in ("live", "stored"))
    with (
        RespanDatasetCallbackHandler("prod", base_url=live, rules=RULES) as ruled,
        RespanDatasetCallbackHandler("all", base_url=stored) as unruled,
    ):
        run_app([ruled, unruled])
    plan, _ = curate_all(stored)

    assert plan.rules == ruled.stats.rules
    for name in DATASETS:
        kept = contents(live, name)
        assert kept == contents(stored, name), name
        assert kept, f"no traffic for {name}"
    assert any(expected for _, _, expected in contents(stored, "gold"))


def test_curate_folds_copies_keeps_a_budget_and_marks_regressions_as_the_rules_did_live(tmp_path):
    live, stored = (f"sqlite:///{tmp_path}/{name}.db" for name in ("live", "stored"))
    rules = Rules(
        keep(everything), dedupe="input", budget=Budget(rows_per_day=24), mark_regressions=True
    )
    with (
        RespanDatasetCallbackHandler("prod", base_url=live, rules=rules) as ruled,
        RespanDatasetCallbackHandler("all", base_url=stored) as unruled,
    ):
        for number in range(60):
            version = "1.0" if number < 30 else "1.1"
            config = {"callbacks": [ruled, unruled], "metadata": {"app_version": version}}
            sequence(reply=version).invoke(
                {"question": f"Question {number % 8 if number < 40 else number}"}, config
            )
    plan, _ = curate_all(stored, rules)

    assert plan.rules == ruled.stats.rules
    assert plan.rules["everything"].folded == 24
    assert plan.rules["everything"].over_budget > 5
    kept = marks(live)
    assert kept == marks(stored)
    assert all(any(column) for column in zip(*kept, strict=True))


def marks(url):
    """The counts of copies and the possible regressions that the rows of `prod` show."""
    with Dataset.open("prod", base_url=url) as rows:
        names = ("custom_identifier", "seen_count", "possible_regression")
        return sorted(tuple(log.metadata.get(name) for name in names) for log in rows)


def test_curate_leaves_out_replays_and_experiments_and_keeps_imports(tmp_path):
    url = f"sqlite:///{tmp_path}/there.db"
    with RespanDatasetCallbackHandler("all", base_url=url) as handler:
        for source in ("replay", "experiment", "import", "production"):
            config = {"callbacks": [handler], "metadata": {"source": source}}
            RunnableLambda(str).invoke(source, config)
    plan, counts = curate_all(url, Rules(keep(everything)))

    assert counts == [(2, 0)]
    assert plan.rules["not production"] == RuleCounts(seen=2)
    with Dataset.open("prod", base_url=url) as kept:
        assert [log.input for log in kept] == ["import", "production"]


def test_curated_again_nothing_is_copied_twice(tmp_path):
    url = f"sqlite:///{tmp_path}/there.db"
    with RespanDatasetCallbackHandler("all", base_url=url) as handler:
        for _ in range(5):
            sequence().invoke(QUESTION, {"callbacks": [handler]})

    _, first = curate_all(url, Rules(keep(everything)))
    _, again = curate_all(url, Rules(keep(everything)))
    assert (first, again) == ([(10, 0)], [(0, 10)])


ENDS = 2_000
"""Traces of the test that kills."""
RULES_OF_APP = """
from respan_langchain.rules import Rules, everything, keep, novel

rules = Rules(
    keep(novel(by="input"), per_day=300, to="novel"),
    keep(everything, rate=0.5, strata="model", per_day=1_000_000),
)
"""


@pytest.mark.slow
def test_curate_that_was_killed_ends_with_the_rows_that_the_rules_kept_live(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "app_rules.py").write_text(RULES_OF_APP)
    spaces = {}
    exec(RULES_OF_APP, spaces)  # noqa: S102  # the rules that the command loads
    live, stored = (f"sqlite:///{tmp_path}/{name}.db" for name in ("live", "stored"))
    with (
        RespanDatasetCallbackHandler("prod", base_url=live, rules=spaces["rules"]) as ruled,
        RespanDatasetCallbackHandler("all", base_url=stored) as unruled,
    ):
        for number in range(ENDS):
            text = f"Order {number % 7}" if number % 3 else f"Order {chr(97 + number % 26)}"
            RunnableLambda(str).invoke(text, {"callbacks": [ruled, unruled]})
    command = [sys.executable, "-m", "respan_langchain", "curate", "all", "--base-url", stored]
    command += ["--rules", "app_rules:rules", "--as", "prod"]

    with Dataset.open("prod", base_url=stored, create=True) as copied:
        started = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
        while started.poll() is None and len(copied) <= ENDS / 20:
            pass
        started.kill()
        assert started.wait() != 0
        assert len(copied) < len(contents(live, "prod"))
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

    for name in ("prod", "novel"):
        assert contents(live, name) == contents(stored, name)


def test_a_decision_about_a_call_with_broken_arguments_is_a_label(tmp_path):
    url = f"sqlite:///{tmp_path}/there.db"
    trace = {"trace_unique_id": "t", "span_parent_id": "r"}
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "lookup", "arguments": "{city: Rom"},
    }
    proposed = {"name": "lookup", "args": "{city: Rom"}
    edited = {"name": "lookup", "args": {"city": "Rome"}}
    decision = {"type": "edit", "proposed": proposed, "edited_action": edited}
    rows = [
        {
            "custom_identifier": "r",
            "span_unique_id": "r",
            "log_type": "agent",
            "decisions": [decision],
        },
        {"custom_identifier": "m", "span_unique_id": "m", "log_type": "chat", **trace},
    ]
    rows[0]["trace_unique_id"] = "t"
    odd = [None, {"id": "d"}, {"id": ["e"], "function": {"name": "lookup", "arguments": "{}"}}]
    with Dataset.open("all", base_url=url, create=True) as source:
        answer = {"role": "assistant", "content": "", "tool_calls": [call, *odd]}
        logs = [
            {"input": "Q", "output": answer,
             "metadata": metadata, "metrics": {"start_time": "2026-11-01T00:00:00Z"}}
            for metadata in rows
        ]  # fmt: skip
        with open_client(read_settings(base_url=url)) as client:
            client.bulk_create_logs(source.id, logs)
    curate_all(url, Rules(keep(everything, corrections="human")))

    with Dataset.open("prod", base_url=url) as kept:
        labels = [log.expected_output for log in kept if log.log_type == "chat"]
    assert [label["tool_calls"][0]["function"]["name"] for label in labels] == ["lookup"]


def test_rows_that_were_sampled_before_multiply_their_probabilities(tmp_path):
    url = f"sqlite:///{tmp_path}/there.db"
    half = Rules(keep(everything, rate=0.5))
    with RespanDatasetCallbackHandler("all", base_url=url, rules=half) as handler:
        RunnableLambda(str).batch(list(range(40)), {"callbacks": [handler]})
    curate_all(url, Rules(keep(everything, rate=0.8)))

    assert {sampling["probability"] for _, sampling, _ in contents(url, "prod")} == {0.4}


@pytest.mark.parametrize(
    ("rules", "name", "problem"),
    [
        (Rules(keep(failed)), None, "--as NAME"),
        (Rules(keep(failed, to="all")), None, "both source and destination"),
        (Rules(keep(failed)), "all", "both source and destination"),
    ],
)
def test_rules_that_copy_nothing_or_onto_the_source_are_an_error(rules, name, problem, tmp_path):
    url = f"sqlite:///{tmp_path}/there.db"
    with (
        Dataset.open("all", base_url=url, create=True) as source,
        pytest.raises(ConfigurationError, match=problem),
    ):
        plan_curation(source, rules, name=name, on_error=lambda *_: None)
