"""`logs`: list, show, tail."""

import json
import subprocess
import sys

import pytest
from cli.cli_support import ROOT, row


def test_logs_are_listed_newest_first(run, fill):
    fill([row(1)])
    fill([row(2)])

    result = run("logs", "list", "demo", "--json").json
    assert result["count"] == 2
    assert [log["custom_identifier"] for log in result["results"]] == ["run-2", "run-1"]


def test_more_rows_than_a_page_holds_are_listed(run, fill):
    fill([row(number) for number in range(130)])

    result = run("logs", "list", "demo", "--json", "--limit", "120").json
    assert len({log["unique_id"] for log in result["results"]}) == 120
    assert result["count"] == 130


CONDITIONS = {
    "model=gpt-4o-mini": ["run-1", "run-2"],
    "model!=gpt-4o-mini": ["run-3"],
    "cost>0.001": ["run-3"],
    "cost<=0.001": ["run-1", "run-2"],
    "custom_identifier^=run-": ["run-1", "run-2", "run-3"],
    "status~ERR": ["run-2"],
    "metadata.page=returns": ["run-3"],
    "total_tokens >= 12": ["run-1", "run-2", "run-3"],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_where_conditions_select_rows(condition, run, fill):
    second, third = row(2), row(3)
    second["metadata"]["status"] = "error"
    third["metadata"].update(model="gpt-4o", page="returns")
    third["metrics"]["cost"] = 0.5
    fill([row(1), second, third])

    result = run(
        "logs", "list", "demo", "--json", "--sort", "created_at", "--where", condition
    ).json
    assert [log["custom_identifier"] for log in result["results"]] == CONDITIONS[condition]


@pytest.mark.parametrize("condition", ["modle=gpt-4o", "cost>cheap", "model", "=x"])
def test_an_invalid_where_condition_is_an_error(condition, run, fill):
    fill([row(1)])
    result = run("logs", "list", "demo", "--where", condition)

    assert result.code == 2
    assert result.err
    assert not result.out


def test_an_unknown_where_field_error_suggests_cli_syntax(run, fill):
    fill([row(1, metadata={"custom_identifier": "run-1", "page": "maps"})])
    result = run("logs", "list", "demo", "--where", "page=maps")

    assert "metadata.page" in result.err
    assert "metadata(" not in result.err
    found = run("logs", "list", "demo", "--where", "metadata.page=maps", "--json")
    assert found.json["count"] == 1


@pytest.mark.parametrize("length", [32, 8])
def test_a_log_is_found_by_its_id_or_the_end_of_it(length, run, fill):
    fill([row(1), row(2)])
    unique_id = run("logs", "list", "demo", "--json", "-n", "1").json["results"][0]["unique_id"]

    result = run("logs", "show", "demo", unique_id[-length:])
    assert result.code == 0
    assert "question 2" in result.out
    assert "answer 2" in result.out
    assert unique_id in result.out


def test_a_log_is_found_by_its_run_id_in_the_dataset_of_the_environment(run, fill, monkeypatch):
    fill([row(1), row(2)])
    monkeypatch.setenv("RESPAN_DATASET", "demo")

    assert run("logs", "show", "run-1", "--json").json["custom_identifier"] == "run-1"


def test_model_output_cannot_send_terminal_escapes(run, fill, monkeypatch):
    hostile = "\x1b]0;owned\x07 \x1b[31mred\x9b2J \u202egnp.exe [bold red]markup[/] :smile:"
    fill([row(1, output=hostile)])

    monkeypatch.setenv("COLUMNS", "300")
    for result in (run("logs", "list", "demo"), run("logs", "show", "demo", "run-1")):
        assert result.code == 0
        assert not set(result.out) & {"\x1b", "\x07", "\x9b", "\u202e"}
        assert "[bold red]markup[/] :smile:" in result.out


def test_tail_shows_the_newest_last(run, fill):
    fill([row(number) for number in range(5)])

    lines = run("logs", "tail", "demo", "-n", "2", "--json").out.splitlines()
    assert [json.loads(line)["custom_identifier"] for line in lines] == ["run-3", "run-4"]


def test_tail_follows_what_arrives(fill, folder):
    fill([row(1)])
    command = [
        sys.executable,
        "-m",
        "respan_langchain",
        "logs",
        "tail",
        "demo",
        "--json",
        "--follow",
        "--interval",
        "0.1",
    ]
    variables = {"PYTHONPATH": str(ROOT), "RESPAN_BASE_URL": "sqlite:///respan.db"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env=variables) as following:
        first = json.loads(following.stdout.readline())
        fill([row(2), row(3)])
        arrived = [json.loads(following.stdout.readline()) for _ in range(2)]
        following.terminate()

    assert first["custom_identifier"] == "run-1"
    assert [log["custom_identifier"] for log in arrived] == ["run-2", "run-3"]


def test_tail_follow_prints_tables(run, fill):
    fill([row(1), row(2)])
    result = run("logs", "tail", "demo", "-n", "1")

    assert "question 2" in result.out
    assert "question 1" not in result.out


@pytest.mark.parametrize(
    "words", [["nothing"], ["demo", "nothing"], ["a", "b", "c"], ["demo", "same"]]
)
def test_an_ambiguous_or_unknown_log_is_an_error(words, run, fill):
    same = [row(1), row(2)]
    for each in same:
        each["metadata"]["custom_identifier"] = "same"
    fill(same)
    result = run("logs", "show", *words, RESPAN_DATASET="demo")

    assert result.code == 2
    assert result.err.count("\n") == 1
