"""Evaluation runs: evaluators over a dataset's logs, beside the requests; endpoints 12 and 13."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.access import Rules
from respan_langchain.embedded.endpoints.evaluators import Evaluator, Subject, evaluator_of
from respan_langchain.embedded.http import RefusedError, Request, Response, answer
from respan_langchain.embedded.pagination import envelope, page_from
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import Condition
from respan_langchain.embedded.store.scores_table import Score
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.timestamps import written

PORTION = 100
"""Logs that are judged between two transactions."""
MOST_EVALUATORS = 20
"""Evaluators of one request."""
SILENCE = 600.0
"""Seconds after which a run that does not advance is held to be interrupted."""


def create(store: Store, dataset_id: str, said: dict[str, Any], rules: Rules) -> Response:
    """Answer endpoint 12: start what is known, and name what is not."""
    names = _names_in(said)
    evaluators, errors = _sorted_out(names, rules)
    with store.writing() as connection:
        dataset = datasets_table.find(connection, dataset_id)
        tasks = {
            scores_table.begin_run(connection, dataset["seq"], name): evaluator
            for name, evaluator in evaluators.items()
        }
        shown = [_shown(scores_table.run(connection, task), dataset_id) for task in tasks]
    if tasks:
        store.start(lambda: _carry_out(store, dataset["seq"], tasks))
    return answer(201 if tasks else 400, {"created_tasks": shown, "errors": errors})


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """Answer endpoint 13."""
    page = page_from(request.parameters)
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        count = scores_table.count_runs(connection, dataset)
        rows = scores_table.page_of_runs(connection, dataset, limit=page.size, offset=page.offset)
    return answer(200, envelope(request, page, count, [_shown(row, dataset_id) for row in rows]))


def _names_in(said: dict[str, Any]) -> list[Any]:
    # The older name is what earlier clients send.
    names = said.get("evaluator_ids", said.get("evaluator_slugs"))
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_EVALUATORS:
        raise RefusedError.of_field("evaluator_ids", f"give 1 to {MOST_EVALUATORS} evaluators")
    return names


def _sorted_out(names: list[Any], rules: Rules) -> tuple[dict[str, Evaluator], dict[str, str]]:
    evaluators: dict[str, Evaluator] = {}
    errors = {}
    for name in names:
        try:
            evaluators[name] = evaluator_of(name, callables_allowed=rules.callables_allowed)
        except RefusedError as refused:
            errors[str(name)] = refused.detail
    return evaluators, errors


def _shown(row: sqlite3.Row, dataset_id: str) -> dict[str, Any]:
    interrupted = row["completed_at"] is None and row["updated_at"] < time.time() - SILENCE
    ended = row["completed_at"]
    return {
        "task_id": row["task_id"],
        "name": row["evaluator"],
        "dataset_id": dataset_id,
        "evaluator_slug": row["evaluator"],
        "status": "failed" if interrupted else row["status"],
        "started_at": written(row["started_at"]),
        "completed_at": written(ended) if ended is not None else None,
        "error_message": "interrupted" if interrupted else row["error_message"],
        "evaluated_logs_count": row["evaluated_logs_count"],
        "score": row["score"],
    }


def _carry_out(store: Store, dataset: int, tasks: dict[str, Evaluator]) -> None:
    for task_id, evaluator in tasks.items():
        _Run(store, dataset, task_id, evaluator).carry_out()


@dataclass(slots=True)
class _Run:
    """One evaluator on its way through a dataset."""

    store: Store
    dataset: int
    task_id: str
    evaluator: Evaluator
    done: int = 0
    """The number of the last log that was looked at."""
    judged: int = 0
    total: float = 0.0

    def carry_out(self) -> None:
        problem = None
        try:
            while self._judge_portion():
                pass
        except RefusedError as refused:
            problem = refused.detail
        # An evaluator may be anyone's function, and may raise anything.
        except Exception as error:  # noqa: BLE001
            problem = f"{type(error).__name__} at log {self.done}"
        with self.store.writing() as connection:
            scores_table.end_run(connection, self.task_id, problem)

    def _judge_portion(self) -> bool:
        with self.store.reading() as connection:
            name = scores_table.run(connection, self.task_id)["evaluator"]
            rows = _following(connection, self.dataset, self.done)
        scores = [score for row in rows if (score := self._score(name, row)) is not None]
        self.judged += len(scores)
        self.total += sum(score.score or 0.0 for score in scores)
        with self.store.writing() as connection:
            scores_table.put(connection, scores)
            mean = self.total / self.judged if self.judged else None
            scores_table.advance_run(connection, self.task_id, evaluated=self.judged, score=mean)
        return bool(rows)

    def _score(self, name: str, row: sqlite3.Row) -> Score | None:
        self.done = row["seq"]
        verdict = self.evaluator(_subject(row))
        if verdict is None:
            return None
        return Score(row["seq"], name, verdict.score, verdict.passed, verdict.comment)


def _following(connection: sqlite3.Connection, dataset: int, done: int) -> list[sqlite3.Row]:
    return logs_table.page(
        connection, dataset, Condition("seq > ?", (done,)), order="seq ASC", limit=PORTION
    )


def _subject(row: sqlite3.Row) -> Subject:
    names = ("input", "output", "expected_output", "metadata", "metrics")
    return {name: orjson.loads(row[name]) if row[name] is not None else None for name in names}
