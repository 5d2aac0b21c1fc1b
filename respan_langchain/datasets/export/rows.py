"""Converts a log into the row that would create it.

Pure. The platform returns some metadata and metrics as fields of the log; they go back to the
metadata and the metrics.
"""

import json
from decimal import Decimal
from typing import Any, Final

from respan_langchain.client.models import Log

CONTENTS: Final = ("input", "output", "expected_output")
METADATA: Final = (
    "log_type", "model", "status", "status_code", "error_message", "custom_identifier",
    "customer_identifier", "thread_identifier", "trace_unique_id", "span_name",
)  # fmt: skip
METRICS: Final = (
    "prompt_tokens", "completion_tokens", "total_tokens", "cost", "latency", "time_to_first_token",
)  # fmt: skip
TIMES: Final = ("start_time", "timestamp")


def to_row(log: Log) -> dict[str, Any]:
    """Build the row that would create this log."""
    row = {name: value for name in CONTENTS if (value := getattr(log, name)) is not None}
    row["input"] = row.get("input", "")
    row["metadata"] = _add_fields(log.metadata, log, METADATA)
    row["metrics"] = _add_fields(log.metrics, log, METRICS)
    for name in TIMES:
        time = getattr(log, name)
        if time is not None and name not in row["metrics"]:
            row["metrics"][name] = time.isoformat()
    return row


def _add_fields(given: dict[str, Any] | None, log: Log, names: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: value for name in names if (value := getattr(log, name)) is not None}
    return {**{name: _number(value) for name, value in fields.items()}, **(given or {})}


def json_text(value: Any) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


class ExactLog(Log):
    """A log whose contents are not decoded, for a platform that returns them as they were sent."""

    input: Any = None
    output: Any = None
    expected_output: Any = None
