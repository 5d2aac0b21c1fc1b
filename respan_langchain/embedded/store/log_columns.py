"""The columns of a log, and how its metadata and metrics fill them.

Pure: JSON values in, column values out.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from respan_langchain.embedded.store.timestamps import parse_timestamp

CONTENTS = ("input", "output", "expected_output", "metadata", "metrics", "prompt", "completion")
"""The parts of a log that are stored as JSON text."""

MAX_NUMBER = 2**53
"""A larger number is surely wrong, and sums of such numbers could overflow."""

TEXT_COLUMNS = (
    "log_type", "model", "error_message", "custom_identifier", "customer_identifier",
    "thread_identifier", "group_identifier", "trace_unique_id", "span_unique_id",
    "span_parent_id", "span_name", "span_workflow_name",
)  # fmt: skip
"""Columns that are copied from the metadata."""

# Values are encoded inside this many lists, which are then cut off: a value that orjson can only
# just encode alone could not be encoded inside a response.
NESTING_MARGIN = 20

LogColumns = dict[str, Any]
"""The values of one log by column name."""


def encode_json(value: Any) -> str:
    """Encode a value as JSON text.

    Raises:
        orjson.JSONEncodeError: It is nested too deeply.
    """
    padded = value
    for _ in range(NESTING_MARGIN):
        padded = [padded]
    return orjson.dumps(padded)[NESTING_MARGIN:-NESTING_MARGIN].decode()


def derive_columns(metadata: Mapping[str, Any], metrics: Mapping[str, Any]) -> LogColumns:
    """Read the columns by which lists are filtered, sorted and summed."""
    log: LogColumns = {name: parse_text(metadata.get(name)) for name in TEXT_COLUMNS}
    log["status_code"] = _parse_count(metadata.get("status_code"))
    log["status"] = parse_text(metadata.get("status"))
    log |= _derive_tokens(metrics)
    for name in ("cost", "latency", "time_to_first_token", "tokens_per_second"):
        log[name] = _parse_number(metrics.get(name))
    ended = parse_timestamp(metrics.get("timestamp"))
    log["happened_at"] = ended if ended is not None else parse_timestamp(metrics.get("start_time"))
    return log


def _derive_tokens(metrics: Mapping[str, Any]) -> LogColumns:
    prompt = _parse_count(metrics.get("prompt_tokens"))
    completion = _parse_count(metrics.get("completion_tokens"))
    totals = [
        _parse_count(metrics.get(name))
        for name in ("total_request_tokens", "total_tokens", "tokens")
    ]
    total = next((count for count in totals if count is not None), None)
    if total is None and prompt is not None and completion is not None:
        total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def parse_text(value: object) -> str | None:
    """Return text or a number as text; None for other values."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parse_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) <= MAX_NUMBER else None


def _parse_count(value: object) -> int | None:
    number = _parse_number(value)
    return int(number) if number is not None else None
