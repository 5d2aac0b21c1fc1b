"""The user's own redactors see every string that is content, and never cost more than content."""

import json
import re
import sys

import pytest
from support import anything as some

from respan_langchain.redaction.string_redactor import DROPPED
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.serialization.messages import serialize_messages


def sent(row, *redactors, **options):
    row = {"input": "", "metadata": {}, "metrics": {}, **row}
    encoded = json.loads(RowEncoder(redactors, **options).encode(row))
    # Whether the row can be replayed is the subject of rows/test_encoder.py.
    for name in ("replayable", "replayable_reason"):
        encoded["metadata"].pop(name, None)
    return encoded


def without_names(text):
    return re.sub("ann", "[name]", text, flags=re.IGNORECASE)


def hidden(text):
    return "[hidden]"


def test_a_redactor_sees_values_and_keys_everywhere():
    row = {
        "input": [{"role": "user", "content": "I am Ann"}],
        "output": {"content": [{"type": "text", "text": "Hi Ann"}]},
        "expected_output": "Ann",
        "metadata": {
            "error_message": "Ann!",
            "customer_identifier": "ann@x",
            "ann": {"of": ["ann", 1]},
        },
    }

    said = sent(row, without_names)

    assert "ann" not in json.dumps(said).lower()
    assert said["input"] == [{"role": "user", "content": "I am [name]"}]
    assert said["metadata"] == {
        "error_message": "[name]!",
        "customer_identifier": "[name]@x",
        "[name]": {"of": ["[name]", 1]},
    }


def test_redactors_work_one_after_the_other():
    assert sent({"input": "a"}, lambda text: text + "b", lambda text: text + "c")["input"] == "abc"


def test_a_redactor_comes_after_the_secrets():
    seen = []

    sent({"input": "password=hunter2!"}, lambda text: seen.append(text) or text)

    assert "password=[redacted:secret]" in seen


def test_redactors_do_not_get_keys_and_ids_of_this_package():
    row = {
        "input": serialize_messages(["hi", ("ai", "yo")]),
        "metadata": {
            "custom_identifier": "r-1",
            "log_type": "chat",
            "status": "success",
            "model": "m",
        },
        "metrics": {"timestamp": "2026-11-23T12:00:00Z", "latency": 1.0},
    }

    said = sent(row, hidden)

    assert said["input"] == [
        {"role": "user", "content": "[hidden]"},
        {"role": "assistant", "content": "[hidden]"},
    ]
    assert said["metadata"] == {
        "custom_identifier": "r-1",
        "log_type": "chat",
        "status": "success",
        "model": "[hidden]",
    }
    assert said["metrics"] == row["metrics"]


def test_keys_that_redaction_makes_equal_lose_no_value():
    said = sent({"input": {"ann": 1, "bob": 2}, "metadata": {"x": 1, "y": 2}}, hidden)

    assert said["input"] == {"[hidden]": 1, "[hidden] (2)": 2}
    assert said["metadata"] == {"[hidden]": 1, "[hidden] (2)": 2}


def failing(text):
    if "boom" in text:
        raise ValueError(text)
    return text


@pytest.mark.parametrize(
    "redactor",
    [
        failing,
        lambda text: None if "boom" in text else text,
        lambda text: 3 if "boom" in text else text,
    ],
    ids=["raises", "gives None", "gives a number"],
)
def test_a_redactor_that_fails_drops_its_field(redactor):
    row = {
        "input": {"fine": "ok", "deep": ["boom"]},
        "output": "ok",
        "metadata": {"a": "boom", "b": "fine", "boom": 1, "boom too": 2, "status": "success"},
        "metrics": {"latency": 1.0},
    }

    said = sent(row, redactor)

    assert said == {
        "input": DROPPED,
        "output": "ok",
        "metadata": {
            "a": DROPPED,
            "b": "fine",
            DROPPED: DROPPED,
            f"{DROPPED} (2)": DROPPED,
            "status": "success",
        },
        "metrics": {"latency": 1.0},
    }


def test_a_redactor_that_fails_in_a_large_text_drops_it():
    assert sent({"input": "word " * 5_000 + "boom"}, failing)["input"] == DROPPED


def test_the_result_of_a_redactor_is_made_valid_utf_8():
    assert sent({"input": "x"}, lambda text: text + "\ud800")["input"] == "x\ufffd"


def test_a_redactor_may_return_a_subclass_of_str():
    class Marked(str):
        __slots__ = ()

    assert sent({"input": "x"}, Marked)["input"] == "x"


def test_a_large_text_is_redacted_once_for_all_its_rows():
    seen = []
    text = "word " * 5_000
    encoder = RowEncoder([lambda part: seen.append(part) or part])

    for _ in range(3):
        encoder.encode({"input": text, "output": [text], "metadata": {}, "metrics": {}})

    assert seen.count(text) == 1


def test_redaction_does_not_change_the_row():
    row = {"input": {"ann": ["ann"]}, "metadata": {"ann": "ann"}, "metrics": {}}

    sent(row, without_names)

    assert row == {"input": {"ann": ["ann"]}, "metadata": {"ann": "ann"}, "metrics": {}}


def test_thousands_of_equal_keys_are_numbered_quickly():
    said = sent({"input": {f"key {n}": n for n in range(5_000)}}, hidden)

    assert len(said["input"]) == 5_000


@pytest.fixture
def high_recursion_limit():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("high_recursion_limit")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(some.circle, id="circle"),
        pytest.param(lambda: some.world(12), id="world", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("place", ["input", "metadata", "a secret's name"])
def test_a_value_that_was_never_serialized_stays_bounded(make, place):
    value = {"password": make()} if place == "a secret's name" else make()
    row = {"metadata": {"note": value}} if place == "metadata" else {"input": value}

    body = RowEncoder([str.upper]).encode({"metadata": {}, "metrics": {}, **row})

    assert len(body) < 1_000_000
