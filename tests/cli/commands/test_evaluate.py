"""`evaluate` and `dedupe`: judging rows, and finding those that are there twice."""

import os
import subprocess
import sys

import pytest
from cli.cli_support import ROOT, row


def test_evaluators_run_and_show_their_scores(run, fill):
    fill([row(1, output="yes", expected_output="yes"), row(2, output="no", expected_output="yes")])
    result = run("evaluate", "demo", "-e", "exact_match", "-e", "latency_limit:1", "--json")

    assert result.code == 0, result.err
    assert {
        each["evaluator_slug"]: (each["status"], each["score"]) for each in result.json["runs"]
    } == {
        "exact_match": ("completed", 0.5),
        "latency_limit:1": ("completed", 1.0),
    }


@pytest.mark.parametrize(("limit", "code"), [("0.5", 0), ("0.6", 1)])
def test_a_score_below_the_limit_exits_with_1(limit, code, run, fill):
    fill([row(1, output="yes", expected_output="yes"), row(2, output="no", expected_output="yes")])
    result = run("evaluate", "demo", "-e", "exact_match", "--fail-under", limit)

    assert result.code == code
    assert ("is below 0.6" in result.err) == (code == 1)


@pytest.mark.parametrize(("limit", "code"), [([], 0), (["--fail-under", "0.5"], 1)])
def test_a_limit_fails_if_no_row_could_be_evaluated(limit, code, run, fill):
    fill([row(1), row(2)])
    result = run("evaluate", "demo", "-e", "exact_match", "-e", "latency_limit:1", *limit)

    assert result.code == code
    assert result.err == (
        "exact_match: no row could be evaluated; none has what it needs, "
        "such as an expected output\n"
    ) * code  # fmt: skip


def test_an_unknown_evaluator_error_lists_the_known_ones(run, fill):
    fill([row(1)])
    result = run("evaluate", "demo", "-e", "exact_mtach", "-e", "contains:a")

    assert result.code == 1
    assert "exact_mtach" in result.err
    assert "exact_match" in result.err


def test_an_error_of_the_only_evaluator_is_said_once(run, fill):
    fill([row(1)])
    result = run("evaluate", "demo", "-e", "exact")

    assert result.code == 1
    assert result.err.startswith("respan.db: 400: exact: no evaluator 'exact'; there are exact_")


def test_evaluate_without_an_evaluator_exits_with_2(run, fill):
    fill([row(1)])

    assert run("evaluate", "demo").code == 2


def repeated():
    other_span = row(1)
    other_span["metadata"]["span_unique_id"] = "elsewhere"
    return [row(1), row(2), row(1), row(1), other_span, row(1, expected_output="reviewed")]


def test_duplicate_rows_are_found(run, fill):
    fill(repeated())
    result = run("dedupe", "demo", "--json")

    assert result.code == 1
    [found] = result.json["duplicates"]
    assert found["custom_identifier"] == "run-1"
    assert len(found["duplicates"]) == 2
    assert run("logs", "list", "demo", "--json").json["count"] == 6


def test_remove_deletes_all_duplicates_but_the_oldest(run, fill):
    fill(repeated())
    [found] = run("dedupe", "demo", "--json").json["duplicates"]
    result = run("dedupe", "demo", "--remove", "--yes", "--json")

    assert result.code == 0
    assert result.json["removed"] == 2
    left = [log["unique_id"] for log in run("logs", "list", "demo", "--json").json["results"]]
    assert len(left) == 4
    assert found["kept"] in left
    assert run("dedupe", "demo").code == 0


def test_remove_without_a_terminal_requires_yes(run, fill):
    fill(repeated())
    result = run("dedupe", "demo", "--remove")

    assert result.code == 2
    assert run("logs", "list", "demo", "--json").json["count"] == 6


def test_who_says_no_has_seen_the_rows_and_nothing_is_deleted(run, fill):
    fill(repeated())
    code, shown = answer_in_terminal("no", "dedupe", "demo", "--remove")

    assert code == 1
    assert shown.index("run-1") < shown.index("Delete 2 rows of 'demo'?")
    assert shown.endswith("Nothing was deleted.\r\n")
    assert run("logs", "list", "demo", "--json").json["count"] == 6


def answer_in_terminal(answer, *words):
    """Run a command in a terminal and type an answer; return its exit code and what it shows."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "respan_langchain", *words]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=path) as running:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        while part := read_terminal(ours):
            shown += part
    os.close(ours)
    return running.returncode, shown.decode()


def read_terminal(ours):
    """Read what a terminal shows; empty once the command has ended."""
    try:
        return os.read(ours, 1_000)
    except OSError:  # Linux raises EIO at the end of a terminal
        return b""


def test_scores_and_duplicates_are_shown_as_tables(run, fill):
    fill([*repeated(), row(9, output="yes", expected_output="yes")])
    scored = run("evaluate", "demo", "-e", "exact_match").out
    found = run("dedupe", "demo").out

    assert "0.500" in scored
    assert "2 duplicate rows; use --remove to delete them." in found
    assert run("dedupe", "demo", "--remove", "--yes").out.endswith("Deleted 2 duplicate rows.\n")
    assert run("dedupe", "demo").out == "No duplicates.\n"
