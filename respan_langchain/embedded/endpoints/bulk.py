"""Many logs at once: import, deletion and summary of those that a request selects.

The API's contract calls import and deletion asynchronous; here they are done before the response.
"""

import sqlite3
from typing import Any

from respan_langchain.embedded.http import HttpError, Response, json_response
from respan_langchain.embedded.store import bulk, datasets_table
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition, find_log_field
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.summary import compute_summary
from respan_langchain.embedded.store.timestamps import parse_timestamp


def import_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`POST /api/datasets/{id}/logs/import/`."""
    condition = all_of([parse_time_range(body), parse_filters(body.get("filters"), find_log_field)])
    percentage = parse_percentage(body, "sampling_percentage")
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        source = parse_source(connection, body)
    count = bulk.copy_matching(store, dataset, all_of([source, condition]), percentage)
    return json_response(200, {"message": f"Imported {count} logs.", "count": count})


def delete_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`DELETE /api/datasets/{id}/logs/import/`."""
    condition = _parse_deletion(body)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
    count = bulk.delete_matching(store, dataset, condition)
    return json_response(200, {"message": f"Removed {count} logs.", "count": count})


def summarize(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`GET` and `POST /api/datasets/{id}/logs/summary/`."""
    condition = parse_filters(body.get("filters"), find_log_field)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        return json_response(200, compute_summary(connection, dataset, condition))


def _parse_deletion(body: dict[str, Any]) -> SqlCondition:
    # A misspelled `filters` beside is_deleting_all_logs must not delete the whole dataset.
    if unknown := set(body) - {"filters", "is_deleting_all_logs"}:
        raise HttpError.for_field(min(unknown), "unknown field in a removal")
    everything = parse_flag("is_deleting_all_logs", body.get("is_deleting_all_logs", False))
    filters = body.get("filters")
    if bool(filters) == everything:
        raise HttpError(400, "Give either filters, or is_deleting_all_logs: true.")
    return MATCH_ALL if everything else parse_filters(filters, find_log_field)


def parse_flag(name: str, value: object) -> bool:
    """Read a boolean field."""
    if not isinstance(value, bool):
        raise HttpError.for_field(name, "must be true or false")
    return value


def parse_time_range(body: dict[str, Any]) -> SqlCondition:
    """Read `start_time` and `end_time`, both inclusive."""
    conditions = []
    for name, sign in [("start_time", ">="), ("end_time", "<=")]:
        if body.get(name) is not None:
            timestamp = parse_timestamp(body[name])
            if timestamp is None:
                raise HttpError.for_field(name, "must be a time in ISO 8601")
            conditions.append(SqlCondition(f"logs.happened_at {sign} ?", (timestamp,)))
    return all_of(conditions)


def parse_percentage(body: dict[str, Any], name: str) -> float:
    """Read a share in percent; 100 when it is not given."""
    percentage = body.get(name)
    if percentage is None:
        return 100.0
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise HttpError.for_field(name, "must be a number")
    if not 0 < percentage <= 100:
        raise HttpError.for_field(name, "must be above 0 and at most 100")
    return float(percentage)


def parse_source(connection: sqlite3.Connection, body: dict[str, Any]) -> SqlCondition:
    """Read `source_dataset_id`; all datasets when it is not given."""
    source = body.get("source_dataset_id")
    if source is None:
        return MATCH_ALL
    if not isinstance(source, str):
        raise HttpError.for_field("source_dataset_id", "must be a string")
    return SqlCondition("logs.dataset = ?", (datasets_table.get_seq(connection, source),))
