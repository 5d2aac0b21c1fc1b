"""Validation of one log, as the API's contract requires it.

Pure: JSON values in, column values out. What is invalid raises InvalidFieldError.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from respan_langchain.embedded.store.errors import InvalidFieldError
from respan_langchain.embedded.store.log_columns import (
    CONTENTS,
    LogColumns,
    derive_columns,
    encode_json,
)

MAX_LENGTHS = {"customer_identifier": 254, "span_name": 255}
"""Characters."""


def parse_log(body: object) -> LogColumns:
    """Validate one log and build its columns, without those that the store adds."""
    if not isinstance(body, dict):
        raise InvalidFieldError("log", "must be an object")
    if "input" not in body:
        raise InvalidFieldError("input", "this field is required")
    check_fields(body)
    contents = {
        name: encode_content(name, body[name]) if name in body else None for name in CONTENTS
    }
    return contents | derive_columns(body.get("metadata", {}), body.get("metrics", {}))


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


def encode_content(name: str, value: Any) -> str:
    """Encode one of a log's contents as JSON text."""
    try:
        return encode_json(value)
    except orjson.JSONEncodeError as error:
        raise InvalidFieldError(name, "is nested too deeply") from error


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "a string", list: "an array", dict: "an object"}
    return names[type(value)]
