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
        " CAST(total(total_tokens) AS INTEGER) AS total_tokens,"
        " CAST(total(prompt_tokens) AS INTEGER) AS total_prompt_tokens,"
        " CAST(total(completion_tokens) AS INTEGER) AS total_completion_tokens,"
        " ifnull(avg(latency), 0.0) AS avg_latency,"
        " ifnull(avg(tokens_per_second), 0.0) AS avg_tps,"
        " ifnull(avg(time_to_first_token), 0.0) AS avg_ttft"
        f" FROM {logs_table.tables_for(own)} WHERE {own.sql}",
        own.parameters,
    ).fetchone()
    return {**dict(sums), "scores": _mean_scores(connection, own)}


def _mean_scores(connection: sqlite3.Connection, own: SqlCondition) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        "SELECT evaluator AS evaluator_id, evaluator AS evaluator_slug,"  # noqa: S608
        " evaluator AS evaluator_name, 'numerical' AS score_value_type, avg(score) AS avg_score,"
        " count(*) FILTER (WHERE passed = 1) AS true_count,"
        " count(*) FILTER (WHERE passed = 0) AS false_count"
        " FROM scores WHERE score IS NOT NULL AND log IN"
        f" (SELECT seq FROM {logs_table.tables_for(own)} WHERE {own.sql}) GROUP BY evaluator",
        own.parameters,
    )
    return {row["evaluator_id"]: dict(row) for row in rows}
