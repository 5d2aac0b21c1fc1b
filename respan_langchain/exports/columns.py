"""Rows as a table: the same columns for CSV, Parquet, pandas and Hugging Face.

Pure. Text stands as it is; anything else stands as JSON, and so does text that would be read as
JSON, so that reading a cell gives back what was written.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from respan_langchain.api.calls.models import Log
from respan_langchain.exports.rows import row_of

TEXTS: Final = (
    "unique_id", "custom_identifier", "log_type", "span_name", "model", "status", "input", "output",
    "expected_output", "error_message", "customer_identifier", "thread_identifier",
)  # fmt: skip
COUNTS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")
NUMBERS: Final = ("cost", "latency", "time_to_first_token")
"""Cost in USD, durations in seconds."""
MOMENTS: Final = ("timestamp",)
OBJECTS: Final = ("metadata", "metrics", "scores")
COLUMNS: Final = (*TEXTS, *COUNTS, *NUMBERS, *MOMENTS, *OBJECTS)

_OPENS_JSON: Final = ("{", "[", '"')


def columns_of(log: Log) -> dict[str, Any]:
    """Lay a log out in columns, its contents as Python has them."""
    row = row_of(log)
    found = {name: row.get(name, getattr(log, name)) for name in (*TEXTS, *COUNTS, *MOMENTS)}
    for name in NUMBERS:
        value = getattr(log, name)
        found[name] = None if value is None else float(value)
    found.update(metadata=row["metadata"], metrics=row["metrics"], scores=log.scores or None)
    return {name: found[name] for name in COLUMNS}


def text_of(value: Any) -> str | None:
    """Write a cell; None for nothing.

    >>> text_of({"a": 1}), text_of("plain"), text_of("[1]")
    ('{"a": 1}', 'plain', '"[1]"')
    """
    if value is None:
        return None
    if isinstance(value, str) and value and not value.lstrip().startswith(_OPENS_JSON):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def value_of(cell: str) -> Any:
    """Read a cell back; None for an empty one.

    >>> value_of('{"a": 1}'), value_of("plain"), value_of('"[1]"'), value_of("")
    ({'a': 1}, 'plain', '[1]', None)
    """
    if not cell:
        return None
    if not cell.lstrip().startswith(_OPENS_JSON):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def texts_of(log: Log) -> dict[str, Any]:
    """Lay a log out in columns of one type each: text, whole numbers, numbers, moments."""
    columns: Mapping[str, Any] = columns_of(log)
    kept = {*COUNTS, *NUMBERS, *MOMENTS}
    return {name: value if name in kept else text_of(value) for name, value in columns.items()}
