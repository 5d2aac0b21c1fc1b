"""Logs: listing them; looking at one, changing it, removing it."""

import sqlite3
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from respan_langchain.embedded.access import Rules
from respan_langchain.embedded.endpoints.log_validation import (
    CONTENTS,
    Complaint,
    Log,
    columns_from,
    complaints_of_parts,
    encoded,
    log_from,
)
from respan_langchain.embedded.http import (
    RefusedError,
    Request,
    Response,
    answer,
    object_in,
)
from respan_langchain.embedded.pagination import envelope, order_from, page_from
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import log_field
from respan_langchain.embedded.store.filters import condition_from
from respan_langchain.embedded.store.store import Store

COLUMN_OF = {
    "timestamp": "happened_at",
    "total_request_tokens": "total_tokens",
    # The order of arrival, which every index keeps within equal values.
    "created_at": "seq",
}
"""Columns that the API calls otherwise."""
EXPORT_FORMATS = (".csv", ".jsonl")


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """Answer endpoint 7."""
    page = page_from(request.parameters)
    order = order_from(request.parameters, logs_table.SORTABLE, COLUMN_OF)
    said = object_in(request.body)
    condition = condition_from(said.get("filters"), log_field)
    if said.get("is_exporting"):
        return _exported(store, dataset_id, said)
    with store.reading() as connection:
        dataset = datasets_table.find(connection, dataset_id)
        count = logs_table.count(connection, dataset, condition)
        rows = logs_table.page(
            connection, dataset["seq"], condition, order=order, limit=page.size, offset=page.offset
        )
        results = _listed(connection, rows, dataset_id)
    wanted = _wanted_fields(request)
    return answer(200, envelope(request, page, count, [_only(wanted, log) for log in results]))


def retrieve(store: Store, dataset_id: str, unique_id: str) -> Response:
    """Answer endpoint 8."""
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        row = logs_table.find(connection, dataset, unique_id)
        return _shown(connection, row, dataset_id)


def change(
    store: Store, dataset_id: str, unique_id: str, said: dict[str, Any], *, keep: bool
) -> Response:
    """Answer endpoints 9 and 14: fields that are not given are kept, or removed."""
    _check_change(said)
    with store.writing() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        row = logs_table.find(connection, dataset, unique_id)
        logs_table.change(connection, row["seq"], _changed(row, said, keep=keep))
        datasets_table.touch(connection, dataset)
        row = logs_table.find(connection, dataset, unique_id)
        return _shown(connection, row, dataset_id)


def remove(store: Store, dataset_id: str, unique_id: str) -> Response:
    """Answer endpoint 10."""
    with store.writing() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        row = logs_table.find(connection, dataset, unique_id)
        logs_table.remove(connection, row["seq"])
        datasets_table.touch(connection, dataset)
    return Response(204)


def _shown(connection: sqlite3.Connection, row: sqlite3.Row, dataset_id: str) -> Response:
    scores = scores_table.of_logs(connection, [row["seq"]]).get(row["seq"], [])
    return answer(200, logs_table.shown(row) | {"dataset_id": dataset_id, "scores": scores})


def _listed(
    connection: sqlite3.Connection, rows: list[sqlite3.Row], dataset_id: str
) -> list[dict[str, Any]]:
    """Lay logs out for a list, where scores stand by evaluator; with a single log they do not."""
    found = scores_table.of_logs(connection, [row["seq"] for row in rows])
    scores = [{one["evaluator_slug"]: one for one in found.get(row["seq"], [])} for row in rows]
    return [
        logs_table.shown(row) | {"dataset_id": dataset_id, "scores": by_evaluator}
        for row, by_evaluator in zip(rows, scores, strict=True)
    ]


def _check_change(said: dict[str, Any]) -> None:
    if "metrics" in said:
        raise RefusedError.of_field("metrics", "cannot be changed")
    for complaint in complaints_of_parts(said):
        raise RefusedError.of_field(complaint.field, complaint.problem)


def _changed(row: sqlite3.Row, said: dict[str, Any], *, keep: bool) -> Log:
    contents = {name: row[name] if keep or name == "metrics" else None for name in CONTENTS}
    for name in CONTENTS:
        if name in said:
            contents[name] = _encoded(name, said[name])
    metadata, metrics = (_object(contents[name]) for name in ("metadata", "metrics"))
    return contents | columns_from(metadata, metrics)


def _encoded(name: str, value: Any) -> str:
    try:
        return encoded(value)
    except orjson.JSONEncodeError as error:
        raise RefusedError.of_field(name, "is nested too deeply") from error


def _object(text: str | None) -> dict[str, Any]:
    return dict(orjson.loads(text)) if text is not None else {}


def _wanted_fields(request: Request) -> frozenset[str]:
    """Read `include_fields`; empty means all."""
    asked = request.parameters.get("include_fields", "")
    return frozenset(name for part in asked.split(",") if (name := part.strip()))


def _exported(store: Store, dataset_id: str, said: dict[str, Any]) -> Response:
    """Name the address where `serve` offers the export; nothing is written before it is asked."""
    suffix = said.get("export_format", ".csv")
    if suffix not in EXPORT_FORMATS:
        raise RefusedError.of_field("export_format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    with store.reading() as connection:
        datasets_table.find(connection, dataset_id)
    filters = said.get("filters")
    query = f"?{urlencode({'filters': orjson.dumps(filters).decode()})}" if filters else ""
    address = f"/datasets/{quote(dataset_id, safe='')}/export{suffix}{query}"
    return answer(200, {"message": f"The export is ready at {address}", "url": address})


def _only(wanted: frozenset[str], log: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in log.items() if name in wanted} if wanted else log


def create_one(store: Store, dataset_id: str, said: dict[str, Any]) -> Response:
    """Answer endpoint 6."""
    log = log_from(said)
    if isinstance(log, Complaint):
        raise RefusedError.of_field(log.field, log.problem)
    unique_id = _stored(store, dataset_id, [log])[0]
    return answer(201, {"message": "Log created.", "unique_id": unique_id})


def create_many(store: Store, dataset_id: str, said: dict[str, Any], rules: Rules) -> Response:
    """Answer endpoint 11."""
    logs, errors = _sorted_out(_rows_of(said, rules))
    _stored(store, dataset_id, logs)
    envelope = {
        "success_count": len(logs),
        "error_count": len(errors),
        "errors": errors[: rules.errors_listed],
        "total_errors": len(errors),
    }
    return answer(201 if logs else 400, envelope)


def _rows_of(said: dict[str, Any], rules: Rules) -> list[Any]:
    rows = said.get("logs")
    if not isinstance(rows, list):
        raise RefusedError(422, "logs: must be an array of logs.")
    if not 1 <= len(rows) <= rules.max_bulk_logs:
        raise RefusedError.of_field(
            "logs", f"give 1 to {rules.max_bulk_logs} logs a request, not {len(rows)}"
        )
    return rows


def _sorted_out(rows: list[Any]) -> tuple[list[Log], list[dict[str, Any]]]:
    read = [log_from(row) for row in rows]
    logs = [one for one in read if not isinstance(one, Complaint)]
    errors = [
        {"index": index, "error": str(one)}
        for index, one in enumerate(read)
        if isinstance(one, Complaint)
    ]
    return logs, errors


def _stored(store: Store, dataset_id: str, logs: list[Log]) -> list[str]:
    with store.writing() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        datasets_table.touch(connection, dataset)
        return logs_table.add(connection, dataset, logs)
