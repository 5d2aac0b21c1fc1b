"""Corners: limits, moments, and what happens when the file itself fails."""

import doctest
import json

import pytest

from respan_langchain.embedded.http import Request
from respan_langchain.embedded.store.timestamps import format_timestamp, parse_timestamp
from respan_langchain.server import formatting, html
from respan_langchain.server.routes import WebPages
from respan_langchain.server.session import Sessions


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-11-23T03:20:12.540Z", "2026-11-23T03:20:12.540Z"),
        ("2026-11-23T04:20:12.540+01:00", "2026-11-23T03:20:12.540Z"),
        ("2026-11-23", "2026-11-23T00:00:00.000Z"),
        (1795404012.54, "2026-11-23T03:20:12.540Z"),
        (1795404012540, "2026-11-23T03:20:12.540Z"),
    ],
)
def test_a_timestamp_is_parsed_in_every_format(value, shown):
    assert format_timestamp(parse_timestamp(value)) == shown


@pytest.mark.parametrize(
    "value",
    [None, True, "soon", "", [], {}, 1e300, "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14"],
)
def test_a_value_that_is_no_timestamp_is_none(value):
    assert parse_timestamp(value) is None


def test_every_field_of_datasets_can_be_filtered(platform):
    platform.dataset("one")
    wanted = platform.dataset("two")
    platform.fill(wanted, [{"input": "x"}])
    platform.ask("PATCH", f"/datasets/{wanted}/", {"starred": True})
    filters = {
        "name": {"operator": "startswith", "value": "t"},
        "log_count": {"operator": "gt", "value": 0},
        "starred": {"value": True},
        "created_at": {"operator": "gt", "value": "2020-01-01"},
    }

    response = platform.ask("POST", "/datasets/list/?sort_by=-log_count", {"filters": filters})
    unknown = platform.ask("POST", "/datasets/list/", {"filters": {"colour": {"value": 1}}})

    assert [one["id"] for one in response.body["results"]] == [wanted]
    assert unknown.status == 400


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {"name": "mine"}), ("DELETE", None)],
)
def test_the_saved_logs_cannot_be_renamed_or_removed(platform, method, body):
    assert platform.ask(method, "/datasets/_saved_logs/", body).status == 400
    assert platform.ask("GET", "/datasets/_saved_logs/").body["name"] == "Saved logs"


@pytest.mark.parametrize(
    "body", [{"starred": 1}, {"tags": "t"}, {"tags": [1]}, {"name": " "}], ids=str
)
def test_an_invalid_update_of_a_dataset_is_rejected(platform, body):
    dataset = platform.dataset()

    assert platform.ask("PATCH", f"/datasets/{dataset}/", body).status == 400


@pytest.mark.parametrize(
    "filters",
    [
        {f"metadata__{n}": {"value": n} for n in range(51)},
        {"model": {"operator": "in", "value": ["x"] * 501}},
        {"model": {"operator": "eq", "value": ["x"] * 101}},
    ],
    ids=["filters", "in", "values"],
)
def test_filters_have_limits(platform, filters):
    dataset = platform.dataset()

    assert (
        platform.ask("POST", f"/datasets/{dataset}/logs/list/", {"filters": filters}).status == 400
    )


def test_the_largest_filters_that_are_allowed_work(platform):
    dataset = platform.dataset()
    filters = {f"metadata__{n}": {"operator": "in", "value": ["x"] * 500} for n in range(50)}

    assert platform.logs(dataset, filters) == []


@pytest.mark.parametrize(
    "body",
    [
        {"source_dataset_id": 5},
        {"sampling_percentage": "half"},
        {"start_time": "soon"},
    ],
    ids=str,
)
def test_an_invalid_import_is_rejected(platform, body):
    dataset = platform.dataset()

    assert platform.ask("POST", f"/datasets/{dataset}/logs/import/", body).status == 400


@pytest.mark.parametrize(
    "body", [{}, {"evaluator_ids": []}, {"evaluator_ids": ["x"] * 21}], ids=str
)
def test_a_run_needs_some_evaluators_and_not_too_many(platform, body):
    dataset = platform.dataset()

    assert platform.ask("POST", f"/datasets/{dataset}/eval-reports/create/", body).status == 400
    assert platform.ask("GET", f"/datasets/{dataset}/eval-reports/other/").status == 404


@pytest.mark.parametrize(
    "metrics",
    [{"prompt_tokens": 3, "completion_tokens": 4}, {"tokens": "7"}, {"total_tokens": 7.0}],
    ids=str,
)
def test_the_sum_of_tokens_is_found(platform, metrics):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "metrics": metrics}])

    assert platform.logs(dataset)[0]["total_request_tokens"] == 7


@pytest.mark.parametrize("count", [None, True, "many", [], 1e300, -(2**60)], ids=str)
def test_an_invalid_count_is_unknown(platform, count):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "metrics": {"total_tokens": count, "cost": count}}])
    (log,) = platform.logs(dataset)

    assert (log["total_request_tokens"], log["cost"]) == (None, None)


def test_an_update_with_too_deep_nesting_is_rejected(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x"}])
    address = f"/datasets/{dataset}/logs/{platform.logs(dataset)[0]['unique_id']}/"

    response = platform.ask("PATCH", address, {"output": json.loads("[" * 240 + "]" * 240)})

    assert response.status == 400
    assert platform.ask("GET", address).body["output"] is None


def test_an_unknown_export_format_is_rejected(platform):
    dataset = platform.dataset()

    response = platform.ask(
        "POST",
        f"/datasets/{dataset}/logs/list/",
        {"is_exporting": True, "export_format": ".xls", "filters": {}},
    )

    assert response.status == 400


def test_too_many_parameters_are_rejected(platform):
    query = "&".join(f"a{n}=1" for n in range(200))

    assert platform.ask("POST", f"/datasets/list/?{query}").status == 400


def test_an_error_of_the_store_becomes_a_response(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x"}])
    with platform.store.writing() as connection:
        connection.execute("DROP TABLE scores")

    response = platform.ask("POST", f"/datasets/{dataset}/logs/list/")
    shown = WebPages(platform.store, Sessions(None)).respond(
        Request("GET", f"/datasets/{dataset}/")
    )

    assert (response.status, response.body["retry_after"]) == (503, 1)
    assert shown.status == 503


@pytest.mark.parametrize("module", [formatting, html], ids=["formatting", "html"])
def test_the_examples_in_the_docstrings_hold(module):
    result = doctest.testmod(module)

    assert result.attempted
    assert not result.failed
