"""Review queues: which rows people should look at, which are reviewed, and what comes next.

A queue holds the roots of traces, and rows without a trace; a row is reviewed once it has a score
by a person. Queues are in the order of insertion, so that new rows come last.
"""

import sqlite3
from dataclasses import dataclass
from functools import partial

from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.page_queries import count_up_to, find_neighbour
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
        return count_up_to(connection, self.dataset, self.condition, MAX_COUNTED + 1)

    def count_reviewed(self, connection: sqlite3.Connection) -> int:
        """Count the reviewed rows of the queue, up to MAX_COUNTED + 1."""
        reviewed = all_of([REVIEWED, self.condition])
        return count_up_to(connection, self.dataset, reviewed, MAX_COUNTED + 1)

    def find_next(self, connection: sqlite3.Connection, after: int = 0) -> str | None:
        """Return the id of the first unreviewed row after `after`, else of the first of all."""
        unreviewed = all_of([self.condition, UNREVIEWED])
        find = partial(find_neighbour, connection, self.dataset, unreviewed, newer=True)
        return find(after) or find(0)

    def find_previous(self, connection: sqlite3.Connection, before: int) -> str | None:
        """Return the id of the row before `before`, reviewed or not."""
        return find_neighbour(connection, self.dataset, self.condition, before, newer=False)
