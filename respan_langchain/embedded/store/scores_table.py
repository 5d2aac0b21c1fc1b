"""SQL of the tables of scores and of evaluation runs."""

import sqlite3
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import orjson

from respan_langchain.embedded.store.errors import require

HUMAN_EVALUATOR = "human"
"""The evaluator name of scores that people give."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score that one evaluator gives one log."""

    log: int
    """The log's number in the store."""
    evaluator: str
    score: float | None
    passed: bool | None = None
    comment: str = ""
    author: str = ""
    """Who gave it, where a person did."""


def upsert(connection: sqlite3.Connection, scores: Iterable[Score]) -> None:
    """Store scores, each in place of the evaluator's earlier one; deleted logs are ignored."""
    now = time.time()
    connection.executemany(
        "INSERT OR REPLACE INTO scores(log, evaluator, score, passed, comment, author, created_at)"
        " SELECT seq, :evaluator, :score, :passed, :comment, :author, :now FROM logs"
        " WHERE seq = :log",
        [{**asdict(score), "now": now} for score in scores],
    )


def delete(connection: sqlite3.Connection, log: int, evaluator: str) -> None:
    """Delete an evaluator's score of a log."""
    connection.execute("DELETE FROM scores WHERE log = ? AND evaluator = ?", (log, evaluator))


def list_for_logs(
    connection: sqlite3.Connection, logs: Sequence[int]
) -> dict[int, list[sqlite3.Row]]:
    """List the scores of logs by the logs' `seq`, ordered by evaluator."""
    found: dict[int, list[sqlite3.Row]] = {}
    for row in connection.execute(
        "SELECT * FROM scores WHERE log IN (SELECT value FROM json_each(?)) ORDER BY evaluator",
        (orjson.dumps(list(logs)).decode(),),
    ):
        found.setdefault(row["log"], []).append(row)
    return found


def list_evaluators(connection: sqlite3.Connection) -> list[str]:
    """List up to 20 evaluators that have scored logs, by skipping through their index."""
    rows = connection.execute(
        "WITH RECURSIVE found(name) AS (SELECT min(evaluator) FROM scores UNION ALL"
        " SELECT (SELECT min(evaluator) FROM scores WHERE evaluator > found.name)"
        " FROM found WHERE found.name IS NOT NULL)"
        " SELECT name FROM found WHERE name IS NOT NULL LIMIT 20"
    )
    return [row["name"] for row in rows]


def start_run(connection: sqlite3.Connection, dataset: int, evaluator: str) -> str:
    """Record that an evaluator starts on a dataset, and return the run's id."""
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
    """Record a run's progress: evaluated logs and the mean of their scores."""
    connection.execute(
        "UPDATE runs SET status = 'running', evaluated_logs_count = ?, score = ?, updated_at = ?"
        " WHERE task_id = ?",
        (evaluated, score, time.time(), task_id),
    )


def finish_run(connection: sqlite3.Connection, task_id: str, error_message: str | None) -> None:
    """Record that a run has ended; it failed when there is an error message."""
    now = time.time()
    connection.execute(
        "UPDATE runs SET status = ?, error_message = ?, completed_at = ?, updated_at = ?"
        " WHERE task_id = ?",
        ("completed" if error_message is None else "failed", error_message, now, now, task_id),
    )


def get_run(connection: sqlite3.Connection, task_id: str) -> sqlite3.Row:
    """Return an evaluation run.

    Raises:
        MissingRecordError: There is no run of this id.
    """
    found = connection.execute("SELECT * FROM runs WHERE task_id = ?", (task_id,)).fetchone()
    return require(found, "Run")


def count_runs(connection: sqlite3.Connection, dataset: int) -> int:
    """Count the evaluation runs of a dataset."""
    (found,) = connection.execute(
        "SELECT count(*) FROM runs WHERE dataset = ?", (dataset,)
    ).fetchone()
    return int(found)


def list_runs(
    connection: sqlite3.Connection, dataset: int, *, limit: int, offset: int
) -> list[sqlite3.Row]:
    """List the evaluation runs of a dataset, the newest first."""
    return connection.execute(
        "SELECT * FROM runs WHERE dataset = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        (dataset, limit, offset),
    ).fetchall()
