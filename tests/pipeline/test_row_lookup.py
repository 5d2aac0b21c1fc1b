"""Which rows a list of logs shows, when several rows have the same `custom_identifier`."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from respan_langchain.client.models import Log
from respan_langchain.pipeline.row_lookup import count_stored, read_identity

START = datetime(2026, 11, 26, 12, 0, 0, 123_456, UTC)


def body(identifier="a", run_id=None, start=None):
    metadata = {"custom_identifier": identifier} | ({} if run_id is None else {"run_id": run_id})
    metrics = {} if start is None else {"start_time": start.isoformat()}
    return json.dumps({"metadata": metadata, "metrics": metrics}).encode()


def log(identifier="a", run_id=None, start=None):
    metadata = {} if run_id is None else {"run_id": run_id}
    shown = None if start is None else start.isoformat()
    return Log.model_validate(
        {
            "unique_id": "log",
            "custom_identifier": identifier,
            "metadata": metadata,
            "start_time": shown,
        }
    )


def counts(bodies, logs):
    return count_stored([read_identity(one) for one in bodies], logs)


def test_a_row_is_found_by_its_identifier():
    assert counts([body("a"), body("b")], [log("b"), log("c"), log("b")]) == [0, 2]


def test_rows_with_one_identifier_are_distinguished_by_their_runs():
    rows = [body(run_id="first"), body(run_id="second")]

    assert counts(rows, [log(run_id="second")]) == [0, 1]


def test_rows_of_one_run_id_are_distinguished_by_their_starts():
    retry = START + timedelta(seconds=2)
    rows = [body(run_id="r", start=START), body(run_id="r", start=retry)]

    assert counts(rows, [log(run_id="r", start=retry)]) == [0, 1]


def test_a_start_that_the_platform_rounds_to_milliseconds_is_the_same_start():
    shown = START.replace(microsecond=123_000)

    assert counts([body(start=START)], [log(start=shown)]) == [1]


@pytest.mark.parametrize(
    ("shown", "expected"), [(0, [0, 0, 0]), (1, [1, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])]
)
def test_rows_that_cannot_be_distinguished_share_the_logs_found(shown, expected):
    assert counts([body(), body(), body()], [log()] * shown) == expected


def test_a_platform_that_shows_neither_run_nor_start_shows_the_row():
    assert counts([body(run_id="r", start=START)], [log()]) == [1]


def test_a_row_without_run_and_start_is_still_found():
    assert counts([body()], [log(run_id="r", start=START)]) == [1]


def test_a_start_without_a_time_zone_is_utc():
    assert counts([body(start=START)], [log(start=START.replace(tzinfo=None))]) == [1]


def test_one_log_without_run_and_start_is_one_of_two_rows_with_its_identifier():
    rows = [body(run_id="r", start=START), body(run_id="r", start=START + timedelta(seconds=2))]

    assert counts(rows, [log()]) == [1, 0]
    assert counts(rows, [log(), log(run_id="r", start=START)]) == [1, 1]
