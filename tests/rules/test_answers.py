"""Possible regressions: another answer to the same input, of another version of the app."""

import pytest
from support.traffic import trace

from respan_langchain.rules import Rules, everything, keep
from respan_langchain.rules.answers import MAX_INPUTS, Answer, AnswerHistory
from respan_langchain.rules.decision import RowAddress
from respan_langchain.rules.engine import RuleEngine


def answer(number, version, output="Within 14 days.", **more):
    more = {"input": "Can I return shoes?", **more}
    return trace(
        number, output=output, app_version=version, custom_identifier=f"row {number}", **more
    )


def marks(*traces, dedupe=None):
    """The rows that name another row as a possible regression."""
    engine = RuleEngine(Rules(keep(everything), mark_regressions=True, dedupe=dedupe), None)
    found = {each.row_id: engine.decide(each).marks.get("possible_regression") for each in traces}
    for change in engine.take_changes():
        found[change.row.id] = change.metadata.get("possible_regression", found[change.row.id])
    return {row: other for row, other in found.items() if other is not None}


def test_another_answer_of_another_version_marks_both_rows():
    found = marks(answer(1, "1.0"), answer(2, "1.1", "Within 30 days."))

    assert found == {"row 1": "row 2", "row 2": "row 1"}


def test_a_failure_where_an_earlier_version_answered_marks_both_rows():
    found = marks(answer(1, "1.0"), answer(2, "1.1", None, status="error"))

    assert found == {"row 1": "row 2", "row 2": "row 1"}


@pytest.mark.parametrize(
    "second",
    [
        answer(2, "1.0", "Within 30 days."),
        answer(2, "1.1", "within  14 days."),
        answer(2, "1.1", "Within 30 days.", input="Can I return 2 shoes?"),
        answer(2, "1.1", "Within 30 days.", span_name="other"),
        answer(2, "1.1", None, status="interrupted"),
        answer(2, "1.1", "Within 30", truncated=["output"]),
        answer(2, None, "Within 30 days."),
    ],
    ids=["version", "answer", "input", "chain", "interrupted", "cut", "no version"],
)
def test_the_same_version_answer_or_another_input_marks_nothing(second):
    assert marks(answer(1, "1.0"), second) == {}


def test_the_first_answer_of_the_version_before_is_compared():
    traces = [answer(1, "1.0"), answer(2, "1.0", "Yes."), answer(3, "1.1"), answer(4, "1.2", "No.")]

    assert marks(*traces) == {"row 3": "row 4", "row 4": "row 3"}


def test_a_possible_regression_is_not_folded_into_the_row_with_the_other_answer():
    traces = [answer(1, "1.0"), answer(2, "1.1", "No."), answer(3, "1.1", "No.")]

    assert marks(*traces, dedupe="input") == {"row 1": "row 2", "row 2": "row 1"}


def test_copies_of_a_possible_regression_are_counted_on_its_own_row():
    rules = Rules(keep(everything), mark_regressions=True, dedupe="input")
    engine = RuleEngine(rules, None)
    for each in [answer(1, "1.0"), answer(2, "1.0"), *(answer(n, "1.1", "No.") for n in (3, 4, 5))]:
        engine.decide(each)
    engine.show_counts()

    counts = [(each.row.id, each.metadata.get("seen_count")) for each in engine.take_changes()]
    assert counts == [("row 1", None), ("row 1", 2), ("row 3", 3)]


def test_a_folded_trace_is_not_compared_later():
    traces = [answer(1, "1.0"), answer(2, "1.1"), answer(3, "1.2", "No.")]

    assert marks(*traces, dedupe="input") == {"row 1": "row 3", "row 3": "row 1"}


def test_nothing_is_marked_unless_asked_for():
    engine = RuleEngine(Rules(keep(everything)), None)
    decisions = [engine.decide(answer(1, "1.0")), engine.decide(answer(2, "1.1", "No."))]

    assert [each.marks for each in decisions] == [{}, {}]
    assert engine.take_changes() == []


def test_inputs_that_were_not_seen_for_long_are_forgotten():
    def ask(name, version):
        return Answer(name, version, version.encode(), RowAddress(str(name), None))

    history = AnswerHistory()
    for number in range(MAX_INPUTS + 1):
        history.remember(ask(str(number).encode(), "1.0"))

    assert history.find_other(ask(b"0", "1.1")) is None
    assert history.find_other(ask(b"1", "1.1")) == ask(b"1", "1.0")
