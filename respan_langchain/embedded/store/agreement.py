"""How the scores of two evaluators agree on the logs that both have scored."""

import sqlite3

MAX_ROWS = 50
"""Logs that are listed."""

_BOTH = (
    "FROM scores AS a CROSS JOIN scores AS b ON b.log = a.log AND b.evaluator = :other"
    " CROSS JOIN logs ON logs.seq = a.log AND logs.dataset = :dataset"
)
_SCORED = "WHERE a.evaluator = :one AND a.score IS NOT NULL AND b.score IS NOT NULL"


def count_agreement(
    connection: sqlite3.Connection, dataset: int, one: str, other: str
) -> sqlite3.Row:
    """Return `scored` logs, those with the `same` score, and the means `one` and `other`."""
    found: sqlite3.Row = connection.execute(
        "SELECT count(*) AS scored, total(a.score = b.score) AS same,"
        f" avg(a.score) AS one, avg(b.score) AS other {_BOTH} {_SCORED}",
        {"dataset": dataset, "one": one, "other": other},
    ).fetchone()
    return found


def list_disagreements(
    connection: sqlite3.Connection, dataset: int, one: str, other: str
) -> list[sqlite3.Row]:
    """List the logs whose two scores differ most, with their `input` and both scores."""
    return connection.execute(
        "SELECT unique_id, input, one, other FROM (SELECT a.log AS seq, a.score AS one,"  # noqa: S608
        f" b.score AS other, unique_id {_BOTH} {_SCORED} AND a.score != b.score"
        f" ORDER BY abs(a.score - b.score) DESC, a.log DESC LIMIT {MAX_ROWS})"
        " JOIN contents USING (seq) ORDER BY abs(one - other) DESC, seq DESC",
        {"dataset": dataset, "one": one, "other": other},
    ).fetchall()
