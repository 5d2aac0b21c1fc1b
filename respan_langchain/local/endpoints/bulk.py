"""Creating logs: one at a time, or up to 500 of which each succeeds or fails by itself."""

from typing import Any

from respan_langchain.local.endpoints.log_shape import Complaint, Log, log_from
from respan_langchain.local.endpoints.messages import RefusedError, Response, answer
from respan_langchain.local.endpoints.rules import Rules
from respan_langchain.local.tables import datasets_table, logs_table
from respan_langchain.local.tables.store import Store


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
