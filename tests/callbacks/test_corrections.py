"""People's decisions about tool calls become labels of the model calls that requested them."""

import json

import pytest
from langgraph.types import Command
from support.reviews import (
    ANSWERED,
    APPROVED,
    ASKED,
    CASES,
    GOLD,
    REJECTED,
    ask,
    decide,
    edit,
    edited,
    expected_amounts,
    finish,
    labels,
    paying_agent,
    stopping_agent,
)

from respan_langchain.rules import Rules, edited_by_human, everything, keep


def reviewed(handler, amounts, decisions, *, resumed_by=None):
    """Run an agent whose calls a person reviews, all at once."""
    app = paying_agent(*amounts)
    ask(app, handler)
    decide(app, resumed_by or handler, decisions)


@pytest.mark.parametrize("resumed_by", ["the same handler", "another handler"])
@pytest.mark.parametrize("case", CASES)
def test_decisions_label_the_model_call_and_no_other_row(case, resumed_by, make_handler, rows_of):
    amounts, decisions, *expected = CASES[case]
    handler = make_handler(rules=GOLD)
    other = make_handler(rules=GOLD) if resumed_by == "another handler" else handler
    reviewed(handler, amounts, decisions, resumed_by=other)

    rows = rows_of(other, "gold" if any(expected) else "support-bot")
    [root], [request, answer] = rows.roots, rows.chats
    assert labels(request) == tuple(expected)
    assert [labels(root), labels(answer)] == [(None, None)] * 2


def test_the_expected_output_is_the_answer_with_the_edited_call(make_handler, rows_of):
    handler = make_handler(rules=GOLD)
    reviewed(handler, [500], [edited(50)])

    request = rows_of(handler, "gold").chats[0]
    [call], [corrected] = (request[name]["tool_calls"] for name in ("output", "expected_output"))
    assert json.loads(call["function"]["arguments"]) == {"amount": 500}
    assert corrected == {**call, "function": {"name": "pay", "arguments": '{"amount":50}'}}


@pytest.mark.parametrize("decision", [APPROVED, ANSWERED], ids=["approve", "respond"])
def test_a_call_that_nobody_changed_is_no_gold(decision, make_handler, rows_of):
    handler = make_handler(rules=GOLD)
    reviewed(handler, [5], [decision])

    assert rows_of(handler, "gold") == []
    assert all(row["expected_output"] is None for row in rows_of(handler))


def test_calls_that_are_reviewed_one_by_one_are_labelled_by_their_ids(make_handler, rows_of):
    handler = make_handler(rules=GOLD)
    app = paying_agent(500, 501, interrupt_mode="per_call")
    ask(app, handler)
    config = {"callbacks": [handler], "configurable": {"thread_id": "t1"}}
    ids = {one.value["tool_call_id"]: one.id for one in app.get_state(config).interrupts}
    app.invoke(Command(resume={ids["call 1"]: edited(51), ids["call 0"]: REJECTED}), config)

    request = rows_of(handler, "gold").chats[0]
    assert expected_amounts(request) == [51]
    assert request["metadata"]["scores"][0]["comment"] == "Too much."


def test_without_corrections_a_decision_labels_nothing(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(edited_by_human)))
    reviewed(handler, [500], [edited(50)])

    rows = rows_of(handler)
    assert len(rows) == 3
    assert all(row["expected_output"] is None for row in rows)


def test_decisions_are_content(make_handler, rows_of):
    handler = make_handler(content=False, rules=Rules(keep(everything, corrections="human")))
    reviewed(handler, [500], [edited(50)])

    assert all(row["expected_output"] is None for row in rows_of(handler))


def updated(handler, amounts, *, with_handler=True):
    """Run an agent that stops before its tool; a person changes its state, and it goes on."""
    app = stopping_agent(500, 7)
    thread = {"configurable": {"thread_id": "t1"}}
    config = {**thread, "callbacks": [handler]}
    app.invoke(ASKED, config)
    edit(app, config if with_handler else thread, *amounts)
    finish(app, config)


def test_a_call_that_a_person_edits_in_the_state_is_labelled(make_handler, rows_of):
    handler = make_handler(rules=GOLD)
    updated(handler, [50, 7])

    rows = rows_of(handler, "gold")
    assert expected_amounts(rows.chats[0]) == [50, 7]
    assert [row["expected_output"] is None for row in rows].count(False) == 1
    assert rows.roots[0]["metadata"]["decisions"][0]["type"] == "edit"


@pytest.mark.parametrize(
    "case", [{"amounts": [500, 7]}, {"amounts": [50, 7], "with_handler": False}]
)
def test_a_state_that_was_not_edited_or_not_captured_labels_nothing(case, make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(everything, corrections="human")))
    updated(handler, **case)

    assert all(row["expected_output"] is None for row in rows_of(handler))
