"""Sums and means over a dataset's logs."""

import sqlite3
from typing import Any

from respan_langchain.embedded.store import logs_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of


def compute_summary(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition
) -> dict[str, Any]:
    """Add up the matching logs.

    A sum or mean over no values is 0, as the API's contract has no null there: the numbers of rows
    with a known cost, tokens and latency tell the two zeros apart.
    """
    own = all_of([SqlCondition("logs.dataset = ?", (dataset,)), condition])
    sums = connection.execute(
        "SELECT count(*) AS number_of_requests,"  # noqa: S608
        " count(cost) AS number_with_cost,"
        " count(total_tokens) AS number_with_tokens,"
        " count(latency) AS number_with_latency,"
        " total(cost) AS total_cost,"
        " total(total_tokens) AS total_tokens,"
        " total(prompt_tokens) AS total_prompt_tokens,"
        " total(completion_tokens) AS total_completion_tokens,"
        " ifnull(avg(latency), 0.0) AS avg_latency,"
        " ifnull(avg(tokens_per_second), 0.0) AS avg_tps,"
        " ifnull(avg(time_to_first_token), 0.0) AS avg_ttft"
        f" FROM {logs_table.tables_for(own)} WHERE {own.sql}",
        own.parameters,
    ).fetchone()
    whole = {
        name: int(sums[name])
        for name in ("total_tokens", "total_prompt_tokens", "total_completion_tokens")
    }
    return dict(sums) | whole | {"scores": _mean_scores(connection, own)}


def _mean_scores(connection: sqlite3.Connection, own: SqlCondition) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        "SELECT evaluator, avg(score) AS mean, total(passed = 1) AS passed,"  # noqa: S608
        " total(passed = 0) AS failed FROM scores WHERE score IS NOT NULL AND log IN"
        f" (SELECT seq FROM {logs_table.tables_for(own)} WHERE {own.sql}) GROUP BY evaluator",
        own.parameters,
    )
    return {row["evaluator"]: _summarize_score(row) for row in rows}


def _summarize_score(row: sqlite3.Row) -> dict[str, Any]:
    name = row["evaluator"]
    return {
        "evaluator_id": name,
        "evaluator_slug": name,
        "evaluator_name": name,
        "score_value_type": "numerical",
        "avg_score": row["mean"],
        "true_count": int(row["passed"]),
        "false_count": int(row["failed"]),
    }
