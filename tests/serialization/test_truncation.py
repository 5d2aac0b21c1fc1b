"""What is too large is cut to fit, says so, and keeps what tells most."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import anything as some

from respan_langchain.errors import ConfigurationError
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.truncation import (
    ContentLimits,
    Truncations,
    equal_share,
    fit,
    json_size,
    truncate_text,
)

SMALL = ContentLimits(string=1_000, field=5_000, row=8_000)


def encode(limits=SMALL, **fields):
    return RowEncoder(limits=limits).encode({"input": "", "metadata": {}, "metrics": {}, **fields})


def sent(**fields):
    return json.loads(encode(**fields))


def test_a_long_string_keeps_its_beginning_and_the_number_of_bytes_cut():
    said = sent(input={"text": "a" * 3_000})

    assert said["input"]["text"] == "a" * 1_000 + "…[truncated 2000 bytes]"
    assert said["metadata"]["truncated"] == ["input.text"]


def test_a_string_is_measured_in_bytes_and_never_cut_inside_a_character():
    said = sent(input=["日" * 1_000])

    assert said["input"] == ["日" * 333 + "…[truncated 2001 bytes]"]


def test_values_within_the_limit_stay():
    row = {"input": "a" * 1_000, "metadata": {"note": "b" * 1_000}, "metrics": {"latency": 1.0}}

    assert json.loads(encode(**row)) == row


def test_the_paths_name_the_parts_that_were_cut():
    body = encode(
        input=[{"role": "user", "content": "a" * 2_000}],
        output="b" * 2_000,
        metadata={"note": "c" * 2_000},
    )

    assert sorted(json.loads(body)["metadata"].get("truncated", [])) == [
        "input[0].content",
        "metadata.note",
        "output",
    ]


def test_a_field_keeps_small_values_whole_and_cuts_the_large_ones_alike():
    said = sent(input={"a": "a" * 10, **{str(n): "x" * 900 for n in range(10)}})

    assert said["input"]["a"] == "a" * 10
    assert len(orjson.dumps(said["input"])) <= SMALL.field
    lengths = {len(said["input"][str(n)]) for n in range(10)}
    assert len(lengths) == 1


def test_a_conversation_that_is_too_long_keeps_both_its_ends():
    turns = [{"role": "user", "content": f"message {n} " + "x" * 100} for n in range(500)]

    body = encode(input=turns)
    said = json.loads(body)["input"]

    assert said[0] == turns[0]
    assert said[-1] == turns[-1]
    (gap,) = [turn for turn in said if turn["role"] == "none"]
    assert gap["content"] == f"…[truncated {500 - len(said) + 1} values]"
    assert json.loads(body)["metadata"].get("truncated", []) == [
        f"input[{said.index(gap)}:{500 - len(said) + said.index(gap) + 1}]"
    ]


def test_a_dict_with_too_many_names_keeps_the_first():
    said = sent(input={f"name {n}": "x" * 50 for n in range(500)})["input"]

    assert said["name 0"] == "x" * 50
    assert said["…"] == f"[truncated {500 - len(said) + 1} values]"


def test_the_fields_of_a_too_large_row_share_its_bytes():
    body = encode(
        input=["a" * 900] * 5,
        output=["b" * 900] * 5,
        expected_output="yes",
        metadata={"n": ["c" * 900] * 5},
    )
    said = json.loads(body)

    assert len(body) <= SMALL.row
    assert said["expected_output"] == "yes"
    assert {"input", "output", "metadata"} == {
        path.partition(".")[0].partition("[")[0]
        for path in json.loads(body)["metadata"].get("truncated", [])
        if path[:3] != "and"
    }


def test_ids_and_metrics_survive_whatever_is_cut():
    ids = {
        "custom_identifier": "019aa3c5-7f3e-7000-8000-1234567890ab",
        "trace_unique_id": "f" * 32,
        "log_type": "workflow",
        "status": "error",
        "status_code": 500,
    }
    metrics = {"prompt_tokens": 812, "cost": 0.00014, "timestamp": "2026-11-23T12:00:00Z"}
    huge = {f"name {n}": ["x" * 900] * 20 for n in range(200)}

    body = encode(input=huge, output=huge, metadata={**huge, **ids}, metrics=metrics)
    said = json.loads(body)

    assert len(body) <= SMALL.row
    assert ids.items() <= said["metadata"].items()
    assert said["metrics"] == metrics


def test_text_that_grows_when_it_is_escaped_still_fits():
    body = encode(input=["\x00" * 999] * 3)

    assert len(orjson.dumps(json.loads(body)["input"])) <= SMALL.field


def test_a_number_is_never_cut():
    assert fit(123_456, 3, "input", Truncations(free_bytes=100)) == 123_456


def test_no_secret_is_cut_in_half():
    key = "sk-proj-" + "Ab3dEf6hIj9lMn2pQr5t"

    for at in range(960, 1_010):
        text = sent(input="." * at + " " + key + " " + "." * 20_000)["input"]
        assert "sk-proj-A" not in text


def test_no_half_secret_is_left_at_the_end_of_the_searched_part():
    large = "-----BEGIN PRIVATE KEY-----" + "x" * 8_245 + "-----END PRIVATE KEY-----"
    key = "sk-proj-" + "Ab3dEf6hIj9lMn2pQr5t"

    for at in range(860, 900):
        text = sent(input=large + "." * at + " " + key + " " + "." * 20_000)["input"]
        assert "sk-proj" not in text


def test_a_secret_across_the_end_of_the_searched_part_is_redacted():
    text = sent(input="." * 980 + " -----BEGIN PRIVATE KEY-----" + "MIIEow" * 5_000)["input"]

    assert "MIIEow" not in text


@pytest.mark.parametrize(
    "limits",
    [{"string": 99}, {"field": 999}, {"row": 3_999}, {"string": 0}, {"row": -1}],
    ids=str,
)
def test_limits_that_are_too_small_are_rejected(limits):
    with pytest.raises(ConfigurationError):
        ContentLimits(**limits)


def test_bytes_are_shared_equally_between_large_values():
    assert equal_share([10, 500, 900], free_bytes=610) == 300
    assert equal_share([10, 20], free_bytes=100) == 20
    assert equal_share([], free_bytes=100) == 0


def test_too_many_paths_end_with_and_more():
    cuts = Truncations(free_bytes=30)

    for place in range(5):
        cuts.add(f"input[{place}]")
        cuts.add(f"input[{place}]")

    assert cuts.summary() == ["input[0]", "input[1]", "and more"]


def test_a_path_is_short_and_has_no_special_characters():
    cuts = Truncations(free_bytes=1_000)

    cuts.add('input."\n' + "é" * 500)

    assert cuts.summary() == ["input.??" + "?" * 112]


@given(some.json_like, st.integers(120, 2_000))
@settings(deadline=None, max_examples=200)
def test_any_value_can_be_cut_to_any_limit(value, most):
    shaped = json_value({"value": value, "again": [value] * 20})

    cut = fit(shaped, most, "input", Truncations(free_bytes=1_000))

    assert json_size(cut) <= most


@given(some.text, st.integers(0, 100))
@settings(deadline=None)
def test_a_truncated_text_is_a_prefix(text, most):
    clean = json_value(text)

    kept, _, note = truncate_text(clean, most).rpartition("…[truncated ")

    assert clean.startswith(kept)
    assert len(kept.encode()) + int(note.removesuffix(" bytes]")) == len(clean.encode())
