"""The last pass makes strict JSON of a row, and does the work for a large text once."""

import json

import orjson
import pytest
from support.anything import circle, well

from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.truncation import ContentLimits

ROW = {
    "input": [{"role": "user", "content": "Grüße"}],
    "output": {"role": "assistant", "content": "Hallo"},
    "expected_output": None,
    "metadata": {"custom_identifier": "r-1", "log_type": "chat", "model": "gpt-4o-mini"},
    "metrics": {"prompt_tokens": 3, "cost": 0.0001, "time_to_first_token": 0.3},
}


def test_a_row_without_secrets_and_large_texts_is_encoded_unchanged():
    body = RowEncoder().encode(ROW)

    assert json.loads(body) == ROW
    assert json.loads(body)["metadata"].get("truncated", []) == []


def test_both_ways_of_encoding_give_the_same_row():
    short = RowEncoder().encode(ROW)
    careful = RowEncoder([str]).encode(ROW)

    assert json.loads(short) == json.loads(careful)


def test_a_key_that_was_harmless_in_one_row_is_checked_in_the_next():
    encoder = RowEncoder()
    secret = "sk-proj-abcdefghij0123456789"  # noqa: S105  # a made up one
    assert secret.encode() in RowEncoder(secrets=False).encode({"input": secret})
    rows = [
        {"input": "what is a key?"},
        {"input": "what is a key?", "output": secret},
        {"input": "what is a key?", "output": {"text": secret}},
        {"input": {"password": "what is a key?"}},
    ]

    bodies = [encoder.encode(row) for row in rows * 2]

    assert not any(secret.encode() in body for body in bodies)
    assert [b"what is a key?" in body for body in bodies] == [True, True, True, False] * 2


def test_a_large_text_is_whole_in_all_its_places():
    text = 'a "quoted"\n line é ' * 1_000

    body = RowEncoder().encode(
        {"input": text, "output": [text], "metadata": {"x": text}, "metrics": {}}
    )

    assert json.loads(body) == {
        "input": text,
        "output": [text],
        "metadata": {"x": text},
        "metrics": {},
    }


def test_a_truncated_row_without_metadata_gets_it():
    body = RowEncoder().encode({"input": "x" * 200_000})

    assert json.loads(body)["metadata"] == {
        "truncated": ["input"],
        "replayable": False,
        "replayable_reason": "input was truncated",
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"input": {"text": "my name is Ann"}}, "input was redacted"),
        ({"input": [{"Ann": 1}]}, "input was redacted"),
        ({"input": "a", "output": "Ann"}, None),
        ({"input": "a" * 5_000, "output": "b" * 200_000}, None),
        ({"input": "a" * 101_000}, "input was truncated"),
        ({"input": [["a" * 90_000] * 9]}, "input was truncated"),
    ],
    ids=["text", "key", "output redacted", "output cut", "text cut", "field cut"],
)
def test_a_row_whose_input_was_changed_cannot_be_replayed(row, reason):
    encoder = RowEncoder([lambda text: text.replace("Ann", "***")])

    metadata = json.loads(encoder.encode(row)).get("metadata", {})

    assert metadata.get("replayable") is (None if reason is None else False)
    assert metadata.get("replayable_reason") == reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("\ud800", "\ufffd"),
        (2**70, "1180591620717411303424"),
        ({1: 2}, {"1": 2}),
        ((1, 2), [1, 2]),
        (object(), "<object>"),
        ({"deep": [{"x": "\udfff"}]}, {"deep": [{"x": "\ufffd"}]}),
    ],
    ids=["a surrogate", "a huge int", "a key", "a tuple", "an object", "deep"],
)
def test_values_that_were_not_serialized_become_json(value, expected):
    body = RowEncoder().encode({"input": value, "metadata": {}, "metrics": {}})

    assert json.loads(body)["input"] == expected


def test_nan_and_infinity_become_words():
    body = RowEncoder([str]).encode(
        {"output": [float("nan")], "metadata": {}, "metrics": {"x": float("inf")}}
    )

    assert json.loads(body) == {
        "output": ["NaN"],
        "metadata": {},
        "metrics": {"x": "Infinity"},
    }


@pytest.mark.parametrize("value", [circle(), well(5_000)], ids=["a cycle", "a well"])
def test_an_endless_value_that_was_not_serialized_is_encoded(value):
    body = RowEncoder().encode({"input": value, "metadata": {"x": value}, "metrics": {}})

    assert json.loads(body)["input"] == json_value(value)


def test_a_text_too_large_to_cache_is_still_sent():
    limits = ContentLimits(string=10_000_000, field=10_000_000, row=20_000_000)
    text = "word " * 1_900_000

    assert json.loads(RowEncoder(limits=limits).encode({"input": text}))["input"] == text


def test_the_cache_of_texts_is_bounded():
    encoder = RowEncoder()

    for number in range(300):
        text = f"{number} " * 20_000
        assert json.loads(encoder.encode({"input": text}))["input"][:4] == text[:4]


def test_the_body_can_stand_in_a_larger_one():
    body = RowEncoder().encode(ROW)

    assert orjson.loads(b'{"logs":[' + body + b"]}") == {"logs": [ROW]}
