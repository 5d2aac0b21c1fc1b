"""Feedback merged into rows."""

import pytest

from respan_langchain.client.feedback import build_feedback, check_feedback, merge_feedback
from respan_langchain.errors import ConfigurationError


def given(at=1.0, *, score=None, comment=None, expected_output=None, name="feedback"):
    return build_feedback(
        "run-1",
        score=score,
        comment=comment,
        expected_output=expected_output,
        name=name,
        given_at=at,
    )


def merged(*all_feedback, row=None):
    row = row or {"metadata": {"team": "x"}}
    for feedback in all_feedback:
        row = row | merge_feedback(row, feedback)
    return row


def test_feedback_keeps_the_metadata_of_the_row():
    row = merged(given(score=0, comment="wrong policy", expected_output="Within 14 days."))

    assert row["expected_output"] == "Within 14 days."
    assert row["metadata"] == {
        "team": "x",
        "scores": [
            {
                "name": "feedback",
                "given_at": "1970-01-01T00:00:01.000000+00:00",
                "score": 0.0,
                "comment": "wrong policy",
            }
        ],
    }


def test_feedback_that_is_applied_again_changes_nothing():
    once = merged(given(score=0.0, expected_output="x"))

    assert merge_feedback(once, given(score=0.0, expected_output="x")) == {}


def test_later_feedback_replaces_earlier_feedback_whatever_order_it_arrives_in():
    earlier = given(1.0, score=1.0, comment="fine", expected_output="a")
    later = given(2.0, score=0.0, expected_output="b")

    row = merged(earlier, later)
    assert row == merged(later, earlier)
    (score,) = row["metadata"]["scores"]
    assert (score["score"], score["comment"], row["expected_output"]) == (0.0, "fine", "b")


def test_feedback_of_several_names_stands_side_by_side():
    row = merged(given(score=1.0, name="user"), given(score=0.0, name="judge"))

    assert [(one["name"], one["score"]) for one in row["metadata"]["scores"]] == [
        ("user", 1.0),
        ("judge", 0.0),
    ]


@pytest.mark.parametrize(
    ("scores", "names"),
    [
        ('[{"name": "judge", "score": 1.0}]', ["judge", "feedback"]),
        ("not JSON", ["feedback"]),
        ({"name": "judge"}, ["feedback"]),
        ([1, {"score": 1.0}], ["feedback"]),
    ],
    ids=["as-text", "text", "object", "odd-entries"],
)
def test_scores_of_another_form_are_read_where_they_can_be(scores, names):
    row = merged(given(score=1.0), row={"metadata": {"scores": scores}})

    assert [one["name"] for one in row["metadata"]["scores"]] == names


def test_feedback_that_says_nothing_is_an_error():
    with pytest.raises(ConfigurationError, match="give a score, a comment or an expected_output"):
        check_feedback(None, None, None, "feedback")


def marks(**more):
    return {"metadata": {"custom_identifier": "run-1", **more}}


def test_marks_of_rules_are_added_to_the_metadata_once():
    row = merged(given(score=1), marks(seen_count=2, possible_regression="run-0"))

    assert row["metadata"]["team"] == "x"
    assert row["metadata"]["seen_count"] == 2
    assert row["metadata"]["possible_regression"] == "run-0"
    assert len(row["metadata"]["scores"]) == 1
    assert merge_feedback(row, marks(seen_count=2)) == {}


def test_a_count_that_arrives_late_does_not_lower_a_later_one():
    row = merged(marks(seen_count=5), marks(seen_count=3))

    assert row["metadata"]["seen_count"] == 5
