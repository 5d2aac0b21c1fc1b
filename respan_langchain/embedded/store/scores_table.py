"""The tables of scores and of evaluators' runs: what is asked of them, in SQL."""

import sqlite3
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store.timestamps import format_timestamp

HUMAN_EVALUATOR = "human"
"""The evaluator's name under which people score."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one evaluator thinks of one log."""

    log: int
    """The log's number in the store."""
    evaluator: str
    score: float | None
    passed: bool | None = None
    comment: str = ""


def upsert(connection: sqlite3.Connection, scores: Iterable[Score]) -> None:
    """Store scores, each in place of the evaluator's earlier one; logs that are gone are left."""
    now = time.time()
    connection.executemany(
        "INSERT OR REPLACE INTO scores(log, evaluator, score, passed, comment, created_at)"
        " SELECT seq, ?, ?, ?, ?, ? FROM logs WHERE seq = ?",
        [(one.evaluator, one.score, one.passed, one.comment, now, one.log) for one in scores],
    )


def delete(connection: sqlite3.Connection, log: int, evaluator: str) -> None:
    """Take an evaluator's score of a log back."""
    connection.execute("DELETE FROM scores WHERE log = ? AND evaluator = ?", (log, evaluator))


def list_for_logs(
    connection: sqlite3.Connection, logs: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """List the scores of logs, as the API shows them."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(
        "SELECT * FROM scores WHERE log IN (SELECT value FROM json_each(?)) ORDER BY evaluator",
        (orjson.dumps(list(logs)).decode(),),
    ):
        found.setdefault(row["log"], []).append(_to_api(row))
    return found


def _to_api(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "evaluator_id": row["evaluator"],
        "evaluator_slug": row["evaluator"],
        "score": row["score"],
        "passed": bool(row["passed"]) if row["passed"] is not None else None,
        "comment": row["comment"],
        "created_at": format_timestamp(row["created_at"]),
    }


def start_run(connection: sqlite3.Connection, dataset: int, evaluator: str) -> str:
    """Note that an evaluator begins with a dataset, and return the run's id."""
    task_id = str(uuid.uuid4())
    now = time.time()
    connection.execute(
        "INSERT INTO runs(task_id, dataset, evaluator, status, started_at, updated_at)"
        " VALUES (?, ?, ?, 'pending', ?, ?)",
        (task_id, dataset, evaluator, now, now),
    )
    return task_id


def update_run(
    connection: sqlite3.Connection, task_id: str, *, evaluated: int, score: float | None
) -> None:
    """Note how far a run has come: logs judged so far, and the mean of their scores."""
    connection.execute(
        "UPDATE runs SET status = 'running', evaluated_logs_count = ?, score = ?, updated_at = ?"
        " WHERE task_id = ?",
        (evaluated, score, time.time(), task_id),
    )


def finish_run(connection: sqlite3.Connection, task_id: str, error_message: str | None) -> None:
    """Note that a run is over, with what went wrong."""
    now = time.time()
    connection.execute(
        "UPDATE runs SET status = ?, error_message = ?, completed_at = ?, updated_at = ?"
        " WHERE task_id = ?",
        ("completed" if error_message is None else "failed", error_message, now, now, task_id),
    )


def get_run(connection: sqlite3.Connection, task_id: str) -> sqlite3.Row:
    """Find a run.

    Raises:
        RefusedError: 404.
    """
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM runs WHERE task_id = ?", (task_id,)
    ).fetchone()
    if found is None:
        raise HttpError(404, "Run not found.")
    return found


def count_runs(connection: sqlite3.Connection, dataset: int) -> int:
    """Count a dataset's runs."""
    (found,) = connection.execute(
        "SELECT count(*) FROM runs WHERE dataset = ?", (dataset,)
    ).fetchone()
    return int(found)


def list_runs(
    connection: sqlite3.Connection, dataset: int, *, limit: int, offset: int
) -> list[sqlite3.Row]:
    """List a dataset's runs, the newest first."""
    return connection.execute(
        "SELECT * FROM runs WHERE dataset = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        (dataset, limit, offset),
    ).fetchall()
