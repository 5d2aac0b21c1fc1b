"""SQL of the tables of logs and of their contents, and the sums over them.

The column names in the statements come from the lists here; values from requests are bound.
"""

import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from respan_langchain.embedded.store.errors import require
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.log_columns import CONTENTS, TEXT_COLUMNS, LogColumns
from respan_langchain.embedded.store.schema import INDEXED_COLUMNS

COLUMNS = (
    "seq", "dataset", "unique_id", "origin", "created_at", "updated_at", "happened_at",
    "status", "status_code", *TEXT_COLUMNS, "prompt_tokens", "completion_tokens", "total_tokens",
    "cost", "latency", "time_to_first_token", "tokens_per_second",
)  # fmt: skip
DERIVED_COLUMNS = COLUMNS[COLUMNS.index("happened_at") :]
"""Columns that are read from a log's metadata and metrics."""

SORTABLE = frozenset({*INDEXED_COLUMNS, "unique_id", "seq"})

INSERT_LOG = "INSERT INTO logs({}) VALUES ({})".format(  # noqa: S608
    ", ".join(COLUMNS), ", ".join(f":{name}" for name in COLUMNS)
)
INSERT_CONTENTS = "INSERT INTO contents(seq, {}) VALUES (:seq, {})".format(  # noqa: S608
    ", ".join(CONTENTS), ", ".join(f":{name}" for name in CONTENTS)
)


def insert(connection: sqlite3.Connection, dataset: int, logs: Sequence[LogColumns]) -> list[str]:
    """Insert logs into a dataset and return their unique ids."""
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
    """Create an id of 32 hexadecimal digits that begins with the time: the index stays compact."""
    return f"{int(now * 1000):012x}{secrets.token_hex(10)}"


def get_last_seq(connection: sqlite3.Connection) -> int:
    """Return the highest `seq` that was ever given to a log."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'logs'").fetchone()
    return int(found["seq"]) if found is not None else 0


def get(connection: sqlite3.Connection, dataset: int, unique_id: str) -> sqlite3.Row:
    """Return a log with its contents.

    Raises:
        MissingRecordError: The dataset has no log of this id.
    """
    found = connection.execute(
        "SELECT * FROM logs JOIN contents USING (seq) WHERE unique_id = ? AND dataset = ?",
        (unique_id, dataset),
    ).fetchone()
    return require(found, "Log")


def update(connection: sqlite3.Connection, seq: int, log: LogColumns) -> None:
    """Set a log's contents and the columns that are derived from them."""
    contents = {name: log[name] for name in CONTENTS}
    # A log without a time of its own keeps the time at which it arrived.
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


def set_content(
    connection: sqlite3.Connection,
    seq: int,
    name: Literal["expected_output", "metadata"],
    content: str | None,
) -> None:
    """Set one content, as JSON text, where no column is derived from what changes."""
    _update(connection, "contents", seq, {name: content})
    _update(connection, "logs", seq, {"updated_at": time.time()})


def delete(connection: sqlite3.Connection, seq: int) -> None:
    """Delete a log with its contents."""
    connection.execute("DELETE FROM logs WHERE seq = ?", (seq,))


def tables_for(condition: SqlCondition) -> str:
    """Return the FROM clause for a condition; contents are joined only where it reads them."""
    return "logs JOIN contents USING (seq)" if condition.needs_contents else "logs"


def count(connection: sqlite3.Connection, dataset: sqlite3.Row, condition: SqlCondition) -> int:
    """Count the matching logs of a dataset."""
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
    condition: SqlCondition,
    *,
    order: str,
    limit: int,
    offset: int = 0,
    columns: str = "*",
) -> list[sqlite3.Row]:
    """List matching logs; `order` is a SORTABLE column and a direction.

    `columns` is `*` for whole logs, or `page_queries.PREVIEW` for the beginning of their contents.
    """
    # The inner select skips the earlier pages in an index, without reading contents.
    return connection.execute(
        f"SELECT {columns} FROM (SELECT seq FROM {tables_for(condition)} WHERE dataset = ?"  # noqa: S608
        f" AND {condition.sql} ORDER BY {order} LIMIT ? OFFSET ?)"
        f" JOIN logs USING (seq) JOIN contents USING (seq) ORDER BY {order}",
        (dataset, *condition.parameters, limit, offset),
    ).fetchall()


def summarize(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition
) -> dict[str, Any]:
    """Add up the matching logs.

    A sum or mean over no values is 0, as the API's contract has no null there: the numbers of rows
    with a known cost, tokens and latency tell the two zeros apart.
    """
    own = all_of([SqlCondition("logs.dataset = ?", (dataset,)), condition])
    sums = connection.execute(
        "SELECT count(*) AS number_of_requests,"  # noqa: S608
        " count(cost) AS number_with_cost,"
        " count(total_tokens) AS number_with_tokens,"
        " count(latency) AS number_with_latency,"
        " total(cost) AS total_cost,"
        " CAST(total(total_tokens) AS INTEGER) AS total_tokens,"
        " CAST(total(prompt_tokens) AS INTEGER) AS total_prompt_tokens,"
        " CAST(total(completion_tokens) AS INTEGER) AS total_completion_tokens,"
        " ifnull(avg(latency), 0.0) AS avg_latency,"
        " ifnull(avg(tokens_per_second), 0.0) AS avg_tps,"
        " ifnull(avg(time_to_first_token), 0.0) AS avg_ttft"
        f" FROM {tables_for(own)} WHERE {own.sql}",
        own.parameters,
    ).fetchone()
    return {**dict(sums), "scores": _mean_scores(connection, own)}


def _mean_scores(connection: sqlite3.Connection, own: SqlCondition) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        "SELECT evaluator AS evaluator_id, evaluator AS evaluator_slug,"  # noqa: S608
        " evaluator AS evaluator_name, 'numerical' AS score_value_type, avg(score) AS avg_score,"
        " count(*) FILTER (WHERE passed = 1) AS true_count,"
        " count(*) FILTER (WHERE passed = 0) AS false_count"
        " FROM scores WHERE score IS NOT NULL AND log IN"
        f" (SELECT seq FROM {tables_for(own)} WHERE {own.sql}) GROUP BY evaluator",
        own.parameters,
    )
    return {row["evaluator_id"]: dict(row) for row in rows}
