"""The columns of a log: its contents, and those that its metadata and metrics fill.

Pure: JSON values in, column values out. What the API's contract forbids raises InvalidFieldError.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from respan_langchain.embedded.store.errors import InvalidFieldError
from respan_langchain.embedded.store.timestamps import parse_timestamp

CONTENTS = ("input", "output", "expected_output", "metadata", "metrics", "prompt", "completion")
"""The parts of a log that are stored as JSON text."""

MAX_LENGTHS = {"customer_identifier": 254, "span_name": 255}
"""Characters."""

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


def parse_log(body: object) -> LogColumns:
    """Validate one log and build its columns, without those that the store adds."""
    if not isinstance(body, dict):
        raise InvalidFieldError("log", "must be an object")
    if "input" not in body:
        raise InvalidFieldError("input", "this field is required")
    check_fields(body)
    return build_columns(body)


def build_columns(
    body: Mapping[str, Any], kept: Mapping[str, str | None] = MappingProxyType({})
) -> LogColumns:
    """Build the columns of a checked log; contents that it lacks are those of `kept`, as stored."""
    contents = {
        name: _encode_content(name, body[name]) if name in body else kept.get(name)
        for name in CONTENTS
    }
    metadata, metrics = (
        body[name] if name in body else orjson.loads(kept.get(name) or "{}")
        for name in ("metadata", "metrics")
    )
    return contents | derive_columns(metadata, metrics)


def check_fields(body: Mapping[str, Any]) -> None:
    """Check the fields that are present."""
    for name in ("input", "output", "expected_output"):
        if name in body and not isinstance(body[name], str | dict | list):
            found = _json_type(body[name])
            raise InvalidFieldError(name, f"must be a string, an object or an array, not {found}")
    for name in ("metadata", "metrics"):
        if name in body and not isinstance(body[name], dict):
            raise InvalidFieldError(name, f"must be an object, not {_json_type(body[name])}")
    for name, longest in MAX_LENGTHS.items():
        value = body.get("metadata", {}).get(name)
        if isinstance(value, str) and len(value) > longest:
            raise InvalidFieldError(f"metadata.{name}", f"has more than {longest} characters")


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names[type(value)]


def _encode_content(name: str, value: Any) -> str:
    try:
        return encode_json(value)
    except orjson.JSONEncodeError as error:
        raise InvalidFieldError(name, "is nested too deeply") from error


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
