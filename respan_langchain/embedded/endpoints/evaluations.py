"""Evaluation runs: evaluators score a dataset's logs on a background thread."""

import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.endpoints.evaluators import Evaluator, get_evaluator
from respan_langchain.embedded.http import HttpError, Request, Response, json_response
from respan_langchain.embedded.pagination import page_response, parse_page
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.scores_table import Score
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.timestamps import format_timestamp

BATCH_SIZE = 100
"""Logs that are evaluated between two transactions."""
THREAD_NAME = "respan-evaluations"
MAX_EVALUATORS = 20
"""Evaluators of one request."""
EVALUATED = ("input", "output", "expected_output", "metadata", "metrics")
STALLED_AFTER = 600.0
"""Seconds without progress after which a run is reported as interrupted."""


def create(store: Store, dataset_id: str, body: dict[str, Any], policy: AccessPolicy) -> Response:
    """`POST /api/datasets/{id}/eval-reports/create/`: start known evaluators, list unknown ones."""
    evaluators, errors = _build_evaluators(_parse_names(body), policy)
    tasks = _start(store, dataset_id, evaluators)
    with store.reading() as connection:
        runs = [
            _serialize_run(scores_table.get_run(connection, task), dataset_id) for task in tasks
        ]
    return json_response(201 if tasks else 400, {"created_tasks": runs, "errors": errors})


def start(store: Store, dataset_id: str, names: list[str], policy: AccessPolicy) -> None:
    """Start evaluators, all or none.

    Raises:
        HttpError: 400, when one of them is unknown.
    """
    evaluators, errors = _build_evaluators(_parse_names({"evaluator_ids": names}), policy)
    for message in errors.values():
        raise HttpError(400, message)
    _start(store, dataset_id, evaluators)


def _start(store: Store, dataset_id: str, evaluators: dict[str, Evaluator]) -> list[str]:
    """Start evaluators and return the ids of their runs."""
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        tasks = {name: scores_table.start_run(connection, dataset, name) for name in evaluators}
    runs = [
        EvaluationRun(store, dataset, tasks[name], name, evaluator)
        for name, evaluator in evaluators.items()
    ]
    if runs:
        # A daemon thread does not keep the process alive; `STALLED_AFTER` covers its end.
        threading.Thread(target=_run_all, args=(runs,), name=THREAD_NAME, daemon=True).start()
    return list(tasks.values())


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """`GET /api/datasets/{id}/eval-reports/list/`."""
    page = parse_page(request.parameters)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        count = scores_table.count_runs(connection, dataset)
        rows = scores_table.list_runs(connection, dataset, limit=page.size, offset=page.offset)
    return page_response(request, page, count, [_serialize_run(row, dataset_id) for row in rows])


def _parse_names(body: dict[str, Any]) -> list[Any]:
    # Earlier clients send the older name.
    names = body.get("evaluator_ids", body.get("evaluator_slugs"))
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_EVALUATORS:
        raise HttpError.for_field("evaluator_ids", f"give 1 to {MAX_EVALUATORS} evaluators")
    return names


def _build_evaluators(
    names: list[Any], policy: AccessPolicy
) -> tuple[dict[str, Evaluator], dict[str, str]]:
    evaluators: dict[str, Evaluator] = {}
    errors = {}
    for name in names:
        try:
            evaluators[name] = get_evaluator(name, allow_python=policy.allow_python_evaluators)
        except HttpError as error:
            errors[str(name)] = error.detail
    return evaluators, errors


def _serialize_run(row: sqlite3.Row, dataset_id: str) -> dict[str, Any]:
    interrupted = _is_interrupted(row)
    ended = row["completed_at"]
    return {
        "task_id": row["task_id"],
        "name": row["evaluator"],
        "dataset_id": dataset_id,
        "evaluator_slug": row["evaluator"],
        "status": describe_status(row),
        "started_at": format_timestamp(row["started_at"]),
        "completed_at": format_timestamp(ended) if ended is not None else None,
        "error_message": "interrupted" if interrupted else row["error_message"],
        "evaluated_logs_count": row["evaluated_logs_count"],
        "score": row["score"],
    }


def describe_status(row: sqlite3.Row) -> str:
    """Return the status of a run; one that makes no progress any more has failed."""
    return "failed" if _is_interrupted(row) else str(row["status"])


def _is_interrupted(row: sqlite3.Row) -> bool:
    return row["completed_at"] is None and row["updated_at"] < time.time() - STALLED_AFTER


def _run_all(runs: "list[EvaluationRun]") -> None:
    for run in runs:
        run.run()


@dataclass(slots=True)
class EvaluationRun:
    """One evaluator over the logs of a dataset."""

    store: Store
    dataset: int
    task_id: str
    name: str
    evaluator: Evaluator
    last_seq: int = 0
    """The `seq` of the last log that was evaluated."""
    evaluated: int = 0
    total: float = 0.0

    def run(self) -> None:
        """Evaluate all logs, then record how the run ended."""
        error_message = None
        try:
            while rows := self._read_batch():
                self._evaluate(rows)
        except HttpError as error:
            error_message = error.detail
        # An evaluator may be a user's function, which may raise anything.
        except Exception as error:  # noqa: BLE001
            error_message = f"{type(error).__name__} at log {self.last_seq}"
        finally:
            self.evaluator.close()
        with self.store.writing() as connection:
            scores_table.finish_run(connection, self.task_id, error_message)

    def _read_batch(self) -> list[sqlite3.Row]:
        later = SqlCondition("seq > ?", (self.last_seq,))
        with self.store.reading() as connection:
            return logs_table.list_page(
                connection, self.dataset, later, order="seq ASC", limit=BATCH_SIZE
            )

    def _evaluate(self, rows: list[sqlite3.Row]) -> None:
        scores = [score for row in rows if (score := self._score(row)) is not None]
        self.evaluated += len(scores)
        self.total += sum(score.score or 0.0 for score in scores)
        with self.store.writing() as connection:
            scores_table.upsert(connection, scores)
            mean = self.total / self.evaluated if self.evaluated else None
            scores_table.update_run(connection, self.task_id, evaluated=self.evaluated, score=mean)

    def _score(self, row: sqlite3.Row) -> Score | None:
        self.last_seq = row["seq"]
        log = {name: None if row[name] is None else orjson.loads(row[name]) for name in EVALUATED}
        result = self.evaluator.evaluate(log)
        if result is None:
            return None
        return Score(row["seq"], self.name, result.score, result.passed, result.comment)
