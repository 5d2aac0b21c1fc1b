"""One log: what the contract asks of it, and the columns that its values fill.

Pure: JSON values in, values or complaints out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.store.timestamps import parse_timestamp

CONTENTS = ("input", "output", "expected_output", "metadata", "metrics", "prompt", "completion")
"""What a log says, each kept as JSON text."""

MAX_LENGTHS = {"customer_identifier": 254, "span_name": 255}
"""Characters."""

MAX_NUMBER = 2**53
"""Beyond this a number is surely wrong, and sums could overflow."""

TEXT_COLUMNS = (
    "log_type", "model", "error_message", "custom_identifier", "customer_identifier",
    "thread_identifier", "group_identifier", "trace_unique_id", "span_unique_id",
    "span_parent_id", "span_name", "span_workflow_name",
)  # fmt: skip
"""Columns that come from the metadata as they are."""

# Values are encoded inside this many lists and cut out again: what orjson can only just encode
# by itself, it could not encode inside an answer.
NESTING_MARGIN = 20


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a log."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


LogColumns = dict[str, Any]
"""Column by column, as the tables take it."""


def parse_log(body: object) -> LogColumns | FieldError:
    """Check one log and lay out its columns, all but those that the store adds."""
    if not isinstance(body, dict):
        return FieldError("log", "must be an object")
    return next(iter(validate_log(body)), None) or _build_columns(body)


def validate_log(body: Mapping[str, Any]) -> list[FieldError]:
    """Say what is wrong with a log."""
    problems = [FieldError("input", "this field is required")] if "input" not in body else []
    return problems + validate_fields(body)


def validate_fields(body: Mapping[str, Any]) -> list[FieldError]:
    """Say what is wrong with the fields that are there."""
    texts = [name for name in ("input", "output", "expected_output") if name in body]
    objects = [name for name in ("metadata", "metrics") if name in body]
    found = [
        FieldError(name, f"must be a string, an object or an array, not {_json_type(body[name])}")
        for name in texts
        if not isinstance(body[name], str | dict | list)
    ]
    found += [
        FieldError(name, f"must be an object, not {_json_type(body[name])}")
        for name in objects
        if not isinstance(body[name], dict)
    ]
    return found or _check_lengths(body.get("metadata", {}))


def _check_lengths(metadata: Mapping[str, Any]) -> list[FieldError]:
    return [
        FieldError(f"metadata.{name}", f"has more than {longest} characters")
        for name, longest in MAX_LENGTHS.items()
        if isinstance(value := metadata.get(name), str) and len(value) > longest
    ]


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "that")


def _build_columns(body: Mapping[str, Any]) -> LogColumns | FieldError:
    log: LogColumns = {}
    for name in CONTENTS:
        try:
            log[name] = encode_json(body[name]) if name in body else None
        except orjson.JSONEncodeError:
            return FieldError(name, "is nested too deeply")
    return log | derive_columns(body.get("metadata", {}), body.get("metrics", {}))


def encode_json(value: Any) -> str:
    """Write a value as JSON text.

    Raises:
        orjson.JSONEncodeError: It is nested too deeply.
    """
    padded = value
    for _ in range(NESTING_MARGIN):
        padded = [padded]
    return orjson.dumps(padded)[NESTING_MARGIN:-NESTING_MARGIN].decode()


def derive_columns(metadata: Mapping[str, Any], metrics: Mapping[str, Any]) -> LogColumns:
    """Read the columns that lists are filtered, sorted and summed by."""
    log: LogColumns = {name: _parse_text(metadata.get(name)) for name in TEXT_COLUMNS}
    log["status_code"] = _parse_count(metadata.get("status_code"))
    log["status"] = _parse_text(metadata.get("status"))
    log |= _derive_tokens(metrics)
    for name in ("cost", "latency", "time_to_first_token", "tokens_per_second"):
        log[name] = _parse_number(metrics.get(name))
    ended = parse_timestamp(metrics.get("timestamp"))
    log["happened_at"] = ended if ended is not None else parse_timestamp(metrics.get("start_time"))
    return log


def _derive_tokens(metrics: Mapping[str, Any]) -> LogColumns:
    prompt, completion = (
        _parse_count(metrics.get("prompt_tokens")),
        _parse_count(metrics.get("completion_tokens")),
    )
    totals = [
        _parse_count(metrics.get(name))
        for name in ("total_request_tokens", "total_tokens", "tokens")
    ]
    total = next((count for count in totals if count is not None), None)
    if total is None and prompt is not None and completion is not None:
        total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def _parse_text(value: object) -> str | None:
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
