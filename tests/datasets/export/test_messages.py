"""The conversation of a row, for a column of messages."""

import pytest

from respan_langchain.datasets.export.messages import MESSAGE_FIELDS, build_conversation

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
ROWS = {
    "chat": (
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Where?"}],
        {"role": "assistant", "content": "Here."},
        [("system", "Be kind."), ("user", "Where?"), ("assistant", "Here.")],
    ),
    "chain": ({"question": "Where?"}, "Here.", [("user", "Where?"), ("assistant", "Here.")]),
    "agent": (
        [{"role": "user", "content": "Where?"}],
        [
            {"role": "tool", "content": "map", "tool_call_id": "c1"},
            {"role": "assistant", "content": "Here."},
        ],
        [("user", "Where?"), ("tool", "map"), ("assistant", "Here.")],
    ),
    "no output": ("Where?", None, [("user", "Where?")]),
    "an object": ({"a": 1}, {"b": 2}, [("user", '{"a": 1}'), ("assistant", '{"b": 2}')]),
    "content parts": (
        [{"role": "user", "content": [{"type": "text", "text": "Where?"}]}],
        None,
        [("user", "Where?")],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_a_conversation(name):
    given, output, expected = ROWS[name]

    messages = build_conversation({"input": given, "output": output})

    assert [(each["role"], each["content"]) for each in messages] == expected
    assert all(tuple(each) == MESSAGE_FIELDS for each in messages)


def test_tool_calls_are_json():
    output = {"role": "assistant", "content": None, "tool_calls": [CALL]}

    [_, answer] = build_conversation({"input": "Where?", "output": output})

    assert answer["content"] is None
    assert '"name": "look"' in answer["tool_calls"]
