"""Fields of request bodies that several endpoints read; a wrong one raises `HttpError`."""

import sqlite3
from typing import Any

from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.timestamps import parse_timestamp


def parse_text(name: str, value: object) -> str:
    """Read a string field."""
    if not isinstance(value, str):
        raise HttpError.for_field(name, "must be a string")
    return value


def parse_flag(name: str, value: object) -> bool:
    """Read a boolean field."""
    if not isinstance(value, bool):
        raise HttpError.for_field(name, "must be true or false")
    return value


def parse_time_range(body: dict[str, Any]) -> SqlCondition:
    """Read `start_time` and `end_time`, both inclusive."""
    conditions = []
    for name, sign in [("start_time", ">="), ("end_time", "<=")]:
        if body.get(name) is not None:
            timestamp = parse_timestamp(body[name])
            if timestamp is None:
                raise HttpError.for_field(name, "must be a time in ISO 8601")
            conditions.append(SqlCondition(f"logs.happened_at {sign} ?", (timestamp,)))
    return all_of(conditions)


def parse_percentage(body: dict[str, Any], name: str) -> float:
    """Read a share in percent; 100 when it is not given."""
    percentage = body.get(name)
    if percentage is None:
        return 100.0
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        raise HttpError.for_field(name, "must be a number")
    if not 0 < percentage <= 100:
        raise HttpError.for_field(name, "must be above 0 and at most 100")
    return float(percentage)


def parse_source(connection: sqlite3.Connection, body: dict[str, Any]) -> SqlCondition:
    """Read `source_dataset_id`; all datasets when it is not given."""
    source = body.get("source_dataset_id")
    if source is None:
        return MATCH_ALL
    dataset = datasets_table.get_seq(connection, parse_text("source_dataset_id", source))
    return SqlCondition("logs.dataset = ?", (dataset,))
