"""`curate`: rules over the rows of a dataset."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cli.cli_support import ROOT, row
from support.traffic import times

from respan_langchain._connect import open_client
from respan_langchain.embedded.store.store import open_store
from respan_langchain.rules import Rules, cost_over, error_anywhere, everything, keep, novel, tag
from respan_langchain.rules.engine import RuleEngine
from respan_langchain.rules.facts import StoredTrace
from respan_langchain.settings.reading import read_settings

MODULE = """
from respan_langchain.rules import *

rules = Rules(keep(error_anywhere, to="failures"), keep(everything, rate=0.5))
broken = Rules(keep(predicate(lambda trace: trace.nothing)), keep(everything))
other = 7
"""


@pytest.fixture(autouse=True)
def _module(folder, monkeypatch):
    (folder / "curation.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("curation", None)


def failed_row(number):
    return row(number) | {"metadata": {**row(number)["metadata"], "status": "error"}}


def stored(name, url="sqlite:///respan.db"):
    with open_client(read_settings(base_url=url)) as client:
        found = [each for each in client.datasets() if each.name == name]
        return [log for each in found for log in client.logs(each.id)]


def test_a_dry_run_shows_what_each_rule_would_keep_and_copies_nothing(run, fill):
    fill([row(1), row(2), failed_row(3)])
    result = run("curate", "demo", "--rules", "curation:rules", "--dry-run")

    assert result.code == 0
    assert "error_anywhere" in result.out
    assert "1 row for failures; run without --dry-run to copy them." in result.out
    assert stored("failures") == []


def test_the_rows_of_kept_traces_are_copied_with_their_rule(run, fill):
    fill([row(1), failed_row(2), failed_row(3)])
    result = run("curate", "demo", "--rules", "curation:rules", "--json")

    assert result.code == 0
    assert result.json["rules"]["error_anywhere"] == {
        "seen": 2, "kept": 2, "folded": 0, "over_budget": 0,
    }  # fmt: skip
    copied = stored("failures")
    assert {log.custom_identifier for log in copied} == {"run-2", "run-3"}
    assert {log.metadata["sampling"]["rule"] for log in copied} == {"error_anywhere"}


def test_rows_of_other_rules_go_to_the_named_dataset(run, fill):
    fill([row(number) for number in range(20)])
    result = run("curate", "demo", "--rules", "curation:rules", "--as", "sample")

    assert result.code == 0
    assert 3 <= len(stored("sample")) <= 17
    assert f"{len(stored('sample'))} copied, 0 already there." in result.out


def test_a_condition_that_raises_is_reported_and_its_rule_does_not_match(run, fill):
    fill([row(1), row(2)])
    result = run("curate", "demo", "--rules", "curation:broken", "--as", "sample")

    assert result.code == 0
    assert "predicate(<lambda>) raised AttributeError (2 traces)" in result.err
    assert len(stored("sample")) == 2


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("curation", "expected MODULE:NAME"),
        ("curatoin:rules", "No module named 'curatoin'"),
        ("curation:rulse", "has no attribute 'rulse'"),
        ("curation:other", "expected Rules(...), got 7"),
    ],
)
def test_rules_that_cannot_be_loaded_are_named(path, problem, run, fill):
    fill([row(1)])
    result = run("curate", "demo", "--rules", path)

    assert result.code == 2
    assert problem in result.err


BIG_RULES = Rules(
    keep(error_anywhere, to="failures"),
    keep(tag("vip"), rate=0.5),
    keep(cost_over(0.5), per_hour=20, strata="model"),
    keep(novel("input"), per_day=200),
    keep(everything, rate=0.02, per_day=1_000),
)


def big_traffic(count):
    """Traces of a root and a model call, over three days; all ends differ."""
    for number, at in enumerate(times(count, 3 * 86_400)):
        ended = datetime.fromtimestamp(round(at) + number % 997 / 1_000, UTC).isoformat()
        own = {"trace_unique_id": f"t{number}", "custom_identifier": f"r{number}"}
        root = {
            "input": f"word {'abcdefghij'[number % 10] * (number % 40)}",
            "metadata": {
                **own, "log_type": "workflow", "span_unique_id": f"t{number}",
                "status": "error" if number % 50 == 0 else "success", "model": f"m{number % 3}",
                "tags": ["vip"] if number % 20 == 1 else [],
            },
            "metrics": {"timestamp": ended, "cost": number % 10 / 10, "latency": 1.0},
        }  # fmt: skip
        chat = {
            "input": "?",
            "metadata": {
                **own, "log_type": "chat", "custom_identifier": f"c{number}",
                "span_unique_id": f"c{number}", "span_parent_id": f"t{number}",
                "status": "success",
            },
            "metrics": {"timestamp": ended},
        }  # fmt: skip
        yield chat, root


def begin_curation(folder):
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    words = ["curate", "demo", "--rules", "curation:rules", "--as", "sample", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "respan_langchain", *words],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**clean, "PYTHONPATH": str(ROOT), "RESPAN_BASE_URL": "sqlite:///respan.db"},
    )  # fmt: skip


def count_logs(folder):
    with open_store(f"sqlite:///{folder}/respan.db").reading() as connection:
        return int(connection.execute("SELECT count(*) FROM logs").fetchone()[0])


@pytest.mark.slow(seconds=90)
def test_a_hundred_thousand_rows_are_curated_as_live_although_it_is_killed(fill, folder):
    module = f"from respan_langchain.rules import *\nrules = {BIG_RULES!r}"
    (folder / "curation.py").write_text(module, encoding="utf-8")
    traffic = list(big_traffic(50_000))
    fill([each for rows in traffic for each in rows])
    live = RuleEngine(BIG_RULES, lambda *_: None)
    expected = Counter()
    for chat, root in sorted(traffic, key=lambda rows: rows[1]["metrics"]["timestamp"]):
        decision = live.decide(StoredTrace([root, chat]))
        if decision.is_kept:
            target = (decision.dataset or "sample", decision.sampling["probability"])
            expected.update(
                (each["metadata"]["custom_identifier"], *target) for each in (chat, root)
            )

    failures = 2_000  # of 50,000 traces every 50th, each of two rows: these are copied first
    for enough in (500, failures + 1_000):
        process = begin_curation(folder)
        while count_logs(folder) < 100_000 + enough:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
                break
        process.kill()
        process.communicate()
    out, err = begin_curation(folder).communicate(timeout=600)

    copied = Counter(
        (log.custom_identifier, name, log.metadata["sampling"]["probability"])
        for name in ("failures", "sample")
        for log in stored(name, f"sqlite:///{folder}/respan.db")
    )
    assert json.loads(out)["rules"]["error_anywhere"]["kept"] == 1_000, err
    assert copied == expected
    assert len(copied) > 5_000
