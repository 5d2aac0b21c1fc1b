"""Review queues: which rows people should look at, which are reviewed, and what comes next.

A queue holds the roots of traces, and rows without a trace; a row is reviewed once it has a score
by a person. Queues are in the order of insertion, so that new rows come last.
"""

import sqlite3
from dataclasses import dataclass

from respan_langchain.embedded.store import page_queries
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR

MAX_COUNTED = 5000
"""Rows of a queue are counted up to this number."""

ROOTS = SqlCondition("logs.covered = 0")
REVIEWED = SqlCondition(
    "logs.seq IN (SELECT log FROM scores WHERE evaluator = ?)", (HUMAN_EVALUATOR,)
)
UNREVIEWED = SqlCondition(
    "NOT EXISTS (SELECT 1 FROM scores WHERE log = logs.seq AND evaluator = ?)", (HUMAN_EVALUATOR,)
)
QUEUES = {
    "all": MATCH_ALL,
    "errors": SqlCondition("logs.status = 'error'"),
    "failed": SqlCondition(
        "EXISTS (SELECT 1 FROM scores WHERE log = logs.seq AND evaluator != ? AND passed = 0)",
        (HUMAN_EVALUATOR,),
    ),
    "low": SqlCondition(
        "EXISTS (SELECT 1 FROM scores WHERE log = logs.seq AND evaluator != ? AND score < 0.5)",
        (HUMAN_EVALUATOR,),
    ),
}
"""Queues by name: all rows, errors, rows that failed an evaluator, rows with a low score."""


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """One queue over the rows of a dataset that match a condition."""

    dataset: int
    name: str
    filters: SqlCondition = MATCH_ALL

    @property
    def condition(self) -> SqlCondition:
        """Which rows are in the queue, reviewed or not."""
        return all_of([ROOTS, QUEUES[self.name], self.filters])

    def count(self, connection: sqlite3.Connection) -> int:
        """Count the rows of the queue, up to MAX_COUNTED + 1."""
        return page_queries.count_up_to(
            connection, self.dataset, self.condition, limit=MAX_COUNTED + 1
        )

    def count_reviewed(self, connection: sqlite3.Connection) -> int:
        """Count the reviewed rows of the queue, up to MAX_COUNTED + 1."""
        return page_queries.count_up_to(
            connection, self.dataset, all_of([REVIEWED, self.condition]), limit=MAX_COUNTED + 1
        )

    def find_next(self, connection: sqlite3.Connection, after: int = 0) -> str | None:
        """Return the id of the first unreviewed row after `after`, else of the first of all."""
        return self._find_unreviewed(connection, after) or self._find_unreviewed(connection, 0)

    def find_previous(self, connection: sqlite3.Connection, before: int) -> str | None:
        """Return the id of the row before `before`, reviewed or not."""
        return page_queries.find_older(connection, self.dataset, self.condition, before)

    def _find_unreviewed(self, connection: sqlite3.Connection, after: int) -> str | None:
        condition = all_of([self.condition, UNREVIEWED])
        return page_queries.find_newer(connection, self.dataset, condition, after)
