"""The schema of a store's file: its tables, indexes, triggers, and their one version number.

A file of another version or of another program is refused, and left as it is.
"""

import sqlite3
import time

from respan_langchain.embedded.store import search_index, triggers
from respan_langchain.embedded.store.errors import ForeignFileError

APPLICATION_ID = 0x52_53_50_4C
"""SQLite's mark of the program that a file belongs to."""
VERSION = 8
"""Changes with the schema. No released version wrote a lower one."""

SAVED_LOGS = "_saved_logs"
"""Id of the virtual dataset that always exists."""

INDEXED_COLUMNS = {
    "status": 500_000, "status_code": 500_000, "customer_identifier": 1000,
    "thread_identifier": 20, "custom_identifier": 1, "group_identifier": 1000,
    "trace_unique_id": 10, "span_name": 100_000, "span_workflow_name": 200_000,
    "model": 200_000, "log_type": 200_000, "prompt_tokens": 20, "completion_tokens": 20,
    "total_tokens": 20, "cost": 20, "latency": 20, "created_at": 20, "happened_at": 20,
}  # fmt: skip
"""Columns by which lists of logs are filtered and sorted; each has an index.

The number is how many of a million logs share one value of it.
"""

TOTALS = ",\n    ".join(
    f"{name} {'REAL' if name == 'total_cost' else 'INTEGER'} NOT NULL DEFAULT 0"
    for name in triggers.TOTALS
)

# `seq` is the order of insertion and is never reused. Long texts have the table `contents`, so that
# counting and sorting read short rows only. Triggers keep the totals of datasets and of hours, and
# `covered`, see triggers.py. A copied log names its origin and is found by it, so that a repeated
# import stores it once. A log has one score of each evaluator, the newest.
TABLES = (
    f"""CREATE TABLE datasets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL DEFAULT 'sampling',
    status TEXT NOT NULL DEFAULT 'ready',
    initial_log_filters TEXT NOT NULL DEFAULT '{{}}',
    starred INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    {TOTALS}
)""",
    f"""CREATE TABLE hours (
    dataset INTEGER NOT NULL REFERENCES datasets(seq) ON DELETE CASCADE,
    hour INTEGER NOT NULL,
    {TOTALS},
    PRIMARY KEY (dataset, hour)
) WITHOUT ROWID""",
    """CREATE TABLE logs (
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
    cost REAL, latency REAL, time_to_first_token REAL, tokens_per_second REAL,
    covered INTEGER NOT NULL DEFAULT 0
)""",
    """CREATE TABLE contents (
    seq INTEGER PRIMARY KEY REFERENCES logs(seq) ON DELETE CASCADE,
    input TEXT, output TEXT, expected_output TEXT, metadata TEXT, metrics TEXT,
    prompt TEXT, completion TEXT
)""",
    """CREATE TABLE scores (
    log INTEGER NOT NULL REFERENCES logs(seq) ON DELETE CASCADE,
    evaluator TEXT NOT NULL,
    score REAL,
    passed INTEGER,
    comment TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    author TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (log, evaluator)
) WITHOUT ROWID""",
    """CREATE TABLE runs (
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
)""",
)
INDEXES = (
    "CREATE INDEX logs_origin ON logs(dataset, origin) WHERE origin IS NOT NULL",
    "CREATE INDEX logs_dataset ON logs(dataset)",
    "CREATE INDEX contents_expected ON contents(seq) WHERE expected_output IS NOT NULL",
    "CREATE INDEX scores_evaluator ON scores(evaluator, log)",
    "CREATE INDEX scores_score ON scores(evaluator, score, log)",
    "CREATE INDEX runs_dataset ON runs(dataset)",
)
"""Besides those of the columns by which logs are filtered, and those of the search."""


def has_schema(connection: sqlite3.Connection) -> bool:
    """Return whether a file has the schema; False for an empty file.

    Raises:
        ForeignFileError: It belongs to another program or to another version.
        sqlite3.DatabaseError: It is no database.
    """
    # The tables are looked for first: another process writes them and the two marks at once.
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
        return False
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise ForeignFileError("it holds the tables of another program")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        kind = "newer" if version > VERSION else "development"
        raise ForeignFileError(
            f"it was made by a {kind} version of respan-langchain; export its rows with that"
            " version, or use another file"
        )
    return True


def create_schema(connection: sqlite3.Connection) -> None:
    """Create the schema in an empty file, once, however many processes try at the same time."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if not has_schema(connection):
            _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    of_columns = [
        f"CREATE INDEX logs_{column} ON logs(dataset, {column})" for column in INDEXED_COLUMNS
    ]
    for statement in [*TABLES, *of_columns, *INDEXES]:
        connection.execute(statement)
    triggers.install(connection)
    search_index.install(connection)
    now = time.time()
    connection.execute(
        "INSERT INTO datasets(id, name, type, created_at, updated_at)"
        " VALUES (?, 'Saved logs', 'virtual', ?, ?)",
        (SAVED_LOGS, now, now),
    )
    _set_statistics(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _set_statistics(connection: sqlite3.Connection) -> None:
    """Give SQLite's query planner statistics: fixed ones, so that every file has the same plans.

    Without statistics SQLite sorts a million logs to find one by its identifier.
    """
    rows = [
        (f"logs_{column}", f"1000000 1000000 {logs}") for column, logs in INDEXED_COLUMNS.items()
    ]
    # A dataset may hold a small part of a file's logs.
    rows += [("logs_dataset", "1000000 300000"), ("sqlite_autoindex_logs_1", "1000000 1")]
    connection.execute("ANALYZE datasets")
    connection.executemany("INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ('logs', ?, ?)", rows)
    connection.execute("ANALYZE sqlite_schema")
