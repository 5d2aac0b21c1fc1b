"""The schema as a list of migrations: number N takes a file from version N to N + 1.

A released migration is never changed; a new one is appended.
"""

import sqlite3
import time
from collections.abc import Callable

from respan_langchain.embedded.store import search_index, triggers

INDEXED_COLUMNS = (
    "unique_id", "status", "status_code", "customer_identifier", "thread_identifier",
    "custom_identifier", "group_identifier", "trace_unique_id", "span_name", "span_workflow_name",
    "model", "log_type", "prompt_tokens", "completion_tokens", "total_tokens", "cost", "latency",
    "created_at", "happened_at",
)  # fmt: skip
"""Columns by which lists of logs are filtered and sorted; each has an index."""

SAVED_LOGS = "_saved_logs"
"""Id of the virtual dataset that always exists."""


def create_datasets_and_logs(connection: sqlite3.Connection) -> None:
    """Version 1: datasets, their logs, and the logs' contents.

    Long texts have a table of their own, so that counting and sorting read short rows only.
    `seq` is the order of insertion and is never reused. Version 7 creates the triggers of totals.
    """
    connection.execute("""
        CREATE TABLE datasets (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            description TEXT NOT NULL DEFAULT '',
            type TEXT NOT NULL DEFAULT 'sampling',
            status TEXT NOT NULL DEFAULT 'ready',
            initial_log_filters TEXT NOT NULL DEFAULT '{}',
            starred INTEGER NOT NULL DEFAULT 0,
            tags TEXT NOT NULL DEFAULT '[]',
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            log_count INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            total_cost REAL NOT NULL DEFAULT 0,
            prompt_tokens INTEGER NOT NULL DEFAULT 0,
            completion_tokens INTEGER NOT NULL DEFAULT 0,
            total_tokens INTEGER NOT NULL DEFAULT 0
        )""")
    connection.execute("""
        CREATE TABLE logs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset INTEGER NOT NULL REFERENCES datasets(seq) ON DELETE CASCADE,
            unique_id TEXT NOT NULL UNIQUE,
            origin TEXT,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            happened_at REAL NOT NULL,
            log_type TEXT, model TEXT, status TEXT, status_code INTEGER, error_message TEXT,
            custom_identifier TEXT, customer_identifier TEXT, thread_identifier TEXT,
            group_identifier TEXT, trace_unique_id TEXT, span_unique_id TEXT, span_parent_id TEXT,
            span_name TEXT, span_workflow_name TEXT,
            prompt_tokens INTEGER, completion_tokens INTEGER, total_tokens INTEGER,
            cost REAL, latency REAL, time_to_first_token REAL, tokens_per_second REAL
        )""")
    connection.execute("""
        CREATE TABLE contents (
            seq INTEGER PRIMARY KEY REFERENCES logs(seq) ON DELETE CASCADE,
            input TEXT, output TEXT, expected_output TEXT, metadata TEXT, metrics TEXT,
            prompt TEXT, completion TEXT
        )""")
    for column in INDEXED_COLUMNS:
        if column != "unique_id":
            connection.execute(f"CREATE INDEX logs_{column} ON logs(dataset, {column})")
    now = time.time()
    connection.execute(
        "INSERT INTO datasets(id, name, type, created_at, updated_at)"
        " VALUES (?, 'Saved logs', 'virtual', ?, ?)",
        (SAVED_LOGS, now, now),
    )


def create_scores_and_runs(connection: sqlite3.Connection) -> None:
    """Version 2: scores by people and evaluators, and evaluation runs.

    A log has one score of each evaluator, the newest. A copied log names its origin and is found by
    it, so that a repeated import stores it once.
    """
    connection.execute("""
        CREATE TABLE scores (
            log INTEGER NOT NULL REFERENCES logs(seq) ON DELETE CASCADE,
            evaluator TEXT NOT NULL,
            score REAL,
            passed INTEGER,
            comment TEXT NOT NULL DEFAULT '',
            created_at REAL NOT NULL,
            PRIMARY KEY (log, evaluator)
        ) WITHOUT ROWID""")
    connection.execute("""
        CREATE TABLE runs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            task_id TEXT NOT NULL UNIQUE,
            dataset INTEGER NOT NULL REFERENCES datasets(seq) ON DELETE CASCADE,
            evaluator TEXT NOT NULL,
            status TEXT NOT NULL,
            started_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            completed_at REAL,
            error_message TEXT,
            evaluated_logs_count INTEGER NOT NULL DEFAULT 0,
            score REAL
        )""")
    connection.execute("CREATE INDEX runs_dataset ON runs(dataset)")
    connection.execute("CREATE INDEX logs_origin ON logs(dataset, origin) WHERE origin IS NOT NULL")


def index_logs_by_arrival(connection: sqlite3.Connection) -> None:
    """Version 3: an index for lists in insertion order, and statistics for SQLite's query planner.

    Without statistics SQLite sorts a million logs to find one by its identifier. They are fixed
    rather than measured, so that every file has the same query plans.
    """
    connection.execute("CREATE INDEX logs_dataset ON logs(dataset)")
    connection.execute("ANALYZE")
    connection.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'logs'")
    rows_per_value = dict.fromkeys(INDEXED_COLUMNS, 20) | ROWS_PER_VALUE
    rows = [
        (f"logs_{column}", f"1000000 1000000 {logs}")
        for column, logs in rows_per_value.items()
        if column != "unique_id"
    ]
    connection.executemany(
        "INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ('logs', ?, ?)",
        [*rows, ("logs_dataset", "1000000 1000000"), ("sqlite_autoindex_logs_1", "1000000 1")],
    )
    connection.execute("ANALYZE sqlite_schema")


ROWS_PER_VALUE = {
    "status": 500_000, "status_code": 500_000, "log_type": 200_000, "model": 200_000,
    "span_workflow_name": 200_000, "span_name": 100_000, "group_identifier": 1000,
    "customer_identifier": 1000, "thread_identifier": 20, "trace_unique_id": 10,
    "custom_identifier": 1,
}  # fmt: skip
"""How many of a million logs share one value of a column."""


def mark_covered_logs(connection: sqlite3.Connection) -> None:
    """Version 4: the mark of logs whose cost and tokens are in the sums of their trace's root."""
    connection.execute("ALTER TABLE logs ADD COLUMN covered INTEGER NOT NULL DEFAULT 0")


def count_known_figures(connection: sqlite3.Connection) -> None:
    """Version 5: totals that count a trace once, and of how many rows cost and tokens are known.

    Version 7 creates their triggers.
    """
    for column in triggers.KNOWN_COUNTS:
        connection.execute(f"ALTER TABLE datasets ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")


def record_reviews(connection: sqlite3.Connection) -> None:
    """Version 6: who gave a score, and an index that finds the rows that people have reviewed."""
    connection.execute("ALTER TABLE scores ADD COLUMN author TEXT NOT NULL DEFAULT ''")
    connection.execute("CREATE INDEX scores_evaluator ON scores(evaluator, log)")


def index_for_pages(connection: sqlite3.Connection) -> None:
    """Version 7: what pages over a million logs need: totals of hours, and indexes."""
    connection.execute("""
        CREATE TABLE hours (
            dataset INTEGER NOT NULL REFERENCES datasets(seq) ON DELETE CASCADE,
            hour INTEGER NOT NULL,
            log_count INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            run_count INTEGER NOT NULL DEFAULT 0,
            cost_count INTEGER NOT NULL DEFAULT 0,
            token_count INTEGER NOT NULL DEFAULT 0,
            total_cost REAL NOT NULL DEFAULT 0,
            prompt_tokens INTEGER NOT NULL DEFAULT 0,
            completion_tokens INTEGER NOT NULL DEFAULT 0,
            total_tokens INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (dataset, hour)
        ) WITHOUT ROWID""")
    triggers.install(connection)
    search_index.install(connection)
    connection.execute("CREATE INDEX scores_score ON scores(evaluator, score, log)")
    # A dataset may hold a small part of a file's logs.
    connection.execute("UPDATE sqlite_stat1 SET stat = '1000000 300000' WHERE idx = 'logs_dataset'")
    connection.execute("ANALYZE sqlite_schema")


def index_expected_outputs(connection: sqlite3.Connection) -> None:
    """Version 8: an index that finds the rows that have an expected output."""
    connection.execute(
        "CREATE INDEX contents_expected ON contents(seq) WHERE expected_output IS NOT NULL"
    )


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    create_datasets_and_logs,
    create_scores_and_runs,
    index_logs_by_arrival,
    mark_covered_logs,
    count_known_figures,
    record_reviews,
    index_for_pages,
    index_expected_outputs,
)
