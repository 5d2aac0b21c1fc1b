"""The tables of logs and of their contents: what is asked of them, in SQL.

Names in the statements come from the lists of columns here; whatever a request says is bound.
"""

import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from respan_langchain.embedded.endpoints.log_validation import CONTENTS, TEXT_COLUMNS, LogColumns
from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store.fields import MATCH_ALL, Condition
from respan_langchain.embedded.store.migrations import INDEXED_COLUMNS
from respan_langchain.embedded.store.timestamps import format_timestamp

COLUMNS = (
    "seq", "dataset", "unique_id", "origin", "created_at", "updated_at", "happened_at",
    "status", "status_code", *TEXT_COLUMNS, "prompt_tokens", "completion_tokens", "total_tokens",
    "cost", "latency", "time_to_first_token", "tokens_per_second",
)  # fmt: skip
DERIVED_COLUMNS = COLUMNS[COLUMNS.index("happened_at") :]
"""What follows from a log's metadata and metrics."""

SORTABLE = frozenset({*INDEXED_COLUMNS, "seq"})

INSERT_LOG = "INSERT INTO logs({}) VALUES ({})".format(  # noqa: S608
    ", ".join(COLUMNS), ", ".join(f":{name}" for name in COLUMNS)
)
INSERT_CONTENTS = "INSERT INTO contents(seq, {}) VALUES (:seq, {})".format(  # noqa: S608
    ", ".join(CONTENTS), ", ".join(f":{name}" for name in CONTENTS)
)


def insert(connection: sqlite3.Connection, dataset: int, logs: Sequence[LogColumns]) -> list[str]:
    """Add logs to a dataset and return their unique ids."""
    now = time.time()
    last = get_last_seq(connection)
    rows = [
        {
            "origin": None,
            **log,
            "seq": last + place,
            "dataset": dataset,
            "unique_id": new_unique_id(now),
            "created_at": now,
            "updated_at": now,
            "happened_at": log["happened_at"] if log["happened_at"] is not None else now,
        }
        for place, log in enumerate(logs, start=1)
    ]
    connection.executemany(INSERT_LOG, rows)
    connection.executemany(INSERT_CONTENTS, rows)
    return [row["unique_id"] for row in rows]


def new_unique_id(now: float) -> str:
    """Make an id of 32 hexadecimal digits; later ones are greater, so the index stays compact."""
    return f"{int(now * 1000):012x}{secrets.token_hex(10)}"


def get_last_seq(connection: sqlite3.Connection) -> int:
    """Tell the number of the newest log that ever was."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'logs'").fetchone()
    return int(found["seq"]) if found is not None else 0


def get(connection: sqlite3.Connection, dataset: int, unique_id: str) -> sqlite3.Row:
    """Find a log with its contents.

    Raises:
        RefusedError: 404.
    """
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM logs JOIN contents USING (seq) WHERE unique_id = ? AND dataset = ?",
        (unique_id, dataset),
    ).fetchone()
    if found is None:
        raise HttpError(404, "Log not found.")
    return found


def update(connection: sqlite3.Connection, seq: int, log: LogColumns) -> None:
    """Set a log's contents and what follows from them."""
    contents = {name: log[name] for name in CONTENTS}
    # A log that does not say when it happened keeps the moment at which it arrived.
    known = [name for name in DERIVED_COLUMNS if name != "happened_at" or log[name] is not None]
    columns = {name: log[name] for name in known}
    _update(connection, "contents", seq, contents)
    _update(connection, "logs", seq, columns | {"updated_at": time.time()})


def _update(
    connection: sqlite3.Connection, table: str, seq: int, columns: Mapping[str, Any]
) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    connection.execute(
        f"UPDATE {table} SET {assignments} WHERE seq = :seq",  # noqa: S608
        {**columns, "seq": seq},
    )


def set_expected_output(connection: sqlite3.Connection, seq: int, expected: str | None) -> None:
    """Set what a log's output should have been, as JSON text; None takes it back."""
    _update(connection, "contents", seq, {"expected_output": expected})
    _update(connection, "logs", seq, {"updated_at": time.time()})


def delete(connection: sqlite3.Connection, seq: int) -> None:
    """Remove a log with its contents."""
    connection.execute("DELETE FROM logs WHERE seq = ?", (seq,))


def tables_for(condition: Condition) -> str:
    """Name the tables that a condition reads."""
    return "logs JOIN contents USING (seq)" if condition.needs_contents else "logs"


def count(connection: sqlite3.Connection, dataset: sqlite3.Row, condition: Condition) -> int:
    """Count a dataset's logs."""
    if condition is MATCH_ALL:
        return int(dataset["log_count"])
    (found,) = connection.execute(
        f"SELECT count(*) FROM {tables_for(condition)} WHERE dataset = ? AND {condition.sql}",  # noqa: S608
        (dataset["seq"], *condition.parameters),
    ).fetchone()
    return int(found)


def list_page(
    connection: sqlite3.Connection,
    dataset: int,
    condition: Condition,
    *,
    order: str,
    limit: int,
    offset: int = 0,
) -> list[sqlite3.Row]:
    """List a dataset's logs with their contents; `order` is a sortable column and a direction."""
    # The inner select passes over the earlier pages in an index alone.
    return connection.execute(
        f"SELECT * FROM (SELECT seq FROM {tables_for(condition)} WHERE dataset = ?"  # noqa: S608
        f" AND {condition.sql} ORDER BY {order} LIMIT ? OFFSET ?)"
        f" JOIN logs USING (seq) JOIN contents USING (seq) ORDER BY {order}",
        (dataset, *condition.parameters, limit, offset),
    ).fetchall()


def to_api(row: sqlite3.Row) -> dict[str, Any]:
    """Lay a log out as the API shows it; contents go through as they were stored."""
    log = {name: row[name] for name in ("unique_id", *DERIVED_COLUMNS) if name != "happened_at"}
    contents = {name: _raw_json(row[name]) for name in CONTENTS[:5]}
    extra = {name: _raw_json(row[name]) for name in CONTENTS[5:] if row[name] is not None}
    return (
        log
        | contents
        | extra
        | {
            "id": row["unique_id"],
            "total_request_tokens": row["total_tokens"],
            "timestamp": format_timestamp(row["happened_at"]),
            "created_at": format_timestamp(row["created_at"]),
            "updated_at": format_timestamp(row["updated_at"]),
        }
    )


def _raw_json(text: str | None) -> orjson.Fragment | None:
    return orjson.Fragment(text) if text is not None else None


PREVIEW_FULL_CHARS = 16_000
"""Characters up to which a content is read whole when many logs are only glanced at."""
PREVIEW_CHARS = 2000
"""Characters that are read of a longer one."""


def list_previews(
    connection: sqlite3.Connection,
    dataset: int,
    condition: Condition,
    *,
    order: str,
    limit: int,
    offset: int = 0,
) -> list[sqlite3.Row]:
    """List a dataset's logs with no more of their contents than a line needs."""
    cuts = ", ".join(
        f"CASE WHEN length({name}) <= {PREVIEW_FULL_CHARS} THEN {name}"
        f" ELSE substr({name}, 1, {PREVIEW_CHARS}) END"
        f" AS {name}"
        for name in ("input", "output")
    )
    return connection.execute(
        f"SELECT {', '.join(COLUMNS)}, {cuts}"  # noqa: S608
        f" FROM (SELECT seq FROM {tables_for(condition)} WHERE dataset = ?"
        f" AND {condition.sql} ORDER BY {order} LIMIT ? OFFSET ?)"
        f" JOIN logs USING (seq) JOIN contents USING (seq) ORDER BY {order}",
        (dataset, *condition.parameters, limit, offset),
    ).fetchall()


def count_up_to(
    connection: sqlite3.Connection, dataset: int, condition: Condition, limit: int
) -> int:
    """Count a dataset's logs, but no further than `most`."""
    (found,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1"  # noqa: S608
        f" FROM {tables_for(condition)} WHERE dataset = ? AND {condition.sql} LIMIT ?)",
        (dataset, *condition.parameters, limit),
    ).fetchone()
    return int(found)


def list_trace(
    connection: sqlite3.Connection, dataset: int, trace: str | None, limit: int = 100
) -> list[sqlite3.Row]:
    """List the logs of one trace, without contents, in the order in which they ended."""
    return connection.execute(
        "SELECT * FROM logs WHERE dataset = ? AND trace_unique_id = ?"
        " ORDER BY happened_at, seq LIMIT ?",
        (dataset, trace, limit),
    ).fetchall()


def find_neighbours(
    connection: sqlite3.Connection, dataset: int, condition: Condition, seq: int
) -> tuple[str | None, str | None]:
    """Find the ids of the next newer and the next older log that match."""
    found = []
    for sign, direction in [(">", "ASC"), ("<", "DESC")]:
        row = connection.execute(
            f"SELECT unique_id FROM {tables_for(condition)} WHERE dataset = ?"  # noqa: S608
            f" AND {condition.sql} AND seq {sign} ? ORDER BY seq {direction} LIMIT 1",
            (dataset, *condition.parameters, seq),
        ).fetchone()
        found.append(str(row["unique_id"]) if row is not None else None)
    return found[0], found[1]
