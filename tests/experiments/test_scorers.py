"""Scorers: what counts as the same answer or trajectory, and which results are understood."""

from types import SimpleNamespace

import pytest

from respan_langchain import ConfigurationError, scorers
from respan_langchain.experiments.scorers import read_scores


def steps(*calls):
    return [{"tool": name, "input": arguments} for name, arguments in calls]


def judge(scorer, outputs=None, reference=None, **row):
    return scorer(inputs=None, outputs=outputs, reference_outputs=reference, **row)


@pytest.mark.parametrize(
    ("scorer", "answer", "reference", "passes"),
    [
        (scorers.same_answer, "Yes. ", "Yes.", True),
        (scorers.same_answer, {"role": "assistant", "content": "Yes."}, "Yes.", True),
        (scorers.same_answer, "No.", "Yes.", False),
        (scorers.same_json, {"a": 1.0, "b": 2}, {"b": 2, "a": 1}, True),
        (scorers.same_json, {"a": 1}, {"a": 2}, False),
        (scorers.contains("30", "DAYS"), "Within 30 days.", None, True),
        (scorers.contains("14"), "Within 30 days.", None, False),
        (scorers.matches(r"\d+ days"), "Within 30 days.", None, True),
        (scorers.close_to(0.01), "It costs $1,004.", 1000, True),
        (scorers.close_to(0.001), "It costs $1,004.", 1000, False),
        (scorers.close_to(), "no number", 1000, False),
    ],
)
def test_an_answer_passes_or_fails(scorer, answer, reference, passes):
    assert judge(scorer, answer, reference) is passes


A, B = ("a", {"x": 1}), ("b", {"y": 2})


@pytest.mark.parametrize(
    ("mode", "made", "expected", "passes"),
    [
        ("strict", [A, B], [A, B], True),
        ("strict", [B, A], [A, B], False),
        ("unordered", [B, A], [A, B], True),
        ("unordered", [A, A], [A, B], False),
        ("subset", [A], [A, B], True),
        ("subset", [A, A], [A, B], False),
        ("superset", [A, B, A], [A, B], True),
        ("superset", [A], [A, A], False),
    ],
)
def test_a_trajectory_is_compared_by_its_mode(mode, made, expected, passes):
    row = {"trajectory": steps(*made), "reference_trajectory": steps(*expected)}

    assert judge(scorers.trajectory(mode), **row) is passes


def test_numbers_are_compared_as_numbers_and_injected_arguments_are_ignored():
    row = {
        "trajectory": steps(("a", {"x": 1.0, "runtime": "anything"})),
        "reference_trajectory": steps(("a", {"x": 1})),
    }

    assert judge(scorers.trajectory(), **row)


def test_arguments_may_be_left_out():
    row = {"trajectory": steps(("a", {"x": 1})), "reference_trajectory": steps(("a", {"x": 2}))}

    assert judge(scorers.trajectory(arguments=False), **row)
    assert not judge(scorers.trajectory(), **row)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigurationError, match="trajectory mode 'sorted'"):
        scorers.trajectory("sorted")


@pytest.mark.parametrize(
    ("result", "scores"),
    [
        (True, {"judge": 1.0}),
        (0.5, {"judge": 0.5}),
        (None, {}),
        (float("nan"), {}),
        ({"key": "correct", "score": False, "comment": "why"}, {"correct": 0.0}),
        ({"tone": 1, "length": 0.2, "why": "text"}, {"tone": 1.0, "length": 0.2}),
        (SimpleNamespace(name="Factuality", score=0.6), {"Factuality": 0.6}),
        ([{"key": "a", "score": 1}, {"key": "b", "score": 0}], {"a": 1.0, "b": 0.0}),
    ],
    ids=["bool", "number", "none", "nan", "openevals", "several", "autoevals", "list"],
)
def test_a_result_is_read_in_each_form(result, scores):
    def judge(**row):
        return result

    assert read_scores(judge, result) == scores


def test_a_result_of_no_known_form_is_refused():
    with pytest.raises(ConfigurationError, match="scorer same_answer returned str"):
        read_scores(scorers.same_answer, "good")
