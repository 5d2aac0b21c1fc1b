"""The examples run as they are, in an empty folder without a key, and leave their rows."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from respan_langchain.datasets.dataset import Dataset

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(name: str, folder: Path) -> str:
    clean = {key: value for key, value in os.environ.items() if "RESPAN" not in key}
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name)],
        cwd=folder, env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr
    return ended.stdout


def kinds(folder: Path, dataset: str) -> Counter[str | None]:
    with Dataset.open(dataset, base_url=f"sqlite:///{folder}/respan.db") as rows:
        return Counter(row.log_type for row in rows)


def test_the_quickstart_captures_the_chain_and_the_model_call(tmp_path):
    result = run("quickstart.py", tmp_path)

    assert "Within 30 days, unworn.\ndelivered: True\n" in result
    assert kinds(tmp_path, "support-bot") == {"workflow": 1, "chat": 1}


def test_the_interrupted_agent_is_captured_as_one_row(tmp_path):
    result = run("agent.py", tmp_path)

    assert "asks: Refund 49.90?" in result
    assert "says: Done, 49.90 are on their way." in result
    with Dataset.open("refunds", base_url=f"sqlite:///{tmp_path}/respan.db") as rows:
        logs = list(rows)
    chats = [log for log in logs if log.log_type == "chat"]
    roots = [log for log in logs if "span_parent_id" not in log.metadata]
    assert len(chats) == 2
    assert {log.status for log in roots} == {"success"}
    assert [log.total_tokens for log in roots] == [96]
    assert [log.output for log in roots] == [
        {"role": "assistant", "content": "Done, 49.90 are on their way."}
    ]


def test_the_example_of_private_data_keeps_no_name_and_forgets_a_customer(tmp_path):
    ann, bob, receipt = run("private_data.py", tmp_path).splitlines()

    assert ann.startswith("[redacted:email:")
    assert " asks: My number is [redacted:phone:" in ann
    assert bob.split()[0] != ann.split()[0]
    assert receipt == "forgotten: 1 left: 1 problems: 0"


def test_the_rules_example_keeps_failures_apart_and_weights_the_rest(tmp_path):
    result = run("rules.py", tmp_path)

    assert "error_anywhere: saw 10, kept 10\n" in result
    assert kinds(tmp_path, "failures") == {"workflow": 10}
    assert 20 <= kinds(tmp_path, "orders")["workflow"] <= 120


def test_the_mapping_example_keeps_invalid_rows_apart_and_exports_the_others(tmp_path):
    assert run("mapping.py", tmp_path).splitlines() == ["2 cases", "0 greetings"]
    assert kinds(tmp_path, "invalid-orders") == {"workflow": 1}


@pytest.mark.slow  # starts two programs
def test_the_rules_of_the_curate_example_copy_stored_rows(tmp_path):
    assert run("curate.py", tmp_path) == "100 rows in questions\n"

    command = "curate questions --rules curate:rules --as sample"
    url = f"sqlite:///{tmp_path}/respan.db"
    curated = subprocess.run(
        [sys.executable, "-m", "respan_langchain", *command.split(), "--base-url", url],
        cwd=ROOT / "examples", env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert curated.returncode == 0, curated.stderr
    assert kinds(tmp_path, "failures") == {"workflow": 50}
    assert 0 < kinds(tmp_path, "sample")["workflow"] < 20


def test_the_example_of_held_rows_sends_a_rated_and_an_unrated_one(tmp_path):
    assert sorted(run("held_rows.py", tmp_path).splitlines()) == [
        "Can I return hats? not rated",
        "Can I return shoes? [1.0]",
    ]


def test_the_example_of_provenance_leaves_experiments_out(tmp_path):
    assert run("provenance.py", tmp_path).splitlines() == [
        "{'not production': 1}",
        "live ['production']",
        "trials ['experiment']",
    ]


def test_the_example_of_duplicates_counts_them_and_marks_the_changed_answer(tmp_path):
    result = run("duplicates.py", tmp_path)

    assert sorted(result.splitlines()) == [
        "Within 14 days. seen 20 times, other answer: True",
        "Within 30 days. seen 20 times, other answer: True",
        "saw 40, kept 2, folded 38",
        "used 0.2% of the day's rows",
    ]


def test_the_corrections_example_prints_the_edited_call(tmp_path):
    result = run("corrections.py", tmp_path)

    assert '{"amount":49.9}' in result
    assert kinds(tmp_path, "gold") == {"workflow": 1, "chat": 2}


def test_the_feedback_example_rates_a_row_before_and_after_it_is_stored(tmp_path):
    result = run("feedback.py", tmp_path)

    assert result.splitlines() == [
        "{'applied': 2}",
        "Within 14 days.",
        "judge 0.2 ",
        "feedback 0.0 wrong policy",
    ]


def test_the_whole_app_example_captures_threads_and_tasks(tmp_path):
    result = run("whole_app.py", tmp_path)

    assert "2 rows in the block" in result
    assert "all delivered: True" in result
    assert kinds(tmp_path, "shop") == {"workflow": 4, "chat": 4}
    assert kinds(tmp_path, "nightly") == {"workflow": 1, "chat": 1}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short(example):
    assert len(example.read_text().splitlines()) < 40
