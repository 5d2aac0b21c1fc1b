"""Figures over many logs, for charts and menus: bounded in what they read, whatever the size."""

import sqlite3
from dataclasses import dataclass

from respan_langchain.local import logs_table
from respan_langchain.local.fields import Condition
from respan_langchain.local.filters import all_of

READ = 100_000
"""The newest logs that figures cover."""
BUCKETS = 60
MOST_VALUES = 30
"""Values of a menu."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What happened in one stretch of time."""

    begin: float
    count: int = 0
    errors: int = 0
    cost: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    median_latency: float | None = None
    slow_latency: float | None = None
    """95 of 100 were quicker."""


@dataclass(frozen=True, slots=True)
class Course:
    """How figures ran over time."""

    buckets: list[Bucket]
    width: float
    """Seconds of one bucket."""


def course(connection: sqlite3.Connection, dataset: int, condition: Condition) -> Course | None:
    """Sort the newest logs into stretches of equal length; None when there are no logs."""
    own = all_of([Condition("logs.dataset = ?", (dataset,)), condition])
    rows = connection.execute(
        "SELECT happened_at, status, cost, prompt_tokens, completion_tokens, total_tokens, latency"  # noqa: S608
        f" FROM {logs_table.sources(own)} WHERE {own.sql} ORDER BY seq DESC LIMIT {READ}",
        own.parameters,
    ).fetchall()
    if not rows:
        return None
    moments = [row["happened_at"] for row in rows]
    begin = min(moments)
    width = max((max(moments) - begin) / BUCKETS, 1.0)
    sorted_rows: list[list[sqlite3.Row]] = [[] for _ in range(BUCKETS)]
    for row in rows:
        place = int((row["happened_at"] - begin) / width)
        sorted_rows[min(place, BUCKETS - 1)].append(row)
    buckets = [_bucket(begin + place * width, found) for place, found in enumerate(sorted_rows)]
    return Course(buckets, width)


def _bucket(begin: float, rows: list[sqlite3.Row]) -> Bucket:
    latencies = sorted(row["latency"] for row in rows if row["latency"] is not None)
    return Bucket(
        begin,
        len(rows),
        sum(row["status"] == "error" for row in rows),
        sum(row["cost"] or 0.0 for row in rows),
        sum(row["prompt_tokens"] or 0 for row in rows),
        sum(row["completion_tokens"] or 0 for row in rows),
        _quantile(latencies, 0.5),
        _quantile(latencies, 0.95),
    )


def _quantile(ordered: list[float], share: float) -> float | None:
    return ordered[round((len(ordered) - 1) * share)] if ordered else None


def values_of(connection: sqlite3.Connection, dataset: int, column: str) -> list[str]:
    """List the different values of an indexed column of text, by skipping through its index."""
    rows = connection.execute(
        f"WITH RECURSIVE found(value) AS (SELECT min({column}) FROM logs WHERE dataset = :dataset"  # noqa: S608
        f" UNION ALL SELECT (SELECT min({column}) FROM logs WHERE dataset = :dataset"
        f" AND {column} > found.value) FROM found WHERE found.value IS NOT NULL)"
        f" SELECT value FROM found WHERE value IS NOT NULL LIMIT {MOST_VALUES}",
        {"dataset": dataset},
    )
    return [row["value"] for row in rows]
