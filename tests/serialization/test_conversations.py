"""A state's `messages` may be a list, or one message in any form that LangGraph accepts."""

import json

import pytest
from langchain_core.messages import HumanMessage

from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.messages import parse_conversation, serialize_messages

ONE = [{"role": "user", "content": "hi"}]
FORMS = {
    "a list": [HumanMessage("hi")],
    "a list of pairs": [("user", "hi")],
    "a list of pairs that went through JSON": [["user", "hi"]],
    "a tuple of messages": (HumanMessage("hi"),),
    "a string": "hi",
    "a message": HumanMessage("hi"),
    "a dict": {"role": "user", "content": "hi"},
    "a pair": ("user", "hi"),
}


@pytest.mark.parametrize("given", FORMS.values(), ids=FORMS)
def test_one_message_is_the_same_conversation_as_a_list_of_it(given):
    assert serialize_messages(parse_conversation(given)) == ONE


@pytest.mark.parametrize("given", FORMS.values(), ids=FORMS)
def test_a_conversation_that_was_copied_as_json_stays_the_same(given):
    copied = json.loads(json.dumps(json_value({"messages": given})))

    assert serialize_messages(parse_conversation(copied["messages"])) == ONE


@pytest.mark.parametrize("given", [None, 3, {"a": 1}, b"hi", {"hi"}], ids=str)
def test_other_values_are_no_conversation(given):
    assert parse_conversation(given) is None


def test_two_strings_in_a_list_are_two_messages():
    assert [turn["content"] for turn in serialize_messages(parse_conversation(["user", "hi"]))] == [
        "user",
        "hi",
    ]
