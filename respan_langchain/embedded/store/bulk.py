"""Copying and deleting many logs: in batches, so that other writers can write in between.

Only logs that are there when the work begins are considered.
"""

import sqlite3
from collections.abc import Callable

import orjson

from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.store import Store

BATCH_SIZE = 1000
"""Logs of one transaction."""

ProcessBatch = Callable[[sqlite3.Connection, list[sqlite3.Row]], int]


def copy_matching(store: Store, dataset: int, condition: SqlCondition, percentage: float) -> int:
    """Copy matching logs of other datasets, each at most once, and return how many."""
    new = SqlCondition(
        "(logs.dataset != ? AND NOT EXISTS (SELECT 1 FROM logs own WHERE own.dataset = ?"
        " AND own.origin = ifnull(logs.origin, logs.unique_id)))",
        (dataset, dataset),
    )

    def copy(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
        chosen = {row["source"]: row["seq"] for row in rows if _is_in_sample(row, percentage)}
        return _copy(connection, dataset, list(chosen.values()))

    return _for_each_batch(store, all_of([new, condition]), copy)


def _is_in_sample(row: sqlite3.Row, percentage: float) -> bool:
    # The end of an id is random and never changes: repeated imports choose the same logs.
    return int(row["source"][-8:], 16) % 10_000 < percentage * 100


def _copy(connection: sqlite3.Connection, dataset: int, seqs: list[int]) -> int:
    rows = connection.execute(
        "SELECT * FROM logs JOIN contents USING (seq)"
        " WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
        (orjson.dumps(seqs).decode(),),
    ).fetchall()
    copies = [{**dict(row), "origin": row["origin"] or row["unique_id"]} for row in rows]
    logs_table.insert(connection, dataset, copies)
    return len(copies)


def delete_matching(store: Store, dataset: int, condition: SqlCondition) -> int:
    """Delete matching logs of one dataset and return how many."""
    own = SqlCondition("logs.dataset = ?", (dataset,))

    def delete(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
        connection.execute(
            "DELETE FROM logs WHERE seq IN (SELECT value FROM json_each(?))",
            (orjson.dumps([row["seq"] for row in rows]).decode(),),
        )
        datasets_table.touch(connection, dataset)
        return len(rows)

    return _for_each_batch(store, all_of([own, condition]), delete)


def _for_each_batch(store: Store, condition: SqlCondition, process: ProcessBatch) -> int:
    """Call `process` with each batch of matching logs and return the sum of its results."""
    with store.reading() as connection:
        newest = logs_table.get_last_seq(connection)
    total = done = 0
    while True:
        with store.writing() as connection:
            rows = connection.execute(
                "SELECT seq, ifnull(origin, unique_id) AS source"  # noqa: S608
                f" FROM {logs_table.tables_for(condition)}"
                f" WHERE {condition.sql} AND seq > ? AND seq <= ? ORDER BY seq LIMIT {BATCH_SIZE}",
                (*condition.parameters, done, newest),
            ).fetchall()
            if not rows:
                return total
            total += process(connection, rows)
            done = rows[-1]["seq"]
