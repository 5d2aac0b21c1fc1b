"""Responses are parsed leniently: unknown fields are kept, missing and invalid ones are None."""

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from respan_langchain.client.models import BulkResult, DatasetInfo, Log, ResultPage


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("text", "text"),
        (json.dumps({"a": 1}), {"a": 1}),
        (json.dumps([1]), [1]),
        (json.dumps("text"), "text"),
        ("{not json", "{not json"),
        ("[" * 100_000, "[" * 100_000),
        ("42", "42"),
        ("null", "null"),
        ("", ""),
        ({"a": 1}, {"a": 1}),
        (None, None),
    ],
    ids=str,
)
def test_content_returned_as_json_text_is_decoded(content, read):
    log = Log.model_validate({"input": content, "output": content, "expected_output": content})

    assert (log.input, log.output, log.expected_output) == (read, read, read)


def test_an_invalid_field_is_none_and_the_rest_is_kept():
    log = Log.model_validate({"unique_id": "u", "cost": "a lot", "latency": [], "metadata": "?"})

    assert (log.unique_id, log.cost, log.latency, log.metadata) == ("u", None, None, None)


def test_unknown_fields_are_kept_and_missing_ones_are_none():
    dataset = DatasetInfo.model_validate({"id": "d", "novelty": {"a": 1}})

    assert dataset.novelty == {"a": 1}
    assert (dataset.name, dataset.log_count) == (None, None)


def test_zero_is_kept():
    log = Log.model_validate({"prompt_tokens": 0, "cost": 0, "latency": 0.0})

    assert (log.prompt_tokens, log.cost, log.latency) == (0, Decimal(0), 0.0)


def test_money_is_exact():
    assert Log.model_validate({"cost": 0.0001}).cost == Decimal("0.0001")


@pytest.mark.parametrize(
    ("content", "identifier"),
    [
        ({"custom_identifier": "a", "metadata": {"custom_identifier": "b"}}, "a"),
        ({"metadata": {"custom_identifier": "b"}}, "b"),
        ({"metadata": '{"custom_identifier": "b"}'}, "b"),
        ({"metadata": {"custom_identifier": 7}}, None),
        ({"metadata": {}}, None),
        ({"metadata": "x"}, None),
        ({}, None),
    ],
)
def test_the_identifier_is_read_from_the_log_or_its_metadata(content, identifier):
    assert Log.model_validate(content).custom_identifier == identifier


@pytest.mark.parametrize("content", ["log", None, [], 7])
def test_a_log_must_be_an_object(content):
    with pytest.raises(ValidationError):
        Log.model_validate(content)


def test_total_tokens_have_two_names():
    assert Log.model_validate({"total_request_tokens": 7}).total_tokens == 7
    assert Log.model_validate({"total_tokens": 7}).total_tokens == 7


@pytest.mark.parametrize(
    ("content", "is_last"),
    [
        ({"results": [{"id": "d"}], "next": "https://x"}, False),
        ({"results": [{"id": "d"}], "next": None}, True),
        ({"results": [{"id": "d"}]}, True),
        ({"results": [], "next": "https://x"}, True),
    ],
)
def test_the_last_page_is_recognized(content, is_last):
    assert ResultPage[DatasetInfo].model_validate(content).is_last() is is_last


def test_a_bulk_result_is_true_when_every_row_was_stored():
    assert BulkResult.model_validate({"success_count": 2, "error_count": 0})
    assert not BulkResult.model_validate({"success_count": 1, "error_count": 1})


def test_a_bulk_result_lists_the_rejected_rows_that_the_platform_lists():
    errors = [{"index": 3, "error": "no"}, {"error": "which?"}, {"index": 4}]
    result = BulkResult.model_validate({"success_count": 0, "error_count": 9, "errors": errors})

    assert list(result.rejected()) == [(3, "no"), (4, "")]
    assert result.error_count == 9


@pytest.mark.parametrize(
    "content", [{"message": "Importing"}, {"success_count": -1}, {"errors": []}]
)
def test_a_bulk_result_must_have_a_success_count(content):
    with pytest.raises(ValidationError):
        BulkResult.model_validate(content)
