"""How datasets, logs and scores look in the API's JSON."""

import sqlite3
from typing import Any

import orjson

from respan_langchain.embedded.store.log_columns import CONTENTS
from respan_langchain.embedded.store.logs_table import DERIVED_COLUMNS
from respan_langchain.embedded.store.timestamps import format_timestamp

ALWAYS_LISTED = ("input", "output", "expected_output", "metadata", "metrics")
"""Contents that a log always has, null where there are none; others are left out then."""


def serialize_dataset(row: sqlite3.Row) -> dict[str, Any]:
    """Build the JSON of a dataset."""
    dataset = {name: row[name] for name in ("id", "name", "description", "type", "status")}
    return dataset | {
        "initial_log_filters": orjson.Fragment(row["initial_log_filters"]),
        "log_count": row["log_count"],
        "created_at": format_timestamp(row["created_at"]),
        "updated_at": format_timestamp(row["updated_at"]),
        "organization_id": None,
        "updated_by": None,
        "log_ids": [],
        "tags": [{"id": tag, "name": tag, "color": None} for tag in orjson.loads(row["tags"])],
        "granularity": "logs",
        "starred": bool(row["starred"]),
        "running_status": None,
        "running_progress": None,
        "completed_annotation_count": 0,
    }


def serialize_log(row: sqlite3.Row) -> dict[str, Any]:
    """Build the JSON of a log; its contents are passed through as they were stored."""
    columns = {name: row[name] for name in ("unique_id", *DERIVED_COLUMNS) if name != "happened_at"}
    contents = {
        name: orjson.Fragment(row[name]) if row[name] is not None else None
        for name in CONTENTS
        if name in ALWAYS_LISTED or row[name] is not None
    }
    return {
        **columns,
        **contents,
        "id": row["unique_id"],
        "total_request_tokens": row["total_tokens"],
        "timestamp": format_timestamp(row["happened_at"]),
        "created_at": format_timestamp(row["created_at"]),
        "updated_at": format_timestamp(row["updated_at"]),
    }


def serialize_score(row: sqlite3.Row) -> dict[str, Any]:
    """Build the JSON of a score."""
    return {
        "evaluator_id": row["evaluator"],
        "evaluator_slug": row["evaluator"],
        "score": row["score"],
        "passed": bool(row["passed"]) if row["passed"] is not None else None,
        "comment": row["comment"],
        "created_at": format_timestamp(row["created_at"]),
    }
