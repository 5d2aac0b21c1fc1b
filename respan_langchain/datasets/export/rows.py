"""Converts a log into the row that would create it, and into the columns of a table.

Pure. The platform returns some metadata and metrics as fields of the log; they go back to the
metadata and the metrics. CSV, Parquet, pandas and Hugging Face have the same columns.
"""

import json
from decimal import Decimal
from typing import Any, Final

from respan_langchain.client.models import Log
from respan_langchain.datasets.cell_format import to_csv_cell, to_text

CONTENTS: Final = ("input", "output", "expected_output")
METADATA: Final = (
    "log_type", "model", "status", "status_code", "error_message", "custom_identifier",
    "customer_identifier", "thread_identifier", "trace_unique_id", "span_name",
)  # fmt: skip
COUNTS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")
NUMBERS: Final = ("cost", "latency", "time_to_first_token")
"""The cost is in USD, durations are in seconds."""
TEXTS: Final = (
    "unique_id", "custom_identifier", "log_type", "span_name", "model", "status", *CONTENTS,
    "error_message", "customer_identifier", "thread_identifier",
)  # fmt: skip
COLUMNS: Final[tuple[str, ...]] = (
    *TEXTS, *COUNTS, *NUMBERS, "timestamp", "metadata", "metrics", "scores",
)  # fmt: skip


def to_row(log: Log) -> dict[str, Any]:
    """Build the row that would create this log."""
    row = {name: value for name in CONTENTS if (value := getattr(log, name)) is not None}
    row["input"] = row.get("input", "")
    row["metadata"] = _add_fields(log.metadata, log, METADATA)
    row["metrics"] = _add_fields(log.metrics, log, (*COUNTS, *NUMBERS))
    for name in ("start_time", "timestamp"):
        time = getattr(log, name)
        if time is not None and name not in row["metrics"]:
            row["metrics"][name] = time.isoformat()
    return row


def _add_fields(given: dict[str, Any] | None, log: Log, names: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: value for name in names if (value := getattr(log, name)) is not None}
    return {**{name: _number(value) for name, value in fields.items()}, **(given or {})}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def to_columns(log: Log) -> dict[str, Any]:
    """Return a log's values by column, contents as Python objects."""
    row = to_row(log)
    own = {"metadata": row["metadata"], "metrics": row["metrics"], "scores": log.scores or None}
    own |= {name: row[name] for name in CONTENTS if name in row}
    return {name: own[name] if name in own else _number(getattr(log, name)) for name in COLUMNS}


def to_text_columns(log: Log) -> dict[str, Any]:
    """Return a log's values by column, each column of one type: text, int, float or time."""
    columns, kept = to_columns(log), {*COUNTS, *NUMBERS, "timestamp"}
    return {name: value if name in kept else to_text(value) for name, value in columns.items()}


def to_csv_cells(log: Log) -> dict[str, Any]:
    """Return the cells of `to_text_columns`, safe to open in a spreadsheet."""
    return {name: to_csv_cell(value) for name, value in to_text_columns(log).items()}


def json_text(value: Any) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


class ExactLog(Log):
    """A log whose contents are not decoded, for a platform that returns them as they were sent."""

    input: Any = None
    output: Any = None
    expected_output: Any = None
