"""Creating, listing, reading, changing and deleting logs; importing, removing and summing many.

The API's contract calls import and removal asynchronous; here they are done before the response.
"""

import sqlite3
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.endpoints.body_fields import (
    parse_flag,
    parse_percentage,
    parse_source,
    parse_time_range,
)
from respan_langchain.embedded.endpoints.serialize import serialize_log, serialize_score
from respan_langchain.embedded.http import (
    HttpError,
    Request,
    Response,
    json_response,
    parse_object,
)
from respan_langchain.embedded.pagination import page_response, parse_order, parse_page
from respan_langchain.embedded.store import bulk, datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.errors import InvalidFieldError
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition, find_log_field
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.log_columns import (
    CONTENTS,
    LogColumns,
    build_columns,
    check_fields,
    parse_log,
)
from respan_langchain.embedded.store.store import Store

SORT_COLUMNS = {
    "timestamp": "happened_at",
    "total_request_tokens": "total_tokens",
    # The order of insertion, which every index keeps among equal values.
    "created_at": "seq",
}
"""Columns by their name in the API, where the two differ."""
EXPORT_FORMATS = (".csv", ".jsonl")


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """`POST /api/datasets/{id}/logs/list/`."""
    page = parse_page(request.parameters)
    order = parse_order(request.parameters, logs_table.SORTABLE, SORT_COLUMNS)
    body = parse_object(request.body)
    condition = parse_filters(body.get("filters"), find_log_field)
    if body.get("is_exporting"):
        return _export_response(store, dataset_id, body)
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        count = logs_table.count(connection, dataset, condition)
        rows = logs_table.list_page(
            connection, dataset["seq"], condition, order=order, limit=page.size, offset=page.offset
        )
        results = _serialize_logs(connection, rows, dataset_id)
    return page_response(request, page, count, _select_fields(request, results))


def retrieve(store: Store, dataset_id: str, unique_id: str) -> Response:
    """`GET /api/datasets/{id}/logs/{log}/`."""
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        return _log_response(connection, row, dataset_id)


def update(
    store: Store, dataset_id: str, unique_id: str, body: dict[str, Any], *, partial: bool
) -> Response:
    """`PATCH` and `PUT /api/datasets/{id}/logs/{log}/`: absent fields are kept, or cleared."""
    if "metrics" in body:
        raise InvalidFieldError("metrics", "cannot be changed")
    check_fields(body)
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        kept = {name: row[name] for name in CONTENTS if partial or name == "metrics"}
        logs_table.update(connection, row["seq"], build_columns(body, kept))
        datasets_table.touch(connection, dataset)
        row = logs_table.get(connection, dataset, unique_id)
        return _log_response(connection, row, dataset_id)


def delete(store: Store, dataset_id: str, unique_id: str) -> Response:
    """`DELETE /api/datasets/{id}/logs/{log}/`."""
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        logs_table.delete(connection, row["seq"])
        datasets_table.touch(connection, dataset)
    return Response(204)


def _log_response(connection: sqlite3.Connection, row: sqlite3.Row, dataset_id: str) -> Response:
    (log,) = _serialize_logs(connection, [row], dataset_id)
    return json_response(200, log | {"scores": list(log["scores"].values())})


def _serialize_logs(
    connection: sqlite3.Connection, rows: list[sqlite3.Row], dataset_id: str
) -> list[dict[str, Any]]:
    """Build the JSON of a list: there scores are an object by evaluator, not an array."""
    scores = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
    return [
        serialize_log(row)
        | {
            "dataset_id": dataset_id,
            "scores": {
                score["evaluator"]: serialize_score(score) for score in scores.get(row["seq"], [])
            },
        }
        for row in rows
    ]


def _select_fields(request: Request, logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the fields of logs that `include_fields` names; all without it."""
    fields = request.parameters.get("include_fields", "")
    wanted = {name for part in fields.split(",") if (name := part.strip())}
    if not wanted:
        return logs
    return [{name: value for name, value in log.items() if name in wanted} for log in logs]


def _export_response(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """Return the URL at which `serve` streams the export; no file is written."""
    suffix = body.get("export_format", ".csv")
    if suffix not in EXPORT_FORMATS:
        raise HttpError.for_field("export_format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    with store.reading() as connection:
        datasets_table.get(connection, dataset_id)
    filters = body.get("filters")
    query = f"?{urlencode({'filters': orjson.dumps(filters).decode()})}" if filters else ""
    address = f"/datasets/{quote(dataset_id, safe='')}/export{suffix}{query}"
    return json_response(200, {"message": f"The export is ready at {address}", "url": address})


def create_one(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`POST /api/datasets/{id}/logs/`."""
    (unique_id,) = _insert(store, dataset_id, [parse_log(body)])
    return json_response(201, {"message": "Log created.", "unique_id": unique_id})


def create_many(
    store: Store, dataset_id: str, body: dict[str, Any], policy: AccessPolicy
) -> Response:
    """`POST /api/datasets/{id}/logs/bulk/`: store the valid logs, list the rejected."""
    logs: list[LogColumns] = []
    errors: list[dict[str, Any]] = []
    for index, row in enumerate(_parse_rows(body, policy)):
        try:
            logs.append(parse_log(row))
        except InvalidFieldError as error:
            errors.append({"index": index, "error": str(error)})
    _insert(store, dataset_id, logs)
    envelope = {
        "success_count": len(logs),
        "error_count": len(errors),
        "errors": errors[: policy.max_listed_errors],
        "total_errors": len(errors),
    }
    return json_response(201 if logs else 400, envelope)


def _parse_rows(body: dict[str, Any], policy: AccessPolicy) -> list[Any]:
    rows = body.get("logs")
    if not isinstance(rows, list):
        raise HttpError(422, "logs: must be an array of logs.")
    if not 1 <= len(rows) <= policy.max_bulk_logs:
        raise HttpError.for_field(
            "logs", f"give 1 to {policy.max_bulk_logs} logs a request, not {len(rows)}"
        )
    return rows


def _insert(store: Store, dataset_id: str, logs: list[LogColumns]) -> list[str]:
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        datasets_table.touch(connection, dataset)
        return logs_table.insert(connection, dataset, logs)


def import_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`POST /api/datasets/{id}/logs/import/`."""
    condition = all_of([parse_time_range(body), parse_filters(body.get("filters"), find_log_field)])
    percentage = parse_percentage(body, "sampling_percentage")
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        source = parse_source(connection, body)
    count = bulk.copy_matching(store, dataset, all_of([source, condition]), percentage)
    return json_response(200, {"message": f"Imported {count} logs.", "count": count})


def remove_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
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
        return json_response(200, logs_table.summarize(connection, dataset, condition))


def _parse_deletion(body: dict[str, Any]) -> SqlCondition:
    # A misspelled `filters` beside is_deleting_all_logs must not delete the whole dataset.
    if unknown := set(body) - {"filters", "is_deleting_all_logs"}:
        raise HttpError.for_field(min(unknown), "unknown field in a removal")
    everything = parse_flag("is_deleting_all_logs", body.get("is_deleting_all_logs", False))
    filters = body.get("filters")
    if bool(filters) == everything:
        raise HttpError(400, "Give either filters, or is_deleting_all_logs: true.")
    return MATCH_ALL if everything else parse_filters(filters, find_log_field)
