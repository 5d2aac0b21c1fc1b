"""Logs: listing them; looking at one, changing it, removing it."""

import sqlite3
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.endpoints.log_validation import (
    CONTENTS,
    FieldError,
    LogColumns,
    derive_columns,
    encode_json,
    parse_log,
    validate_fields,
)
from respan_langchain.embedded.http import (
    HttpError,
    Request,
    Response,
    json_response,
    parse_object,
)
from respan_langchain.embedded.pagination import envelope, parse_order, parse_page
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import find_log_field
from respan_langchain.embedded.store.filters import parse_filters
from respan_langchain.embedded.store.store import Store

SORT_COLUMNS = {
    "timestamp": "happened_at",
    "total_request_tokens": "total_tokens",
    # The order of arrival, which every index keeps within equal values.
    "created_at": "seq",
}
"""Columns that the API calls otherwise."""
EXPORT_FORMATS = (".csv", ".jsonl")


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """Answer endpoint 7."""
    page = parse_page(request.parameters)
    order = parse_order(request.parameters, logs_table.SORTABLE, SORT_COLUMNS)
    said = parse_object(request.body)
    condition = parse_filters(said.get("filters"), find_log_field)
    if said.get("is_exporting"):
        return _export_response(store, dataset_id, said)
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        count = logs_table.count(connection, dataset, condition)
        rows = logs_table.list_page(
            connection, dataset["seq"], condition, order=order, limit=page.size, offset=page.offset
        )
        results = _logs_to_api(connection, rows, dataset_id)
    wanted = _parse_include_fields(request)
    return json_response(
        200, envelope(request, page, count, [_select_fields(wanted, log) for log in results])
    )


def retrieve(store: Store, dataset_id: str, unique_id: str) -> Response:
    """Answer endpoint 8."""
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        return _log_response(connection, row, dataset_id)


def update(
    store: Store, dataset_id: str, unique_id: str, body: dict[str, Any], *, partial: bool
) -> Response:
    """Answer endpoints 9 and 14: fields that are not given are kept, or removed."""
    _validate_update(body)
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        logs_table.update(connection, row["seq"], _merge_columns(row, body, partial=partial))
        datasets_table.touch(connection, dataset)
        row = logs_table.get(connection, dataset, unique_id)
        return _log_response(connection, row, dataset_id)


def delete(store: Store, dataset_id: str, unique_id: str) -> Response:
    """Answer endpoint 10."""
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        logs_table.delete(connection, row["seq"])
        datasets_table.touch(connection, dataset)
    return Response(204)


def _log_response(connection: sqlite3.Connection, row: sqlite3.Row, dataset_id: str) -> Response:
    scores = scores_table.list_for_logs(connection, [row["seq"]]).get(row["seq"], [])
    return json_response(200, logs_table.to_api(row) | {"dataset_id": dataset_id, "scores": scores})


def _logs_to_api(
    connection: sqlite3.Connection, rows: list[sqlite3.Row], dataset_id: str
) -> list[dict[str, Any]]:
    """Lay logs out for a list, where scores stand by evaluator; with a single log they do not."""
    found = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
    scores = [{one["evaluator_slug"]: one for one in found.get(row["seq"], [])} for row in rows]
    return [
        logs_table.to_api(row) | {"dataset_id": dataset_id, "scores": by_evaluator}
        for row, by_evaluator in zip(rows, scores, strict=True)
    ]


def _validate_update(body: dict[str, Any]) -> None:
    if "metrics" in body:
        raise HttpError.for_field("metrics", "cannot be changed")
    for complaint in validate_fields(body):
        raise HttpError.for_field(complaint.field, complaint.message)


def _merge_columns(row: sqlite3.Row, body: dict[str, Any], *, partial: bool) -> LogColumns:
    contents = {name: row[name] if partial or name == "metrics" else None for name in CONTENTS}
    for name in CONTENTS:
        if name in body:
            contents[name] = _encode(name, body[name])
    metadata, metrics = (_load_object(contents[name]) for name in ("metadata", "metrics"))
    return contents | derive_columns(metadata, metrics)


def _encode(name: str, value: Any) -> str:
    try:
        return encode_json(value)
    except orjson.JSONEncodeError as error:
        raise HttpError.for_field(name, "is nested too deeply") from error


def _load_object(text: str | None) -> dict[str, Any]:
    return dict(orjson.loads(text)) if text is not None else {}


def _parse_include_fields(request: Request) -> frozenset[str]:
    """Read `include_fields`; empty means all."""
    asked = request.parameters.get("include_fields", "")
    return frozenset(name for part in asked.split(",") if (name := part.strip()))


def _export_response(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """Name the address where `serve` offers the export; nothing is written before it is asked."""
    suffix = body.get("export_format", ".csv")
    if suffix not in EXPORT_FORMATS:
        raise HttpError.for_field("export_format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    with store.reading() as connection:
        datasets_table.get(connection, dataset_id)
    filters = body.get("filters")
    query = f"?{urlencode({'filters': orjson.dumps(filters).decode()})}" if filters else ""
    address = f"/datasets/{quote(dataset_id, safe='')}/export{suffix}{query}"
    return json_response(200, {"message": f"The export is ready at {address}", "url": address})


def _select_fields(wanted: frozenset[str], log: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in log.items() if name in wanted} if wanted else log


def create_one(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """Answer endpoint 6."""
    log = parse_log(body)
    if isinstance(log, FieldError):
        raise HttpError.for_field(log.field, log.message)
    unique_id = _insert(store, dataset_id, [log])[0]
    return json_response(201, {"message": "Log created.", "unique_id": unique_id})


def create_many(
    store: Store, dataset_id: str, body: dict[str, Any], policy: AccessPolicy
) -> Response:
    """Answer endpoint 11."""
    logs, errors = _validate_rows(_parse_rows(body, policy))
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


def _validate_rows(rows: list[Any]) -> tuple[list[LogColumns], list[dict[str, Any]]]:
    read = [parse_log(row) for row in rows]
    logs = [one for one in read if not isinstance(one, FieldError)]
    errors = [
        {"index": index, "error": str(one)}
        for index, one in enumerate(read)
        if isinstance(one, FieldError)
    ]
    return logs, errors


def _insert(store: Store, dataset_id: str, logs: list[LogColumns]) -> list[str]:
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        datasets_table.touch(connection, dataset)
        return logs_table.insert(connection, dataset, logs)
