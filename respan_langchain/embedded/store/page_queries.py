"""Queries over logs for the web pages and the review queues, besides the API's own lists.

They read the beginning of contents only, and count no further than a page shows.
"""

import sqlite3
from collections.abc import Sequence

import orjson

from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.logs_table import COLUMNS, tables_for

PREVIEW_FULL_CHARS = 16_000
"""A content up to this many characters is read whole for a preview."""
PREVIEW_CHARS = 2000
"""Characters that are read of a longer content."""
PREVIEW = ", ".join([
    *COLUMNS,
    *(
        f"CASE WHEN length({name}) <= {PREVIEW_FULL_CHARS} THEN {name}"
        f" ELSE substr({name}, 1, {PREVIEW_CHARS}) END AS {name}"
        for name in ("input", "output", "expected_output")
    ),
])  # fmt: skip
"""The columns of a log for a table: all but its contents, and the beginning of some of these."""
MAX_VALUES = 30
"""Distinct values of one column."""
MAX_DISAGREEMENTS = 50
"""Logs that two evaluators scored differently."""
_SCORED_BY_BOTH = (
    "FROM scores AS a CROSS JOIN scores AS b ON b.log = a.log AND b.evaluator = :other"
    " CROSS JOIN logs ON logs.seq = a.log AND logs.dataset = :dataset"
    " WHERE a.evaluator = :one AND a.score IS NOT NULL AND b.score IS NOT NULL"
)


def list_page_by_score(
    connection: sqlite3.Connection,
    dataset: int,
    condition: SqlCondition,
    *,
    evaluator: str,
    direction: str,
    limit: int,
    offset: int,
) -> list[sqlite3.Row]:
    """List the PREVIEW of matching logs with a score; `direction` is ASC or DESC."""
    return connection.execute(
        f"SELECT {PREVIEW} FROM (SELECT seq, scores.score AS place FROM {_scored(condition)}"  # noqa: S608
        f" ORDER BY scores.score {direction}, scores.log {direction} LIMIT ? OFFSET ?)"
        " JOIN logs USING (seq) JOIN contents USING (seq)"
        f" ORDER BY place {direction}, seq {direction}",
        (evaluator, dataset, *condition.parameters, limit, offset),
    ).fetchall()


def count_scored_up_to(
    connection: sqlite3.Connection,
    dataset: int,
    condition: SqlCondition,
    *,
    evaluator: str,
    limit: int,
) -> int:
    """Count the matching logs that an evaluator has scored, but stop at `limit`."""
    (found,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {_scored(condition)} LIMIT ?)",  # noqa: S608
        (evaluator, dataset, *condition.parameters, limit),
    ).fetchone()
    return int(found)


def _scored(condition: SqlCondition) -> str:
    # CROSS JOIN keeps the order: the scores come sorted from their index.
    return (
        f"scores CROSS JOIN {tables_for(condition)}"
        " WHERE scores.evaluator = ? AND scores.score IS NOT NULL AND logs.seq = scores.log"
        f" AND dataset = ? AND {condition.sql}"
    )


def count_up_to(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, limit: int
) -> int:
    """Count the matching logs of a dataset, but stop at `limit`."""
    (found,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1"  # noqa: S608
        f" FROM {tables_for(condition)} WHERE dataset = ? AND {condition.sql} LIMIT ?)",
        (dataset, *condition.parameters, limit),
    ).fetchone()
    return int(found)


def list_trace(
    connection: sqlite3.Connection, dataset: int, trace: str | None
) -> list[sqlite3.Row]:
    """List up to 100 logs of one trace, without contents, in the order in which they ended."""
    return connection.execute(
        "SELECT * FROM logs WHERE dataset = ? AND trace_unique_id = ?"
        " ORDER BY happened_at, seq LIMIT 100",
        (dataset, trace),
    ).fetchall()


def count_traces(
    connection: sqlite3.Connection, dataset: int, traces: Sequence[str]
) -> dict[str, int]:
    """Count the logs of each trace."""
    rows = connection.execute(
        "SELECT trace_unique_id, count(*) AS count FROM logs WHERE dataset = ?"
        " AND trace_unique_id IN (SELECT value FROM json_each(?)) GROUP BY trace_unique_id",
        (dataset, orjson.dumps(list(traces)).decode()),
    )
    return {row["trace_unique_id"]: row["count"] for row in rows}


def find_neighbours(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, seq: int
) -> tuple[str | None, str | None]:
    """Return the ids of the next newer and the next older log that match; None at either end."""
    return (
        find_newer(connection, dataset, condition, seq),
        find_older(connection, dataset, condition, seq),
    )


def find_newer(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, seq: int
) -> str | None:
    """Return the id of the first matching log after `seq`."""
    newer = all_of([condition, SqlCondition("logs.seq > ?", (seq,))])
    return _find_first(connection, dataset, newer, order="seq ASC")


def find_older(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, seq: int
) -> str | None:
    """Return the id of the last matching log before `seq`."""
    older = all_of([condition, SqlCondition("logs.seq < ?", (seq,))])
    return _find_first(connection, dataset, older, order="seq DESC")


def _find_first(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, *, order: str
) -> str | None:
    row = connection.execute(
        f"SELECT unique_id FROM {tables_for(condition)}"  # noqa: S608
        f" WHERE dataset = ? AND {condition.sql} ORDER BY {order} LIMIT 1",
        (dataset, *condition.parameters),
    ).fetchone()
    return str(row["unique_id"]) if row is not None else None


def list_values(connection: sqlite3.Connection, dataset: int, column: str) -> list[str]:
    """List the distinct values of an indexed text column, by skipping through its index."""
    rows = connection.execute(
        f"WITH RECURSIVE found(value) AS (SELECT min({column}) FROM logs WHERE dataset = :dataset"  # noqa: S608
        f" UNION ALL SELECT (SELECT min({column}) FROM logs WHERE dataset = :dataset"
        f" AND {column} > found.value) FROM found WHERE found.value IS NOT NULL)"
        f" SELECT value FROM found WHERE value IS NOT NULL LIMIT {MAX_VALUES}",
        {"dataset": dataset},
    )
    return [row["value"] for row in rows]


def count_agreement(
    connection: sqlite3.Connection, dataset: int, one: str, other: str
) -> sqlite3.Row:
    """Return `scored` logs, those with the `same` score, and the means `one` and `other`."""
    found: sqlite3.Row = connection.execute(
        "SELECT count(*) AS scored, total(a.score = b.score) AS same,"
        f" avg(a.score) AS one, avg(b.score) AS other {_SCORED_BY_BOTH}",
        {"dataset": dataset, "one": one, "other": other},
    ).fetchone()
    return found


def list_disagreements(
    connection: sqlite3.Connection, dataset: int, one: str, other: str
) -> list[sqlite3.Row]:
    """List the logs whose two scores differ most, with their `input` and both scores."""
    return connection.execute(
        "SELECT unique_id, input, one, other FROM (SELECT a.log AS seq, a.score AS one,"  # noqa: S608
        f" b.score AS other, unique_id {_SCORED_BY_BOTH} AND a.score != b.score"
        f" ORDER BY abs(a.score - b.score) DESC, a.log DESC LIMIT {MAX_DISAGREEMENTS})"
        " JOIN contents USING (seq) ORDER BY abs(one - other) DESC, seq DESC",
        {"dataset": dataset, "one": one, "other": other},
    ).fetchall()
