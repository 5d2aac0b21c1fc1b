"""A log as it was sent: what the platform says of one, turned back into what its API takes.

Pure. Where the platform shows numbers and names as columns of their own only, they go back to where
they belong.
"""

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
MOMENTS: Final = ("start_time", "timestamp")


def to_row(log: Log) -> dict[str, Any]:
    """Make the row that would create this log."""
    row = {name: value for name in CONTENTS if (value := getattr(log, name)) is not None}
    row["input"] = row.get("input", "")
    row["metadata"] = _with_columns(log.metadata, log, METADATA)
    row["metrics"] = _with_columns(log.metrics, log, METRICS)
    for name in MOMENTS:
        moment = getattr(log, name)
        if moment is not None and name not in row["metrics"]:
            row["metrics"][name] = moment.isoformat()
    return row


def _with_columns(said: dict[str, Any] | None, log: Log, names: tuple[str, ...]) -> dict[str, Any]:
    columns = {name: value for name in names if (value := getattr(log, name)) is not None}
    return {**{name: _number(value) for name, value in columns.items()}, **(said or {})}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


class ExactLog(Log):
    """A log whose contents are taken as they are."""

    input: Any = None
    output: Any = None
    expected_output: Any = None
