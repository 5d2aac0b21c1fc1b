"""`logs`: list, show, set, tail."""

import datetime as dt
import json
import subprocess
import sys

import pytest
from cli.cli_support import ROOT, row
from support.processes import read_line

from respan_langchain._display import UNKNOWN


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
    "error~TIMEOUT": ["run-2"],
    "error_message=": ["run-1", "run-3"],
    "expected_output!=": ["run-3"],
    "expected=Within 30 days.": ["run-3"],
    "score.contains:answer 3>=0.5": ["run-3"],
    "score.contains:answer 3<0.5": ["run-1", "run-2"],
    "score.human=": ["run-1", "run-2", "run-3"],
}


def test_where_conditions_select_rows(run, fill):
    second, third = row(2), row(3)
    second["metadata"].update(status="error", error_message="ReadTimeout: no answer")
    third["metadata"].update(model="gpt-4o", page="returns")
    third["metrics"]["cost"] = 0.5
    third["expected_output"] = "Within 30 days."
    fill([row(1), second, third])
    run("evaluate", "demo", "-e", "contains:answer 3")

    def select(condition):
        words = ("logs", "list", "demo", "--json", "--sort", "created_at", "--where", condition)
        return [log["custom_identifier"] for log in run(*words).json["results"]]

    assert {condition: select(condition) for condition in CONDITIONS} == CONDITIONS


@pytest.mark.parametrize(
    "condition", ["modle=gpt-4o", "cost>cheap", "model", "=x", "score=1", "score.human=good"]
)
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
        first = json.loads(read_line(following))
        fill([row(2), row(3)])
        arrived = [json.loads(read_line(following)) for _ in range(2)]
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


def find(run, *options):
    """The custom identifiers of the logs that a search finds."""
    results = run("logs", "list", "demo", "--json", *options).json["results"]
    return [log["custom_identifier"] for log in results]


SEARCHED = {
    "input": {"input": "a Needle here"},
    "output": {"output": {"role": "assistant", "content": "the needle"}},
    "expected output": {"expected_output": "NEEDLE"},
}


@pytest.mark.parametrize("place", SEARCHED)
def test_search_finds_text_wherever_it_is(place, run, fill):
    fill([row(1), row(2, **SEARCHED[place]), row(3)])

    assert find(run, "--search", "needle") == ["run-2"]


def test_search_finds_error_messages(run, fill):
    failed = row(2)
    failed["metadata"].update(status="error", error_message="rate limit of the provider")
    fill([row(1), failed])

    assert find(run, "--search", "rate limit") == ["run-2"]


def test_search_stops_at_the_limit_and_leaves_the_total_unknown(run, fill):
    fill([row(number) for number in range(5)])

    limited = run("logs", "list", "demo", "--search", "question", "-n", "2", "--json").json
    complete = run("logs", "list", "demo", "--search", "question", "--json").json

    assert (limited["count"], len(limited["results"])) == (None, 2)
    assert (complete["count"], len(complete["results"])) == (5, 5)


def aged(number, age):
    """A row that ended some time ago."""
    aged_row = row(number)
    aged_row["metrics"]["timestamp"] = (dt.datetime.now(dt.UTC) - age).isoformat()
    return aged_row


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("30m", []),
        ("2h", ["run-1"]),
        ("2d", ["run-2", "run-1"]),
        ("2000-01-01", ["run-3", "run-2", "run-1"]),
    ],
)
def test_since_selects_by_the_end_of_the_run(since, found, run, fill):
    ages = [dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=9)]
    fill([aged(number, age) for number, age in enumerate(ages, start=1)])

    assert find(run, "--since", since) == found


def test_an_invalid_age_is_refused(run, fill):
    fill([row(1)])
    refused = run("logs", "list", "demo", "--since", "yesterday")

    assert refused.code == 2
    assert "2d" in refused.err


def test_fields_are_selected_in_every_format(run, fill):
    fill([row(1)])
    command = ("logs", "list", "demo", "--fields", "custom_identifier,cost,metadata.model")
    expected = {"custom_identifier": "run-1", "cost": 0.001, "metadata.model": "gpt-4o-mini"}

    assert run(*command, "--format", "json").json == {"count": 1, "results": [expected]}
    assert run(*command, "--json").json == {"count": 1, "results": [expected]}
    assert run(*command, "--format", "jsonl").json == expected
    head, line = run(*command, "--format", "csv").out.splitlines()
    assert (head, line) == ("custom_identifier,cost,metadata.model", "run-1,0.001,gpt-4o-mini")
    assert run(*command).out.split()[:3] == ["custom_identifier", "cost", "metadata.model"]


def test_the_scores_of_a_log_are_one_line_and_a_dash_where_there_are_none(run, fill):
    fill([row(1)])
    before = run("logs", "list", "demo", "--fields", "scores")
    run("evaluate", "demo", "-e", "latency_limit:9")
    after = run("logs", "list", "demo", "--fields", "scores")

    assert before.out.splitlines()[2].strip() == UNKNOWN
    assert after.out.splitlines()[2].strip() == "latency_limit:9 1"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_selected_fields_give_way_from_the_right_and_ids_are_short(width, run, fill):
    fill([row(1)])
    result = run(
        "logs", "list", "demo", "--fields", "id,input,cost,metadata.model", COLUMNS=str(width)
    )

    header, _, cells, *_ = result.out.splitlines()
    shown = header.split()
    assert shown[:3] == ["id", "input", "cost"]
    assert ("metadata.model" in shown) == (width > 40)
    assert len(cells.split()[0]) == 8
    assert max(map(len, result.out.splitlines())) <= width


def test_options_take_the_names_that_tables_show(run, fill):
    fill([row(1)])
    result = run(
        "logs", "list", "demo", "--fields", "kind,tokens,time", "-w", "kind=chat", "--json"
    )

    assert result.json["results"] == [{"log_type": "chat", "total_tokens": 12, "latency": 0.5}]


def test_csv_without_fields_has_the_columns_of_an_export(run, fill):
    fill([row(1)])

    assert (
        run("logs", "list", "demo", "--format", "csv").out
        == run("export", "demo", "--format", "csv").out
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--fields", "id,colour"], "unknown field"), (["--format", "xml"], "is not one of")],
)
def test_unknown_fields_and_formats_are_refused(options, reason, run, fill):
    fill([row(1)])
    refused = run("logs", "list", "demo", *options)

    assert refused.code == 2
    assert reason in refused.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Within 30 days.", "Within 30 days."),
        ('{"role": "assistant", "content": "yes"}', {"role": "assistant", "content": "yes"}),
        ("[not json", "[not json"),
    ],
)
def test_the_expected_output_of_a_log_is_set(text, expected, run, fill):
    fill([row(1), row(2)])

    changed = run("logs", "set", "demo", "run-1", "--expected", text, "--json")

    assert changed.code == 0, changed.err
    assert changed.json["expected_output"] == expected
    logs = run("logs", "list", "demo", "--json").json["results"]
    assert [log.get("expected_output") for log in logs] == [None, expected]


def test_the_expected_output_is_read_from_standard_input(run, fill):
    fill([row(1)])
    run("logs", "set", "demo", "run-1", "--expected", "-", stdin="two\nlines\n")

    assert run("logs", "show", "demo", "run-1", "--json").json["expected_output"] == "two\nlines"


def test_set_without_a_value_is_refused(run, fill):
    fill([row(1)])

    assert "--expected" in run("logs", "set", "demo", "run-1").err


def test_an_output_that_was_right_is_promoted_to_the_expected_one(run, fill):
    fill([row(1)])

    changed = run("logs", "set", "demo", "run-1", "--promote", "--json").json
    assert changed["expected_output"] == changed["output"] is not None
    assert run("logs", "set", "demo", "run-1", "--promote", "--expected", "x").code == 2
