"""Many logs at once: importing what other datasets hold, and removing what filters select.

Both work in portions, so that other writers get their turn, and both look only at logs that were
there when they began. The contract calls them asynchronous; here the work is done when the answer
comes.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from respan_langchain.embedded.http import RefusedError, Response, answer
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.fields import EVERYTHING, Condition, log_field
from respan_langchain.embedded.store.filters import all_of, condition_from
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.timestamps import moment_from

PORTION = 1000
"""Logs in one transaction."""

Work = Callable[[sqlite3.Connection, list[sqlite3.Row]], int]


def import_logs(store: Store, dataset_id: str, said: dict[str, Any]) -> Response:
    """Answer endpoint 15."""
    condition = all_of([time_span(said), condition_from(said.get("filters"), log_field)])
    percentage = percentage_in(said, "sampling_percentage")
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        source = source_in(connection, said)
    count = copy_matching(store, dataset, all_of([source, condition]), percentage)
    return answer(200, {"message": f"Imported {count} logs.", "count": count})


def remove_logs(store: Store, dataset_id: str, said: dict[str, Any]) -> Response:
    """Answer endpoint 16."""
    condition = _condition_of_removal(said)
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
    count = remove_matching(store, dataset, condition)
    return answer(200, {"message": f"Removed {count} logs.", "count": count})


def _condition_of_removal(said: dict[str, Any]) -> Condition:
    # A misspelt filter beside is_deleting_all_logs must not be the end of a dataset.
    if unknown := set(said) - {"filters", "is_deleting_all_logs"}:
        raise RefusedError.of_field(min(unknown), "unknown field in a removal")
    everything = said.get("is_deleting_all_logs", False)
    if not isinstance(everything, bool):
        raise RefusedError.of_field("is_deleting_all_logs", "must be true or false")
    filters = said.get("filters")
    if bool(filters) == everything:
        raise RefusedError(400, "Give either filters, or is_deleting_all_logs: true.")
    return EVERYTHING if everything else condition_from(filters, log_field)


def time_span(said: dict[str, Any]) -> Condition:
    """Read `start_time` and `end_time`; logs in between, both ends included."""
    conditions = []
    for name, sign in [("start_time", ">="), ("end_time", "<=")]:
        if said.get(name) is not None:
            moment = moment_from(said[name])
            if moment is None:
                raise RefusedError.of_field(name, "must be a time in ISO 8601")
            conditions.append(Condition(f"logs.happened_at {sign} ?", (moment,)))
    return all_of(conditions)


def percentage_in(said: dict[str, Any], name: str) -> float:
    """Read a share in percent; all when it is not given."""
    percentage = said.get(name)
    if percentage is None:
        return 100.0
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise RefusedError.of_field(name, "must be a number")
    if not 0 < percentage <= 100:
        raise RefusedError.of_field(name, "must be above 0 and at most 100")
    return float(percentage)


def source_in(connection: sqlite3.Connection, said: dict[str, Any]) -> Condition:
    """Read `source_dataset_id`; all datasets when it is not given."""
    source = said.get("source_dataset_id")
    if source is None:
        return EVERYTHING
    if not isinstance(source, str):
        raise RefusedError.of_field("source_dataset_id", "must be a string")
    return Condition("logs.dataset = ?", (datasets_table.find_seq(connection, source),))


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

    return _in_portions(store, all_of([new, condition]), copy)


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
    logs_table.add(connection, dataset, copies)
    return len(copies)


def remove_matching(store: Store, dataset: int, condition: Condition) -> int:
    """Remove logs of one dataset, and return how many."""
    own = Condition("logs.dataset = ?", (dataset,))

    def remove(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
        connection.execute(
            "DELETE FROM logs WHERE seq IN (SELECT value FROM json_each(?))",
            (orjson.dumps([row["seq"] for row in rows]).decode(),),
        )
        datasets_table.touch(connection, dataset)
        return len(rows)

    return _in_portions(store, all_of([own, condition]), remove)


def _in_portions(store: Store, condition: Condition, work: Work) -> int:
    """Do something with the logs that match now; add up what it returns."""
    with store.reading() as connection:
        newest = logs_table.last_seq(connection)
    total = done = 0
    while True:
        with store.writing() as connection:
            rows = connection.execute(
                "SELECT seq, ifnull(origin, unique_id) AS source"  # noqa: S608
                f" FROM {logs_table.sources(condition)}"
                f" WHERE {condition.sql} AND seq > ? AND seq <= ? ORDER BY seq LIMIT {PORTION}",
                (*condition.parameters, done, newest),
            ).fetchall()
            if not rows:
                return total
            total += work(connection, rows)
            done = rows[-1]["seq"]
