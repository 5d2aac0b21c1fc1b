"""Time series and distinct values for charts and menus; they read a bounded number of logs."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from respan_langchain.embedded.store import logs_table
from respan_langchain.embedded.store.fields import Condition
from respan_langchain.embedded.store.filters import all_of

MAX_ROWS = 100_000
"""The newest logs that a time series covers."""
BUCKETS = 60
MAX_VALUES = 30
"""Distinct values of one column."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The logs of one interval of time; a figure is of `runs` alone, None when none is known."""

    begin: float
    count: int = 0
    runs: int = 0
    """Rows that are not covered by the root of their trace."""
    errors: int = 0
    cost: float | None = None
    cost_count: int = 0
    """Runs whose cost is known."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    token_count: int = 0
    """Runs whose tokens are known."""
    median_latency: float | None = None
    slow_latency: float | None = None
    """The 95th percentile."""


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Intervals of equal length."""

    buckets: list[Bucket]
    width: float
    """Seconds of one bucket."""


def compute_time_series(
    connection: sqlite3.Connection, dataset: int, condition: Condition
) -> TimeSeries | None:
    """Aggregate the newest matching logs over time; None when there are none."""
    own = all_of([Condition("logs.dataset = ?", (dataset,)), condition])
    rows = connection.execute(
        "SELECT seq, happened_at, status, cost, prompt_tokens, completion_tokens, latency,"  # noqa: S608
        " trace_unique_id, span_unique_id, span_parent_id"
        f" FROM {logs_table.tables_for(own)} WHERE {own.sql} ORDER BY seq DESC LIMIT {MAX_ROWS}",
        own.parameters,
    ).fetchall()
    if not rows:
        return None
    begin, width = _time_span([row["happened_at"] for row in rows])
    covered = _find_covered(rows)
    sorted_rows: list[list[sqlite3.Row]] = [[] for _ in range(BUCKETS)]
    for row in rows:
        place = int((row["happened_at"] - begin) / width)
        sorted_rows[min(place, BUCKETS - 1)].append(row)
    buckets = [
        _aggregate(begin + place * width, found, covered) for place, found in enumerate(sorted_rows)
    ]
    return TimeSeries(buckets, width)


def _time_span(moments: list[float]) -> tuple[float, float]:
    begin, end = min(moments), max(moments)
    if begin == end:
        return begin - BUCKETS / 2, 1.0
    return begin, (end - begin) / BUCKETS


def _find_covered(rows: list[sqlite3.Row]) -> set[int]:
    """Return the `seq` of rows whose root is among the rows: its sums include them."""
    roots = {row["trace_unique_id"] for row in rows if _is_root(row)} - {None}
    return {row["seq"] for row in rows if row["trace_unique_id"] in roots and not _is_root(row)}


def _is_root(row: sqlite3.Row) -> bool:
    return row["span_parent_id"] is None or row["span_unique_id"] == row["trace_unique_id"]


def _aggregate(begin: float, rows: list[sqlite3.Row], covered: set[int]) -> Bucket:
    own = [row for row in rows if row["seq"] not in covered]
    costs = [row["cost"] for row in own if row["cost"] is not None]
    latencies = sorted(row["latency"] for row in own if row["latency"] is not None)
    return Bucket(
        begin,
        len(rows),
        len(own),
        sum(row["status"] == "error" for row in rows),
        sum(costs) if costs else None,
        len(costs),
        _sum_known(row["prompt_tokens"] for row in own),
        _sum_known(row["completion_tokens"] for row in own),
        sum(_has_tokens(row) for row in own),
        _quantile(latencies, 0.5),
        _quantile(latencies, 0.95),
    )


def _has_tokens(row: sqlite3.Row) -> bool:
    return row["prompt_tokens"] is not None or row["completion_tokens"] is not None


def _sum_known(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _quantile(ordered: list[float], share: float) -> float | None:
    return ordered[round((len(ordered) - 1) * share)] if ordered else None


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
