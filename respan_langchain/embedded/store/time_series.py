"""Time series for charts; they read a bounded number of logs."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from respan_langchain.embedded.store import logs_table
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR

MAX_ROWS = 2500
"""The newest logs that a time series reads; for more it reads the totals of hours."""
MAX_SAMPLE = 2500
"""Logs whose latencies stand for all, where totals of hours are read."""
MAX_SCORES = 3000
"""The newest scores that are read."""
MAX_BUCKETS = 60

HOUR, DAY = 3600, 86_400
SHORT_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
LONG_WIDTHS = (
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 28, 91, 182, 364, 3640, 36_400)),
)
"""Seconds that a bucket may have, from an hour on."""

Scores = dict[int, dict[str, float]]
"""The mean scores of a bucket, by its place and the name of the field."""


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
    people_score: float | None = None
    """The mean of the scores that people gave."""
    evaluator_score: float | None = None


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Intervals of equal length, without a gap."""

    buckets: list[Bucket]
    width: int
    """Seconds of one bucket."""
    is_complete: bool
    """Whether all matching logs are in it, and not only the newest MAX_ROWS."""
    is_sampled: bool
    """Whether latencies are of a sample of the logs."""


def compute_time_series(
    connection: sqlite3.Connection, dataset: sqlite3.Row, condition: SqlCondition
) -> TimeSeries | None:
    """Aggregate the matching logs over time; None when there are none."""
    if condition is MATCH_ALL and dataset["log_count"] > MAX_ROWS:
        return _compute_from_hours(connection, dataset["seq"])
    own = all_of([SqlCondition("logs.dataset = ?", (dataset["seq"],)), condition])
    if own.reads_other_tables:
        own = _find_newest(connection, own)
    rows = _aggregate_logs(connection, own)
    if not rows:
        return None
    width = rows[0]["width"]
    latencies = {
        row["place"]: [one / 1e6 for one in orjson.loads(f"[{row['latencies'] or ''}]")]
        for row in rows
    }
    scores = _mean_scores(connection, own, width)
    is_complete = sum(row["count"] for row in rows) < MAX_ROWS
    return TimeSeries(_fill(rows, latencies, scores), width, is_complete, is_sampled=False)


def _find_newest(connection: sqlite3.Connection, own: SqlCondition) -> SqlCondition:
    """Find the newest matching logs once: the condition is used for figures and for scores."""
    (found,) = connection.execute(
        "SELECT json_group_array(seq) FROM"  # noqa: S608
        f" (SELECT seq FROM {logs_table.tables_for(own)} WHERE {own.sql}"
        f" ORDER BY seq DESC LIMIT {MAX_ROWS})",
        own.parameters,
    ).fetchone()
    return SqlCondition("logs.seq IN (SELECT value FROM json_each(?))", (found,))


def _compute_from_hours(connection: sqlite3.Connection, dataset: int) -> TimeSeries:
    rows = connection.execute(
        "WITH found AS (SELECT *, hour * 3600 AS begin FROM hours"  # noqa: S608
        f" WHERE dataset = ? AND log_count > 0), {_choose_width(LONG_WIDTHS)}"
        " SELECT begin / width AS place, width, sum(log_count) AS count, sum(run_count) AS runs,"
        " sum(error_count) AS errors, sum(cost_count) AS cost_count,"
        " CASE WHEN sum(cost_count) THEN sum(total_cost) END AS cost,"
        " sum(token_count) AS token_count,"
        " CASE WHEN sum(token_count) THEN sum(prompt_tokens) END AS prompt_tokens,"
        " CASE WHEN sum(token_count) THEN sum(completion_tokens) END AS completion_tokens"
        " FROM found, step GROUP BY place ORDER BY place",
        (dataset,),
    ).fetchall()
    width = rows[0]["width"]
    latencies = _sample_latencies(connection, dataset, width)
    scores = _mean_scores(connection, SqlCondition("logs.dataset = ?", (dataset,)), width)
    return TimeSeries(_fill(rows, latencies, scores), width, is_complete=True, is_sampled=True)


def _choose_width(widths: tuple[int, ...]) -> str:
    """Write the SQL that chooses the width of the buckets by the timestamps of `found`."""
    values = ", ".join(f"({width})" for width in widths)
    return (
        f" widths(width) AS (VALUES {values}),"  # noqa: S608  # numbers from the lists above
        " span AS (SELECT max(begin) - min(begin) AS length FROM found),"
        " step AS (SELECT min(width) AS width FROM widths, span"
        f" WHERE width * {MAX_BUCKETS - 1} >= length)"
    )


def _aggregate_logs(connection: sqlite3.Connection, own: SqlCondition) -> list[sqlite3.Row]:
    """Aggregate the newest matching logs.

    A log whose root is among them is not summed: the root's sums include it.
    """
    return connection.execute(
        "WITH found AS (SELECT happened_at AS begin, status, cost, prompt_tokens,"  # noqa: S608
        " completion_tokens, latency, trace_unique_id, covered"
        f" FROM {logs_table.tables_for(own)} WHERE {own.sql} ORDER BY seq DESC LIMIT {MAX_ROWS}),"
        " roots AS (SELECT trace_unique_id FROM found WHERE NOT covered"
        f" AND trace_unique_id IS NOT NULL), {_choose_width(SHORT_WIDTHS + LONG_WIDTHS)},"
        # With a limit SQLite evaluates `own` once for each row, rather than where it is used.
        " runs AS (SELECT *, NOT covered OR trace_unique_id NOT IN roots AS own FROM found"
        f" LIMIT {MAX_ROWS})"
        " SELECT CAST(begin / width AS INTEGER) AS place, width, count(*) AS count,"
        " sum(own) AS runs, sum(status IS 'error') AS errors,"
        " sum(cost) FILTER (WHERE own) AS cost, count(cost) FILTER (WHERE own) AS cost_count,"
        " sum(prompt_tokens) FILTER (WHERE own) AS prompt_tokens,"
        " sum(completion_tokens) FILTER (WHERE own) AS completion_tokens,"
        " sum(own AND ifnull(prompt_tokens, completion_tokens) IS NOT NULL) AS token_count,"
        " group_concat(CAST(latency * 1e6 AS INTEGER)) FILTER (WHERE own) AS latencies"
        " FROM runs, step GROUP BY place ORDER BY place",
        own.parameters,
    ).fetchall()


def _sample_latencies(
    connection: sqlite3.Connection, dataset: int, width: int
) -> dict[int, list[float]]:
    """Read the latencies of logs at equal distances in the order of insertion, by bucket."""
    found: dict[int, list[float]] = {}
    for row in connection.execute(
        # SQLite finds a minimum in an index only where it is asked for nothing else.
        "WITH RECURSIVE ends AS (SELECT"  # noqa: S608
        " (SELECT min(seq) FROM logs WHERE dataset = :dataset) AS first,"
        " (SELECT max(seq) FROM logs WHERE dataset = :dataset) AS last),"
        " places(seq) AS (SELECT first FROM ends UNION ALL"
        f" SELECT seq + max((last - first) / {MAX_SAMPLE}, 1) FROM places, ends WHERE seq < last)"
        " SELECT CAST(happened_at / :width AS INTEGER) AS place, latency FROM logs WHERE seq IN"
        " (SELECT (SELECT min(seq) FROM logs WHERE dataset = :dataset AND covered = 0"
        " AND seq >= places.seq) FROM places) AND latency IS NOT NULL",
        {"dataset": dataset, "width": width},
    ):
        found.setdefault(row["place"], []).append(row["latency"])
    return found


def _mean_scores(connection: sqlite3.Connection, own: SqlCondition, width: int) -> Scores:
    """Read the mean of the newest MAX_SCORES scores by people and by evaluators, by bucket."""
    found: Scores = {}
    for name, sign in [("people_score", "="), ("evaluator_score", "!=")]:
        for row in connection.execute(
            f"SELECT CAST(happened_at / ? AS INTEGER) AS place, avg(score) AS mean"  # noqa: S608
            f" FROM (SELECT log, score FROM scores WHERE evaluator {sign} ? AND score IS NOT NULL"
            f" ORDER BY log DESC LIMIT {MAX_SCORES}) AS newest"
            f" CROSS JOIN {logs_table.tables_for(own)} WHERE logs.seq = newest.log AND {own.sql}"
            " GROUP BY place",
            (width, HUMAN_EVALUATOR, *own.parameters),
        ):
            found.setdefault(row["place"], {})[name] = row["mean"]
    return found


def _fill(
    rows: list[sqlite3.Row], latencies: Mapping[int, list[float]], scores: Scores
) -> list[Bucket]:
    """Build a bucket for each interval, those without logs as well."""
    width = rows[0]["width"]
    found = {
        row["place"]: _build_bucket(
            row, sorted(latencies.get(row["place"], [])), scores.get(row["place"], {})
        )
        for row in rows
    }
    places = range(rows[0]["place"], rows[-1]["place"] + 1)
    return [found.get(place) or Bucket(float(place * width)) for place in places]


def _build_bucket(row: sqlite3.Row, latencies: list[float], scores: Mapping[str, float]) -> Bucket:
    return Bucket(
        begin=float(row["place"] * row["width"]),
        count=row["count"],
        runs=row["runs"],
        errors=row["errors"],
        cost=row["cost"],
        cost_count=row["cost_count"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        token_count=row["token_count"],
        median_latency=_quantile(latencies, 0.5),
        slow_latency=_quantile(latencies, 0.95),
        **scores,
    )


def _quantile(ordered: list[float], share: float) -> float | None:
    return ordered[round((len(ordered) - 1) * share)] if ordered else None
