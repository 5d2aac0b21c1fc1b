"""Duplicates: copies of a kept trace are folded into its row, as a whole and within bounds."""

import pytest
from support.traffic import NOON, trace

from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import Budget, Rules, everything, failed, keep, tag
from respan_langchain.rules.budget import Use
from respan_langchain.rules.decision import RowAddress, RowChange
from respan_langchain.rules.duplicates import MAX_KEPT, WINDOW, Duplicates
from respan_langchain.rules.engine import RuleEngine
from respan_langchain.stats import RuleCounts


def engine(dedupe, *rules, on_error=None):
    return RuleEngine(Rules(*rules or [keep(everything)], dedupe=dedupe), on_error)


def kept(deciding, traces):
    return [deciding.decide(each).is_kept for each in traces]


def asked(number, question="Where is order 4711?", *, output="On its way.", **more):
    return trace(
        number,
        input={"question": question},
        output=output,
        custom_identifier=f"row {number}",
        **more,
    )


def counts(deciding):
    return {change.row.id: change.metadata["seen_count"] for change in deciding.take_changes()}


@pytest.mark.parametrize(
    ("question", "is_copy"),
    [
        ("where is  ORDER 4711?\n", True),
        ("Where is order 4712?", False),
        ("Where is order -4711?", False),
    ],
)
def test_inputs_are_copies_if_they_differ_in_case_and_white_space_only(question, is_copy):
    assert kept(engine("input"), [asked(1), asked(2, question)]) == [True, not is_copy]


def test_ids_times_tags_and_metadata_do_not_make_a_copy_new():
    copy = asked(2, at=NOON + 60, thread="t", tags=["x"], customer_identifier="c", run_id="r")

    assert kept(engine("input+output"), [asked(1), copy]) == [True, False]


def test_with_input_and_output_another_answer_is_no_copy():
    traces = [asked(1), asked(2, output="on its  way."), asked(3, output="Lost.")]

    assert kept(engine("input+output"), traces) == [True, False, True]


def test_a_failure_and_another_chain_are_no_copies():
    traces = [asked(1), asked(2, status="error"), asked(3, span_name="other")]

    assert kept(engine("input"), traces) == [True, True, True]


def test_copies_go_to_the_same_dataset():
    deciding = engine("input", keep(tag("vip"), to="vip"), keep(everything))

    assert kept(deciding, [asked(1), asked(2, tags=["vip"]), asked(3)]) == [True, True, False]


@pytest.mark.parametrize(
    "more", [{"input": ""}, {"omitted": ["input"]}, {"truncated": ["input.question"]}], ids=str
)
def test_an_input_that_is_empty_or_not_whole_has_no_copies(more):
    traces = [trace(number, **{"input": "x", **more}) for number in range(2)]

    assert kept(engine("input"), traces) == [True, True]


def test_a_function_says_what_copies_have_in_common():
    def customer(facts):
        return facts.metadata.get("customer_identifier")

    traces = [asked(n, customer_identifier=name) for n, name in enumerate(["a", "b", "a", None])]
    traces.append(asked(5))

    assert kept(engine(customer), traces) == [True, True, False, True, True]


def test_a_function_that_raises_folds_nothing_and_is_reported():
    def broken(_):
        raise LookupError

    failures = []
    deciding = engine(broken, on_error=lambda name, error: failures.append((name, type(error))))

    assert kept(deciding, [asked(1), asked(2)]) == [True, True]
    assert failures == [("dedupe=broken", LookupError)] * 2


def test_copies_are_counted_on_the_row_that_was_kept_and_by_their_rule():
    deciding = engine("input", keep(failed), keep(everything, rate=0.99))
    kept(deciding, [asked(number, thread="t") for number in range(5)])

    assert deciding.counts["everything"] == RuleCounts(seen=5, kept=1, folded=4)
    assert counts(deciding) == {}
    deciding.show_counts()
    assert counts(deciding) == {"row 0": 5}
    deciding.show_counts()
    assert counts(deciding) == {}


def test_when_the_hour_ends_the_row_is_counted_and_the_next_trace_is_kept():
    deciding = engine("input")
    ends = [NOON, NOON + 1, NOON + WINDOW - 1, NOON + WINDOW]

    assert kept(deciding, [asked(n, at=at) for n, at in enumerate(ends)]) == [
        True,
        False,
        False,
        True,
    ]
    assert counts(deciding) == {"row 0": 3}


def test_a_row_that_has_counted_copies_before_brings_its_count():
    deciding = engine("input")
    kept(deciding, [asked(1, seen_count=3), asked(2, seen_count=2), asked(3)])
    deciding.show_counts()

    assert counts(deciding) == {"row 1": 6}


def test_beyond_the_bound_the_oldest_kept_trace_is_forgotten_with_its_count():
    duplicates, row = Duplicates(), RowAddress("first", None)
    duplicates.remember(b"first", row, NOON)
    duplicates.fold(b"first", NOON)
    for number in range(MAX_KEPT):
        duplicates.remember(str(number).encode(), None, NOON)

    assert duplicates.take_changes() == [RowChange(row, {"seen_count": 2})]
    assert not duplicates.fold(b"first", NOON)


def test_weighted_counts_of_folded_rows_are_those_of_all_traffic():
    deciding = engine("input", keep(everything, rate=0.5))
    weights, total = {}, 20_000
    for number in range(total):
        decision = deciding.decide(asked(number, f"Question {number % 7}"))
        if decision.is_kept:
            weights[f"row {number}"] = 1 / decision.sampling["probability"]
    deciding.show_counts()

    estimate = sum(weights[row] * seen for row, seen in counts(deciding).items())
    assert estimate == pytest.approx(total, rel=0.02)
    assert len(weights) == 7


def test_copies_use_up_no_budget():
    rules = Rules(keep(everything), dedupe="input", budget=Budget(rows_per_day=3))
    deciding = RuleEngine(rules, None)
    for number in range(30):
        if deciding.decide(asked(number, f"Question {number % 3}")).is_kept:
            deciding.charge(Use(rows=1, bytes=0))

    assert deciding.counts["everything"] == RuleCounts(seen=30, kept=3, folded=27)


@pytest.mark.parametrize("wrong", ["output", "Input", 1, ["input"]])
def test_an_unknown_dedupe_is_an_error(wrong):
    with pytest.raises(ConfigurationError, match=r"^dedupe: "):
        Rules(keep(everything), dedupe=wrong)
