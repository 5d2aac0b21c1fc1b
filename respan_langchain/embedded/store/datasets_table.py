"""SQL of the datasets table."""

import sqlite3
import time
import uuid
from collections.abc import Mapping
from typing import Any

from respan_langchain.embedded.store.errors import require
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import contains_ignoring_case
from respan_langchain.embedded.store.schema import SAVED_LOGS

SORTABLE = frozenset({
    "id", "name", "type", "status", "created_at", "updated_at", "log_count", "starred",
    "total_cost", "total_tokens", "error_count",
})  # fmt: skip


def get(connection: sqlite3.Connection, dataset_id: str) -> sqlite3.Row:
    """Return a dataset.

    Raises:
        MissingRecordError: There is no dataset of this id.
    """
    found = connection.execute("SELECT * FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
    return require(found, "Dataset")


def get_seq(connection: sqlite3.Connection, dataset_id: str) -> int:
    """Return the number by which the logs table names a dataset; raises as `get` does."""
    return int(get(connection, dataset_id)["seq"])


def find_by_name(connection: sqlite3.Connection, name: str) -> int | None:
    """Return the number of the newest dataset of a name; None when there is none."""
    (found,) = connection.execute(
        "SELECT max(seq) FROM datasets WHERE name = ?", (name,)
    ).fetchone()
    return int(found) if found is not None else None


def insert(
    connection: sqlite3.Connection, name: str, description: str = "", log_filters: str = "{}"
) -> str:
    """Insert a dataset and return its id; `log_filters` is JSON."""
    dataset_id, now = str(uuid.uuid4()), time.time()
    connection.execute(
        "INSERT INTO datasets(id, name, description, initial_log_filters, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (dataset_id, name, description, log_filters, now, now),
    )
    return dataset_id


def find_or_insert(connection: sqlite3.Connection, name: str) -> int:
    """Return the number of the newest dataset of a name; insert an empty one if there is none."""
    found = find_by_name(connection, name)
    return found if found is not None else get_seq(connection, insert(connection, name))


def update(connection: sqlite3.Connection, dataset_id: str, columns: Mapping[str, Any]) -> None:
    """Set columns of a dataset; their names are not from a request."""
    changed = {**columns, "updated_at": time.time()}
    assignments = ", ".join(f"{name} = ?" for name in changed)
    connection.execute(
        f"UPDATE datasets SET {assignments} WHERE id = ?",  # noqa: S608  # see above
        (*changed.values(), dataset_id),
    )


def touch(connection: sqlite3.Connection, seq: int) -> None:
    """Record that a dataset's logs changed now."""
    connection.execute("UPDATE datasets SET updated_at = ? WHERE seq = ?", (time.time(), seq))


def delete(connection: sqlite3.Connection, dataset_id: str) -> None:
    """Delete a dataset and the logs in it."""
    connection.execute("DELETE FROM datasets WHERE id = ?", (dataset_id,))


def count(connection: sqlite3.Connection, condition: SqlCondition) -> int:
    """Count the matching datasets, without the virtual one."""
    (found,) = connection.execute(
        f"SELECT count(*) FROM datasets WHERE id != ? AND {condition.sql}",  # noqa: S608
        (SAVED_LOGS, *condition.parameters),
    ).fetchone()
    return int(found)


def list_page(
    connection: sqlite3.Connection,
    condition: SqlCondition,
    *,
    order: str,
    limit: int,
    offset: int,
) -> list[sqlite3.Row]:
    """List matching datasets, without the virtual one; `order` is as in `logs_table.list_page`."""
    return connection.execute(
        f"SELECT * FROM datasets WHERE id != ? AND {condition.sql}"  # noqa: S608
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        (SAVED_LOGS, *condition.parameters, limit, offset),
    ).fetchall()


def list_recent(connection: sqlite3.Connection, limit: int, search: str = "") -> list[sqlite3.Row]:
    """List datasets, the last changed first; the virtual one only when it holds logs.

    With `search` only those are listed whose name or description contains it, in any case.
    """
    named = contains_ignoring_case(SqlCondition("name || ' ' || description"), search)
    return connection.execute(
        f"SELECT * FROM datasets WHERE (id != ? OR log_count > 0) AND {named.sql}"  # noqa: S608
        " ORDER BY updated_at DESC, seq DESC LIMIT ?",
        (SAVED_LOGS, *named.parameters, limit),
    ).fetchall()


def count_logs_by_day(connection: sqlite3.Connection, first_day: int) -> dict[int, dict[int, int]]:
    """Count the logs of each dataset's days since 1970, from the first day on."""
    found: dict[int, dict[int, int]] = {}
    for row in connection.execute(
        "SELECT dataset, hour / 24 AS day, sum(log_count) AS count FROM hours WHERE hour >= ?"
        " GROUP BY dataset, day",
        (first_day * 24,),
    ):
        found.setdefault(row["dataset"], {})[row["day"]] = row["count"]
    return found
