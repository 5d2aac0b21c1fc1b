"""`feedback` on a stored row."""

from cli.cli_support import row


def test_feedback_is_added_to_a_log(run, fill):
    fill([row(1), row(2)])

    changed = run(
        "feedback", "demo", "run-2", "--score", "0", "--comment", "wrong", "--expected", "-",
        "--json", stdin="Within 14 days.\n",
    ).json  # fmt: skip
    assert changed["expected_output"] == "Within 14 days."
    (score,) = changed["metadata"]["scores"]
    assert (score["name"], score["score"], score["comment"]) == ("feedback", 0.0, "wrong")


def test_feedback_of_a_judge_stands_beside_that_of_a_person(run, fill):
    fill([row(1)])
    run("feedback", "demo", "run-1", "--score", "1")

    result = run("feedback", "demo", "run-1", "--score", "0.5", "--name", "judge")

    assert result.out.startswith("Added feedback to ")
    log = run("logs", "show", "demo", "run-1", "--json").json
    assert [one["name"] for one in log["metadata"]["scores"]] == ["feedback", "judge"]


def test_feedback_that_says_nothing_is_an_error(run, fill):
    fill([row(1)])

    result = run("feedback", "demo", "run-1")
    assert result.code == 2
    assert "give a score, a comment or an expected_output" in result.err
