"""`datasets`: list, create, show, rename, delete."""

import pytest
from cli.cli_support import row

from respan_langchain._display import UNKNOWN


def test_a_dataset_is_created_shown_and_deleted(run):
    made = run("datasets", "create", "support", "--description", "from the shop", "--json")
    shown = run("datasets", "show", "support", "--json")
    gone = run("datasets", "delete", "support", "--yes", "--json")

    assert made.code == shown.code == gone.code == 0
    assert shown.json["dataset"]["id"] == made.json["id"] == gone.json["deleted"]
    assert shown.json["dataset"]["description"] == "from the shop"
    assert run("datasets", "list", "--json").json == {"count": 0, "results": []}


def test_a_second_dataset_with_the_same_name_needs_force(run):
    first = run("datasets", "create", "support", "--json")
    refused = run("datasets", "create", "support", "--json")
    forced = run("datasets", "create", "support", "--json", "--force")

    assert (first.code, refused.code, forced.code) == (0, 2, 0)
    assert refused.err.startswith("A dataset named 'support' already exists.")
    assert "--force" in refused.err
    assert run("datasets", "show", forced.json["id"], "--json").code == 0
    shown = run("datasets", "show", "support", "--json")
    assert shown.json["dataset"]["id"] == first.json["id"]


def test_a_dataset_is_found_by_its_id(run, fill):
    dataset = fill([row(1)])

    assert run("datasets", "show", dataset, "--json").json["dataset"]["name"] == "demo"


def test_totals_count_each_call_once(run, fill):
    root = row(1)
    call = row(2, metadata={"custom_identifier": "run-2", "span_parent_id": "span-1"})
    fill([root, call])

    result = run("datasets", "show", "demo", "--json").json
    assert result["rows"] == 2
    assert result["roots"]["number_of_requests"] == 1
    assert result["roots"]["total_tokens"] == 12


def test_an_unknown_dataset_error_lists_the_existing_ones(run, fill):
    fill([row(1)])
    result = run("datasets", "show", "dmeo")

    assert result.code == 2
    assert "'dmeo'" in result.err
    assert "demo" in result.err


def test_delete_without_a_terminal_requires_yes(run, fill):
    fill([row(1)])
    result = run("datasets", "delete", "demo")

    assert result.code == 2
    assert "--yes" in result.err
    assert run("datasets", "list", "--json").json["count"] == 1


def test_datasets_are_shown_with_names_and_totals(run, fill):
    fill([row(1), row(2)])
    listed = run("datasets", "list").out.split()
    shown = run("datasets", "show", "demo").out

    assert {"demo", "2", "ready"} <= set(listed)
    assert "24 (20 in, 4 out)" in shown
    assert "$0.00200" in shown
    assert "2 (2 roots)" in shown


def test_an_empty_platform_says_so(run):
    run("datasets", "create", "demo")
    run("datasets", "delete", "demo", "--yes")

    assert run("datasets", "list").out == "No datasets yet.\n"


def test_totals_say_of_how_many_rows_they_are(run, fill):
    unknown = row(3)
    unknown["metrics"] = {"latency": 0.5}
    fill([row(1), row(2), unknown])

    shown = run("datasets", "show", "demo").out

    assert "24 (20 in, 4 out), of 2 of 3 roots" in shown
    assert "$0.00200, of 2 of 3 roots" in shown


def test_a_total_that_no_row_knows_is_unknown(run, fill):
    unknown = row(1)
    unknown["metrics"] = {}
    fill([unknown])

    lines = run("datasets", "show", "demo").out.splitlines()

    assert [line.split() for line in lines if line.startswith(("tokens", "cost", "latency"))] == [
        ["tokens", UNKNOWN],
        ["cost", UNKNOWN],
        ["latency", UNKNOWN],
    ]


def test_mean_scores_are_shown_by_evaluator(run, fill):
    fill([row(1, output="yes", expected_output="yes")])
    run("evaluate", "demo", "-e", "exact_match")

    assert "exact_match 1.0" in run("datasets", "show", "demo").out


LONG_NAMES = [f"customer-support-conversations-of-{year}" for year in (2025, 2026)]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_names_are_listed_whole_in_any_terminal(width, run):
    for name in LONG_NAMES:
        run("datasets", "create", name)

    listed = run("datasets", "list", COLUMNS=str(width)).out

    assert max(map(len, listed.splitlines())) <= width
    assert all(name in "".join(listed.split()) for name in LONG_NAMES)


def test_the_short_id_of_the_list_finds_the_dataset(run, fill):
    dataset_id = fill([row(1)])
    listed = run("datasets", "list").out

    assert dataset_id[-8:] in listed
    assert run("datasets", "show", dataset_id[-8:], "--json").json["dataset"]["id"] == dataset_id


def test_a_dataset_is_renamed(run, fill):
    dataset_id = fill([row(1)])

    renamed = run("datasets", "rename", "demo", "support-bot")

    assert renamed.out == "Renamed demo to support-bot.\n"
    assert run("datasets", "show", "support-bot", "--json").json["dataset"]["id"] == dataset_id


@pytest.mark.parametrize("command", ["create {}", "rename demo {}"])
@pytest.mark.parametrize(("name", "problem"), [("x" * 300, "255 characters"), ("other", "--force")])
def test_an_unusable_name_is_refused(command, name, problem, run, fill):
    fill([row(1)])
    fill([row(1)], "other")

    refused = run("datasets", *command.format(name).split())

    assert refused.code == 2
    assert problem in refused.err
    assert run("datasets", "list", "--json").json["count"] == 2
