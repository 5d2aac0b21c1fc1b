"""Validation of one log, as the API's contract requires it.

Pure: JSON values in, column values or field errors out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from respan_langchain.embedded.store.log_columns import (
    CONTENTS,
    LogColumns,
    derive_columns,
    encode_json,
)

MAX_LENGTHS = {"customer_identifier": 254, "span_name": 255}
"""Characters."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a log."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def parse_log(body: object) -> LogColumns | FieldError:
    """Validate one log and build its columns, without those that the store adds."""
    if not isinstance(body, dict):
        return FieldError("log", "must be an object")
    return next(iter(validate_log(body)), None) or _build_columns(body)


def validate_log(body: Mapping[str, Any]) -> list[FieldError]:
    """Return what is wrong with a log."""
    missing = [FieldError("input", "this field is required")] if "input" not in body else []
    return missing + validate_fields(body)


def validate_fields(body: Mapping[str, Any]) -> list[FieldError]:
    """Return what is wrong with the fields that are present."""
    contents = [name for name in ("input", "output", "expected_output") if name in body]
    objects = [name for name in ("metadata", "metrics") if name in body]
    errors = [
        FieldError(name, f"must be a string, an object or an array, not {_json_type(body[name])}")
        for name in contents
        if not isinstance(body[name], str | dict | list)
    ]
    errors += [
        FieldError(name, f"must be an object, not {_json_type(body[name])}")
        for name in objects
        if not isinstance(body[name], dict)
    ]
    return errors or _check_lengths(body.get("metadata", {}))


def _check_lengths(metadata: Mapping[str, Any]) -> list[FieldError]:
    return [
        FieldError(f"metadata.{name}", f"has more than {longest} characters")
        for name, longest in MAX_LENGTHS.items()
        if isinstance(value := metadata.get(name), str) and len(value) > longest
    ]


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names[type(value)]


def _build_columns(body: Mapping[str, Any]) -> LogColumns | FieldError:
    log: LogColumns = {}
    for name in CONTENTS:
        try:
            log[name] = encode_json(body[name]) if name in body else None
        except orjson.JSONEncodeError:
            return FieldError(name, "is nested too deeply")
    return log | derive_columns(body.get("metadata", {}), body.get("metrics", {}))
