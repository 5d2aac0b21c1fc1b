"""The table of datasets: what is asked of it, in SQL."""

import sqlite3
import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store.fields import Condition
from respan_langchain.embedded.store.migrations import SAVED_LOGS
from respan_langchain.embedded.store.timestamps import format_timestamp

SORTABLE = frozenset({
    "id", "name", "type", "status", "created_at", "updated_at", "log_count", "starred",
    "total_cost", "total_tokens", "error_count",
})  # fmt: skip
UPDATABLE = frozenset({"name", "description", "starred", "tags", "status", "initial_log_filters"})


def get(connection: sqlite3.Connection, dataset_id: str) -> sqlite3.Row:
    """Find a dataset.

    Raises:
        RefusedError: 404.
    """
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM datasets WHERE id = ?", (dataset_id,)
    ).fetchone()
    if found is None:
        raise HttpError(404, "Dataset not found.")
    return found


def get_seq(connection: sqlite3.Connection, dataset_id: str) -> int:
    """Find the number that a dataset's logs carry."""
    return int(get(connection, dataset_id)["seq"])


def insert(connection: sqlite3.Connection, columns: Mapping[str, Any]) -> str:
    """Add a dataset and return its id."""
    dataset_id = str(uuid.uuid4())
    now = time.time()
    connection.execute(
        "INSERT INTO datasets(id, name, description, initial_log_filters, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            dataset_id,
            columns["name"],
            columns["description"],
            columns["initial_log_filters"],
            now,
            now,
        ),
    )
    return dataset_id


def update(connection: sqlite3.Connection, dataset_id: str, columns: Mapping[str, Any]) -> None:
    """Set columns of a dataset."""
    known = {name: value for name, value in columns.items() if name in UPDATABLE}
    known["updated_at"] = time.time()
    assignments = ", ".join(f"{name} = ?" for name in known)
    connection.execute(
        f"UPDATE datasets SET {assignments} WHERE id = ?",  # noqa: S608 - names from CHANGEABLE
        (*known.values(), dataset_id),
    )


def touch(connection: sqlite3.Connection, seq: int) -> None:
    """Note that a dataset's logs changed."""
    connection.execute("UPDATE datasets SET updated_at = ? WHERE seq = ?", (time.time(), seq))


def delete(connection: sqlite3.Connection, dataset_id: str) -> None:
    """Remove a dataset with what is left in it."""
    connection.execute("DELETE FROM datasets WHERE id = ?", (dataset_id,))


def count(connection: sqlite3.Connection, condition: Condition) -> int:
    """Count datasets, all but the virtual one."""
    (found,) = connection.execute(
        f"SELECT count(*) FROM datasets WHERE id != ? AND {condition.sql}",  # noqa: S608
        (SAVED_LOGS, *condition.parameters),
    ).fetchone()
    return int(found)


def list_page(
    connection: sqlite3.Connection,
    condition: Condition,
    *,
    order: str,
    limit: int,
    offset: int,
) -> list[sqlite3.Row]:
    """List datasets, all but the virtual one; `order` is a sortable column and a direction."""
    return connection.execute(
        f"SELECT * FROM datasets WHERE id != ? AND {condition.sql}"  # noqa: S608
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        (SAVED_LOGS, *condition.parameters, limit, offset),
    ).fetchall()


def list_recent(connection: sqlite3.Connection, limit: int) -> list[sqlite3.Row]:
    """List datasets, the last changed first, and the virtual one when it holds anything."""
    return connection.execute(
        "SELECT * FROM datasets WHERE id != ? OR log_count > 0"
        " ORDER BY updated_at DESC, seq DESC LIMIT ?",
        (SAVED_LOGS, limit),
    ).fetchall()


def to_api(row: sqlite3.Row) -> dict[str, Any]:
    """Lay a dataset out as the API shows it."""
    dataset = {name: row[name] for name in ("id", "name", "description", "type", "status")}
    return dataset | {
        "initial_log_filters": orjson.Fragment(row["initial_log_filters"]),
        "log_count": row["log_count"],
        "created_at": format_timestamp(row["created_at"]),
        "updated_at": format_timestamp(row["updated_at"]),
        "organization_id": None,
        "updated_by": None,
        "log_ids": [],
        "tags": [{"id": tag, "name": tag, "color": None} for tag in orjson.loads(row["tags"])],
        "granularity": "logs",
        "starred": bool(row["starred"]),
        "running_status": None,
        "running_progress": None,
        "completed_annotation_count": 0,
    }
