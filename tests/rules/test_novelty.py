"""Novelty: rare traces are new, copies are not."""

import pytest
from support.traffic import trace

from respan_langchain.rules import Rules, keep, novel
from respan_langchain.rules.engine import RuleEngine
from respan_langchain.rules.signatures import MAX_SIGNATURES, SignatureCounts, to_words


def kept(condition, traces):
    engine = RuleEngine(Rules(keep(condition)), lambda *_: None)
    return [engine.decide(each).is_kept for each in traces]


def path(*tools):
    return trace(0, trajectory=[{"tool": tool} for tool in tools])


def test_the_first_traces_of_each_tool_path_are_novel():
    paths = [path("search"), path("search"), path("search", "refund"), path("search"), path()]

    assert kept(novel(by="trajectory"), paths) == [True, False, True, False, True]
    assert kept(novel(by="trajectory", at_most=2), paths) == [True, True, True, False, True]


def test_inputs_that_differ_in_numbers_case_and_punctuation_are_copies():
    asked = ["Where is order 4711?", "where is order 15 ?!", "Where is my refund?"]
    traces = [trace(0, input={"question": question}) for question in asked]

    assert kept(novel(by="input"), traces) == [True, False, True]


def test_both_may_count():
    traces = [
        trace(0, input=text, trajectory=[{"tool": tool}])
        for text, tool in [("a", "x"), ("a", "y"), ("b", "x"), ("a", "x")]
    ]

    assert kept(novel(by="trajectory+input"), traces) == [True, True, True, False]


def test_the_roots_of_two_chains_are_no_copies():
    assert kept(novel(), [trace(0, span_name="a"), trace(0, span_name="b")]) == [True, True]


def test_a_condition_with_novel_counts_each_trace_once():
    condition = novel(at_most=2) & (novel(at_most=2) | novel(at_most=1))

    assert kept(condition, [path("x")] * 3) == [True, True, False]


def test_signatures_that_were_not_seen_for_long_are_forgotten():
    counts = SignatureCounts("input")
    for number in range(MAX_SIGNATURES + 1):
        counts.add(trace(0, input=chr(0x4E00 + number)))

    assert counts.add(trace(0, input=chr(0x4E00))) == 0
    assert counts.add(trace(0, input=chr(0x4E00 + MAX_SIGNATURES))) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [("Hello,  WORLD 12.5", "hello world 0 0"), ([1, {"a": None}], "0 a null"), (None, "null")],
)
def test_a_value_is_reduced_to_its_words(value, words):
    assert to_words(value) == words
