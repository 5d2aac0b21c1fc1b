"""Queries over logs for the web pages and the review queues, besides the API's own lists.

They read the beginning of contents only, and count no further than a page shows.
"""

import sqlite3
from collections.abc import Sequence

import orjson

from respan_langchain.embedded.store.fields import SqlCondition
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
    scored = _scored(dataset, condition, evaluator)
    return connection.execute(
        f"SELECT {PREVIEW} FROM (SELECT seq, scores.score AS place FROM {scored.sql}"  # noqa: S608
        f" ORDER BY scores.score {direction}, scores.log {direction} LIMIT ? OFFSET ?)"
        " JOIN logs USING (seq) JOIN contents USING (seq)"
        f" ORDER BY place {direction}, seq {direction}",
        (*scored.parameters, limit, offset),
    ).fetchall()


def count_up_to(
    connection: sqlite3.Connection,
    dataset: int,
    condition: SqlCondition,
    limit: int,
    *,
    evaluator: str | None = None,
) -> int:
    """Count the matching logs, or those that an evaluator has scored, but stop at `limit`."""
    matching = SqlCondition(
        f"{tables_for(condition)} WHERE dataset = ? AND {condition.sql}",
        (dataset, *condition.parameters),
    )
    if evaluator is not None:
        matching = _scored(dataset, condition, evaluator)
    (found,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {matching.sql} LIMIT ?)",  # noqa: S608
        (*matching.parameters, limit),
    ).fetchone()
    return int(found)


def _scored(dataset: int, condition: SqlCondition, evaluator: str) -> SqlCondition:
    """Write what follows FROM for the matching logs that an evaluator has scored."""
    # CROSS JOIN keeps the order: the scores come sorted from their index.
    return SqlCondition(
        f"scores CROSS JOIN {tables_for(condition)}"
        " WHERE scores.evaluator = ? AND scores.score IS NOT NULL AND logs.seq = scores.log"
        f" AND dataset = ? AND {condition.sql}",
        (evaluator, dataset, *condition.parameters),
    )


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


def find_neighbour(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, seq: int, *, newer: bool
) -> str | None:
    """Return the id of the next newer, or the next older, log that matches; None at the end."""
    sign, direction = (">", "ASC") if newer else ("<", "DESC")
    row = connection.execute(
        f"SELECT unique_id FROM {tables_for(condition)} WHERE dataset = ? AND {condition.sql}"  # noqa: S608
        f" AND logs.seq {sign} ? ORDER BY seq {direction} LIMIT 1",
        (dataset, *condition.parameters, seq),
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
