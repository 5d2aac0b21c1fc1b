"""One log: what the contract asks of it, and the columns that its values fill.

Pure: JSON values in, values or complaints out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.store.timestamps import moment_from

CONTENTS = ("input", "output", "expected_output", "metadata", "metrics", "prompt", "completion")
"""What a log says, each kept as JSON text."""

LONGEST = {"customer_identifier": 254, "span_name": 255}
"""Characters."""

LARGEST = 2**53
"""Beyond this a number is surely wrong, and sums could overflow."""

TEXTS = (
    "log_type", "model", "error_message", "custom_identifier", "customer_identifier",
    "thread_identifier", "group_identifier", "trace_unique_id", "span_unique_id",
    "span_parent_id", "span_name", "span_workflow_name",
)  # fmt: skip
"""Columns that come from the metadata as they are."""

# Values are encoded inside this many lists and cut out again: what orjson can only just encode
# by itself, it could not encode inside an answer.
PADDING = 20


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one field of a log."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


Log = dict[str, Any]
"""Column by column, as the tables take it."""


def log_from(said: object) -> Log | Complaint:
    """Check one log and lay out its columns, all but those that the store adds."""
    if not isinstance(said, dict):
        return Complaint("log", "must be an object")
    return next(iter(complaints(said)), None) or _encoded(said)


def complaints(said: Mapping[str, Any]) -> list[Complaint]:
    """Say what is wrong with a log."""
    problems = [Complaint("input", "this field is required")] if "input" not in said else []
    return problems + complaints_of_parts(said)


def complaints_of_parts(said: Mapping[str, Any]) -> list[Complaint]:
    """Say what is wrong with the fields that are there."""
    texts = [name for name in ("input", "output", "expected_output") if name in said]
    objects = [name for name in ("metadata", "metrics") if name in said]
    found = [
        Complaint(name, f"must be a string, an object or an array, not {_kind(said[name])}")
        for name in texts
        if not isinstance(said[name], str | dict | list)
    ]
    found += [
        Complaint(name, f"must be an object, not {_kind(said[name])}")
        for name in objects
        if not isinstance(said[name], dict)
    ]
    return found or _too_long(said.get("metadata", {}))


def _too_long(metadata: Mapping[str, Any]) -> list[Complaint]:
    return [
        Complaint(f"metadata.{name}", f"has more than {longest} characters")
        for name, longest in LONGEST.items()
        if isinstance(value := metadata.get(name), str) and len(value) > longest
    ]


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "that")


def _encoded(said: Mapping[str, Any]) -> Log | Complaint:
    log: Log = {}
    for name in CONTENTS:
        try:
            log[name] = encoded(said[name]) if name in said else None
        except orjson.JSONEncodeError:
            return Complaint(name, "is nested too deeply")
    return log | columns_from(said.get("metadata", {}), said.get("metrics", {}))


def encoded(value: Any) -> str:
    """Write a value as JSON text.

    Raises:
        orjson.JSONEncodeError: It is nested too deeply.
    """
    padded = value
    for _ in range(PADDING):
        padded = [padded]
    return orjson.dumps(padded)[PADDING:-PADDING].decode()


def columns_from(metadata: Mapping[str, Any], metrics: Mapping[str, Any]) -> Log:
    """Read the columns that lists are filtered, sorted and summed by."""
    log: Log = {name: _text(metadata.get(name)) for name in TEXTS}
    log["status_code"] = _count(metadata.get("status_code"))
    log["status"] = _text(metadata.get("status"))
    log |= _tokens_from(metrics)
    for name in ("cost", "latency", "time_to_first_token", "tokens_per_second"):
        log[name] = _number(metrics.get(name))
    ended = moment_from(metrics.get("timestamp"))
    log["happened_at"] = ended if ended is not None else moment_from(metrics.get("start_time"))
    return log


def _tokens_from(metrics: Mapping[str, Any]) -> Log:
    prompt, completion = (
        _count(metrics.get("prompt_tokens")),
        _count(metrics.get("completion_tokens")),
    )
    totals = [
        _count(metrics.get(name)) for name in ("total_request_tokens", "total_tokens", "tokens")
    ]
    total = next((count for count in totals if count is not None), None)
    if total is None and prompt is not None and completion is not None:
        total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None
