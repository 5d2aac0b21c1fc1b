"""Whatever an app passes through, capture gives strict JSON and leaves the value as it was."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from support import anything as some

from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.tool_calls import tool_output
from respan_langchain.serialization.json_value import json_value, serialize_documents
from respan_langchain.serialization.messages import ContentSerializer, get_role, serialize_messages
from respan_langchain.serialization.truncation import ContentLimits
from respan_langchain.tracing.size_estimate import estimate_size

SLOW_IS_FINE = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def strictly(value: object) -> Any:
    """The value after a trip through the strictest JSON there is: no NaN, no surrogates."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    encoded = json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    return json.loads(encoded, parse_constant=refuse)


@given(some.anything)
@SLOW_IS_FINE
def test_anything_becomes_strict_json(make):
    shaped = json_value(make())

    assert strictly(shaped) == shaped


@given(some.anything)
@SLOW_IS_FINE
def test_anything_becomes_strict_json_with_media_kept(make):
    strictly(json_value(make(), keep_media=True))


@given(some.messages)
@SLOW_IS_FINE
def test_a_message_that_became_json_is_shown_like_the_original(make):
    said = make() if callable(make) else make
    assume(not isinstance(said, str | tuple))
    frozen = json_value(said)

    assert serialize_messages([frozen]) == serialize_messages([said])
    assert get_role(frozen) == get_role(said)


@example(some.circle)
@example(lambda: some.world(12))
@example(lambda: some.PoisonedList([1]))
@example(lambda: some.PoisonedDict(update=1))
@given(some.anything)
@SLOW_IS_FINE
def test_any_output_of_a_tool_is_shown(make):
    strictly(tool_output(make(), ContentSerializer()))


@given(some.harmless)
@SLOW_IS_FINE
def test_capture_does_not_change_the_value(value):
    before = repr(value)

    json_value(value)

    assert repr(value) == before


@given(some.anything)
@SLOW_IS_FINE
def test_json_values_stay_the_same(make):
    once = json_value(make())

    assert json_value(once) == once


@given(st.lists(some.messages.map(lambda one: lambda: one) | some.anything, max_size=4))
@SLOW_IS_FINE
def test_any_list_becomes_a_conversation_of_messages_with_roles(makers):
    values = [make() for make in makers]
    turns = serialize_messages(values)

    assert strictly(turns) == turns
    assert len(turns) == len(values)
    roles = {"user", "assistant", "system", "tool", "developer", "none"}
    assert all(turn["role"] in roles for turn in turns)


@example(some.Poisoned)
@given(some.anything)
@SLOW_IS_FINE
def test_anything_can_be_measured_and_serialized_as_documents(make):
    value = make()
    assert estimate_size(value) > 0
    assert strictly(serialize_documents(value)) is not None


@pytest.mark.slow(seconds=40)
@given(some.anything, some.messages)
@settings(SLOW_IS_FINE, max_examples=3_000)
def test_anything_at_all_in_a_row_is_sent_as_strict_json(make, said):
    row = {
        "input": json_value(make()),
        "output": serialize_messages([said]),
        "metadata": {},
        "metrics": {},
    }

    strictly(json.loads(RowEncoder().encode(row)))


LIMITS = ContentLimits(string=300, field=1_500, row=4_000)


@given(
    asked=some.anything,
    answered=some.anything,
    metadata=st.dictionaries(some.text, some.json_like, max_size=5),
)
@SLOW_IS_FINE
def test_a_row_of_anything_is_sent_as_strict_json_within_its_limits(asked, answered, metadata):
    row = {
        "input": json_value(asked()),
        "output": json_value(answered()),
        "metadata": {"custom_identifier": "r-1", **json_value(metadata), "status": "success"},
        "metrics": {"latency": 1.5},
    }
    before = copy.deepcopy(row)

    body = RowEncoder(limits=LIMITS).encode(row)

    assert len(body) <= LIMITS.row
    sent = strictly(json.loads(body))
    assert sent["metrics"] == {"latency": 1.5}
    assert sent["metadata"]["status"] == "success"
    assert row == before


@given(
    st.recursive(
        some.json_like,
        lambda inner: st.lists(inner, max_size=40) | st.dictionaries(some.text, inner, max_size=40),
    ),
    some.text.map(lambda text: text * 100),
)
@SLOW_IS_FINE
def test_a_large_row_is_cut_to_its_limits_and_says_where(value, long):
    row = {"input": [json_value(value), json_value(long)] * 8, "metadata": {}, "metrics": {}}

    body = RowEncoder(limits=LIMITS).encode(row)

    assert len(body) <= LIMITS.row
    sent = json.loads(body)
    assert (
        len(json.dumps(sent["input"], ensure_ascii=False, separators=(",", ":")).encode())
        <= LIMITS.field
    )


@given(some.anything)
@SLOW_IS_FINE
def test_a_row_that_was_not_serialized_is_still_encoded(make):
    value = make()
    body = RowEncoder(redactors=[str.upper]).encode(
        {"input": value, "metadata": {"x": value}, "metrics": {}}
    )

    strictly(json.loads(body))


def test_a_class_whose_name_raises_is_shown_by_its_type():
    class Nameless:
        @property
        def __class__(self):
            raise RuntimeError

    assert json_value(Nameless()) == "<Nameless>"


class UnhashableMeta(type):
    def __hash__(cls):
        raise RuntimeError

    __eq__ = __hash__


def test_a_class_that_cannot_be_hashed_is_shown_by_its_name():
    class Odd(metaclass=UnhashableMeta):
        pass

    assert json_value({"odd": Odd(), "n": 1}) == {"odd": "<Odd>", "n": 1}
