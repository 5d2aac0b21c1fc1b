"""Evaluation runs: evaluators score a dataset's logs."""

import pytest
from support.evaluations import wait_for_evaluations

from respan_langchain.embedded.access import AccessPolicy


def evaluate(platform, dataset, *names, policy=None):
    platform.policy = policy or platform.policy
    response = platform.ask(
        "POST", f"/datasets/{dataset}/eval-reports/create/", {"evaluator_ids": list(names)}
    )
    wait_for_evaluations()
    return response


def scores(platform, dataset, name):
    found = [log["scores"].get(name) for log in platform.logs(dataset)]
    return [score and score["score"] for score in found]


@pytest.mark.parametrize(
    ("name", "logs", "expected"),
    [
        (
            "exact_match",
            [("Hi", "Hi "), ("Hi", "hi"), ({"role": "assistant", "content": "Hi"}, "Hi")],
            [1, 0, 1],
        ),
        ("contains", [("Oh, hi there", "HI"), ("Oh", "hi"), ("Oh", None)], [1, 0, None]),
        ("contains:there", [("Hi there", None), ("Hi", None)], [1, 0]),
        (
            "json_equality",
            [('{"a": 1, "b": 2}', {"b": 2, "a": 1}), ("[1]", [2]), ("x", None)],
            [1, 0, None],
        ),
        ("regex", [("order 12", r"\d+"), ("order", r"\d+"), ("x", {"a": 1})], [1, 0, None]),
        (r"regex:^o\w+", [("order", None), ("an order", None)], [1, 0]),
    ],
    ids=["exact_match", "contains", "contains:", "json_equality", "regex", "regex:"],
)
def test_an_evaluator_scores_the_output(platform, name, logs, expected):
    dataset = platform.dataset()
    platform.fill(
        dataset,
        [
            {"input": "x", "output": output}
            | ({} if wanted is None else {"expected_output": wanted})
            for output, wanted in logs
        ],
    )

    response = evaluate(platform, dataset, name)

    assert response.status == 201
    assert response.body["created_tasks"][0]["evaluator_slug"] == name
    assert scores(platform, dataset, name) == expected


@pytest.mark.parametrize("metric", ["latency", "cost"])
def test_a_limit_scores_a_metric_and_skips_logs_without_it(platform, metric):
    dataset = platform.dataset()
    platform.fill(
        dataset,
        [{"input": "x", "metrics": {metric: n}} for n in (0, 0.5, 0.6)] + [{"input": "x"}],
    )

    evaluate(platform, dataset, f"{metric}_limit:0.5")

    assert scores(platform, dataset, f"{metric}_limit:0.5") == [1, 1, 0, None]


def test_a_run_is_listed_and_summarized_with_its_mean(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "output": o, "expected_output": "a"} for o in "aab"])

    evaluate(platform, dataset, "exact_match")
    (run,) = platform.ask("GET", f"/datasets/{dataset}/eval-reports/list/").body["results"]
    summary = platform.ask("GET", f"/datasets/{dataset}/logs/summary/").body

    assert (run["status"], run["evaluated_logs_count"]) == ("completed", 3)
    assert run["score"] == pytest.approx(2 / 3)
    assert run["completed_at"]
    mean = summary["scores"]["exact_match"]
    assert (mean["true_count"], mean["false_count"]) == (2, 1)
    assert mean["avg_score"] == pytest.approx(2 / 3)


def test_more_logs_than_one_batch_are_all_evaluated(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "output": "yes"}] * 250)

    evaluate(platform, dataset, "contains:yes")

    assert (
        platform.ask("GET", f"/datasets/{dataset}/eval-reports/list/").body["results"][0][
            "evaluated_logs_count"
        ]
        == 250
    )


def test_an_unknown_evaluator_is_named_and_the_others_run(platform):
    dataset = platform.dataset()

    response = evaluate(platform, dataset, "exact_match", "wisdom", 5, "regex:(", "cost_limit")

    assert response.status == 201
    assert [task["name"] for task in response.body["created_tasks"]] == ["exact_match"]
    assert list(response.body["errors"]) == ["wisdom", "5", "regex:(", "cost_limit"]


def test_a_python_function_evaluates_where_it_is_allowed(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": ["a", "b"]}])

    refused = evaluate(platform, dataset, "python:operator:truth")
    response = evaluate(
        platform,
        dataset,
        "python:operator:truth",
        policy=AccessPolicy(allow_python_evaluators=True),
    )

    assert (refused.status, response.status) == (400, 201)
    assert scores(platform, dataset, "python:operator:truth") == [1]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("operator:nothing", "evaluator 'operator:nothing' cannot be loaded: AttributeError"),
        ("no_such_module:f", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("operator:index", "TypeError at log"),
    ],
)
def test_a_function_that_fails_fails_its_run_with_the_reason(platform, place, reason):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x"}])

    evaluate(
        platform, dataset, f"python:{place}", policy=AccessPolicy(allow_python_evaluators=True)
    )
    (run,) = platform.ask("GET", f"/datasets/{dataset}/eval-reports/list/").body["results"]

    assert run["status"] == "failed"
    assert reason in run["error_message"]


FUNCTIONS = """
def silent(log): return None
def claim(log): return log["input"] == "x"
def number(log): return 0.25
def verdict(log): return {"score": 0.5, "passed": False, "comment": "half"}
def odd(log): return {"score": 1, "passed": "perhaps"}
"""


def test_a_function_may_return_any_kind_of_score(platform, tmp_path, monkeypatch):
    (tmp_path / "evaluators_of_a_test.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x"}])
    names = [
        f"python:evaluators_of_a_test:{name}" for name in ("silent", "claim", "number", "verdict")
    ]

    evaluate(platform, dataset, *names, policy=AccessPolicy(allow_python_evaluators=True))

    (log,) = platform.logs(dataset)
    assert [log["scores"].get(name, {}).get("score") for name in names] == [None, 1, 0.25, 0.5]
    assert log["scores"][names[3]]["passed"] is False
    assert log["scores"][names[3]]["comment"] == "half"


def test_an_invalid_pattern_in_the_expected_output_fails_the_run(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "output": "y", "expected_output": "("}])

    evaluate(platform, dataset, "regex")
    (run,) = platform.ask("GET", f"/datasets/{dataset}/eval-reports/list/").body["results"]

    assert (run["status"], run["score"]) == ("failed", None)
    assert "not a pattern" in run["error_message"]


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [({"content": "[1]"}, [1], 1), ("words", "words", 1), ({"content": 5}, "x", 0)],
)
def test_json_is_found_anywhere_in_the_output(platform, output, expected, score):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "output": output, "expected_output": expected}])

    evaluate(platform, dataset, "json_equality")

    assert scores(platform, dataset, "json_equality") == [score]


SLOW = {"input": "x", "output": "a" * 40 + "!", "expected_output": "(a+)+$"}
"""Python's `re` would need years for this search."""


def test_a_pattern_that_backtracks_for_ever_scores_0_and_the_other_rows_are_evaluated(platform):
    dataset = platform.dataset()
    fine = {"input": "x", "output": "aaa", "expected_output": "(a+)+$"}
    platform.fill(dataset, [SLOW, fine])

    evaluate(platform, dataset, "regex")

    first, second = [log["scores"]["regex"] for log in platform.logs(dataset)]
    assert (first["score"], first["comment"]) == (0, "the search took longer than 1 s")
    assert second["score"] == 1


def test_a_run_fails_when_many_searches_are_too_slow(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [SLOW] * 10)

    evaluate(platform, dataset, "regex:(a+)+$")
    (run,) = platform.ask("GET", f"/datasets/{dataset}/eval-reports/list/").body["results"]

    assert run["status"] == "failed"
    assert "more than 3 searches took over 1 s" in run["error_message"]
