"""Many logs at once: importing what other datasets hold, and removing what filters select.

Both work in portions, so that other writers get their turn, and both look only at logs that were
there when they began. The contract calls them asynchronous; here the work is done when the answer
comes.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from respan_langchain.embedded.http import HttpError, Response, json_response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.fields import MATCH_ALL, Condition, find_log_field
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.timestamps import parse_timestamp

BATCH_SIZE = 1000
"""Logs in one transaction."""

ProcessBatch = Callable[[sqlite3.Connection, list[sqlite3.Row]], int]


def import_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """Answer endpoint 15."""
    condition = all_of([parse_time_range(body), parse_filters(body.get("filters"), find_log_field)])
    percentage = parse_percentage(body, "sampling_percentage")
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        source = parse_source(connection, body)
    count = copy_matching(store, dataset, all_of([source, condition]), percentage)
    return json_response(200, {"message": f"Imported {count} logs.", "count": count})


def delete_logs(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """Answer endpoint 16."""
    condition = _parse_deletion(body)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
    count = delete_matching(store, dataset, condition)
    return json_response(200, {"message": f"Removed {count} logs.", "count": count})


def _parse_deletion(body: dict[str, Any]) -> Condition:
    # A misspelt filter beside is_deleting_all_logs must not be the end of a dataset.
    if unknown := set(body) - {"filters", "is_deleting_all_logs"}:
        raise HttpError.for_field(min(unknown), "unknown field in a removal")
    everything = body.get("is_deleting_all_logs", False)
    if not isinstance(everything, bool):
        raise HttpError.for_field("is_deleting_all_logs", "must be true or false")
    filters = body.get("filters")
    if bool(filters) == everything:
        raise HttpError(400, "Give either filters, or is_deleting_all_logs: true.")
    return MATCH_ALL if everything else parse_filters(filters, find_log_field)


def parse_time_range(body: dict[str, Any]) -> Condition:
    """Read `start_time` and `end_time`; logs in between, both ends included."""
    conditions = []
    for name, sign in [("start_time", ">="), ("end_time", "<=")]:
        if body.get(name) is not None:
            moment = parse_timestamp(body[name])
            if moment is None:
                raise HttpError.for_field(name, "must be a time in ISO 8601")
            conditions.append(Condition(f"logs.happened_at {sign} ?", (moment,)))
    return all_of(conditions)


def parse_percentage(body: dict[str, Any], name: str) -> float:
    """Read a share in percent; all when it is not given."""
    percentage = body.get(name)
    if percentage is None:
        return 100.0
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise HttpError.for_field(name, "must be a number")
    if not 0 < percentage <= 100:
        raise HttpError.for_field(name, "must be above 0 and at most 100")
    return float(percentage)


def parse_source(connection: sqlite3.Connection, body: dict[str, Any]) -> Condition:
    """Read `source_dataset_id`; all datasets when it is not given."""
    source = body.get("source_dataset_id")
    if source is None:
        return MATCH_ALL
    if not isinstance(source, str):
        raise HttpError.for_field("source_dataset_id", "must be a string")
    return Condition("logs.dataset = ?", (datasets_table.get_seq(connection, source),))


def copy_matching(store: Store, dataset: int, condition: Condition, percentage: float) -> int:
    """Copy logs of other datasets that are not there yet, and return how many."""
    new = Condition(
        "(logs.dataset != ? AND NOT EXISTS (SELECT 1 FROM logs own WHERE own.dataset = ?"
        " AND own.origin = ifnull(logs.origin, logs.unique_id)))",
        (dataset, dataset),
    )

    def copy(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
        chosen = {row["source"]: row["seq"] for row in rows if _is_in_sample(row, percentage)}
        return _copy(connection, dataset, list(chosen.values()))

    return _for_each_batch(store, all_of([new, condition]), copy)


def _is_in_sample(row: sqlite3.Row, percentage: float) -> bool:
    # The end of an id is random, so the same log is in or out however often it is asked.
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


def delete_matching(store: Store, dataset: int, condition: Condition) -> int:
    """Remove logs of one dataset, and return how many."""
    own = Condition("logs.dataset = ?", (dataset,))

    def remove(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
        connection.execute(
            "DELETE FROM logs WHERE seq IN (SELECT value FROM json_each(?))",
            (orjson.dumps([row["seq"] for row in rows]).decode(),),
        )
        datasets_table.touch(connection, dataset)
        return len(rows)

    return _for_each_batch(store, all_of([own, condition]), remove)


def _for_each_batch(store: Store, condition: Condition, process: ProcessBatch) -> int:
    """Do something with the logs that match now; add up what it returns."""
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
