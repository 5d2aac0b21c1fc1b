"""`evaluate` and `dedupe`: judging rows, and finding those that are there twice."""

import pytest
from cli.given import row


def test_evaluators_run_and_their_scores_are_shown(run, fill):
    fill([row(1, output="yes", expected_output="yes"), row(2, output="no", expected_output="yes")])
    said = run("evaluate", "demo", "-e", "exact_match", "-e", "latency_limit:1", "--json")

    assert said.code == 0, said.err
    assert {
        each["evaluator_slug"]: (each["status"], each["score"]) for each in said.json["runs"]
    } == {
        "exact_match": ("completed", 0.5),
        "latency_limit:1": ("completed", 1.0),
    }


@pytest.mark.parametrize(("limit", "code"), [("0.5", 0), ("0.6", 1)])
def test_a_score_under_the_limit_is_a_finding(limit, code, run, fill):
    fill([row(1, output="yes", expected_output="yes"), row(2, output="no", expected_output="yes")])
    said = run("evaluate", "demo", "-e", "exact_match", "--fail-under", limit)

    assert said.code == code
    assert ("is under 0.6" in said.err) == (code == 1)


@pytest.mark.parametrize(("limit", "code"), [([], 0), (["--fail-under", "0.5"], 1)])
def test_a_limit_is_not_held_where_nothing_could_be_evaluated(limit, code, run, fill):
    fill([row(1), row(2)])
    said = run("evaluate", "demo", "-e", "exact_match", "-e", "latency_limit:1", *limit)

    assert said.code == code
    assert said.err == (
        "exact_match: no row could be evaluated; none has what it needs, "
        "such as an expected output\n"
    ) * code  # fmt: skip


def test_an_unknown_evaluator_is_named_with_those_that_there_are(run, fill):
    fill([row(1)])
    said = run("evaluate", "demo", "-e", "exact_mtach", "-e", "contains:a")

    assert said.code == 1
    assert "exact_mtach" in said.err
    assert "exact_match" in said.err


def test_no_evaluator_is_a_wrong_use(run, fill):
    fill([row(1)])

    assert run("evaluate", "demo").code == 2


def repeated():
    other_span = row(1)
    other_span["metadata"]["span_unique_id"] = "elsewhere"
    return [row(1), row(2), row(1), row(1), other_span, row(1, expected_output="reviewed")]


def test_rows_that_are_there_twice_are_found(run, fill):
    fill(repeated())
    said = run("dedupe", "demo", "--json")

    assert said.code == 1
    [found] = said.json["repeated"]
    assert found["custom_identifier"] == "run-1"
    assert len(found["others"]) == 2
    assert run("logs", "list", "demo", "--json").json["count"] == 6


def test_all_but_the_oldest_are_removed_when_that_is_said(run, fill):
    fill(repeated())
    [found] = run("dedupe", "demo", "--json").json["repeated"]
    said = run("dedupe", "demo", "--remove", "--yes", "--json")

    assert said.code == 0
    assert said.json["removed"] == 2
    left = [log["unique_id"] for log in run("logs", "list", "demo", "--json").json["results"]]
    assert len(left) == 4
    assert found["kept"] in left
    assert run("dedupe", "demo").code == 0


def test_nothing_is_removed_where_nobody_can_be_asked(run, fill):
    fill(repeated())
    said = run("dedupe", "demo", "--remove")

    assert said.code == 2
    assert run("logs", "list", "demo", "--json").json["count"] == 6


def test_people_see_scores_and_doubles(run, fill):
    fill([*repeated(), row(9, output="yes", expected_output="yes")])
    scored = run("evaluate", "demo", "-e", "exact_match").out
    found = run("dedupe", "demo").out

    assert "0.500" in scored
    assert "2 rows too many: --remove deletes them." in found
    assert run("dedupe", "demo", "--remove", "--yes").out.endswith("2 rows are deleted.\n")
    assert run("dedupe", "demo").out == "No row is there twice.\n"
