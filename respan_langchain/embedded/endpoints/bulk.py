"""Many logs at once: import, deletion and summary of those that a request selects.

The API's contract calls import and deletion asynchronous; here they are done before the response.
"""

from typing import Any

from respan_langchain.embedded.endpoints.body_fields import (
    parse_flag,
    parse_percentage,
    parse_source,
    parse_time_range,
)
from respan_langchain.embedded.http import HttpError, Response, json_response
from respan_langchain.embedded.store import bulk, datasets_table
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition, find_log_field
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.summary import compute_summary


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
