"""Logs as a table: the same columns for CSV, Parquet, pandas, Hugging Face and the web pages.

Pure. `datasets/cell_format.py` writes the cells.
"""

from collections.abc import Mapping
from typing import Any, Final

from respan_langchain.client.models import Log
from respan_langchain.datasets.cell_format import to_csv_cell, to_text
from respan_langchain.datasets.export.rows import to_row

TEXTS: Final = (
    "unique_id", "custom_identifier", "log_type", "span_name", "model", "status", "input", "output",
    "expected_output", "error_message", "customer_identifier", "thread_identifier",
)  # fmt: skip
COUNTS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")
NUMBERS: Final = ("cost", "latency", "time_to_first_token")
"""The cost is in USD, durations are in seconds."""
TIMES: Final = ("timestamp",)
OBJECTS: Final = ("metadata", "metrics", "scores")
COLUMNS: Final[tuple[str, ...]] = (*TEXTS, *COUNTS, *NUMBERS, *TIMES, *OBJECTS)


def to_columns(log: Log) -> dict[str, Any]:
    """Return a log's values by column, contents as Python objects."""
    row = to_row(log)
    found = {name: row.get(name, getattr(log, name)) for name in (*TEXTS, *COUNTS, *TIMES)}
    for name in NUMBERS:
        value = getattr(log, name)
        found[name] = None if value is None else float(value)
    found.update(metadata=row["metadata"], metrics=row["metrics"], scores=log.scores or None)
    return {name: found[name] for name in COLUMNS}


def to_text_columns(log: Log) -> dict[str, Any]:
    """Return a log's values by column, each column of one type: text, int, float or time."""
    columns: Mapping[str, Any] = to_columns(log)
    kept = {*COUNTS, *NUMBERS, *TIMES}
    return {name: value if name in kept else to_text(value) for name, value in columns.items()}


def to_csv_cells(log: Log) -> dict[str, Any]:
    """Return the cells of `to_text_columns`, safe to open in a spreadsheet."""
    return {name: to_csv_cell(value) for name, value in to_text_columns(log).items()}
