"""Fields by which lists can be filtered, and their SQL expressions."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from respan_langchain._constants import LOG_FIELDS, LOG_NUMBERS
from respan_langchain.embedded.store.log_columns import parse_text
from respan_langchain.embedded.store.timestamps import parse_timestamp

LOG_TIMESTAMPS = {"created_at": "created_at", "timestamp": "happened_at"}
"""Fields that hold a timestamp, and their columns."""
DATASET_TEXTS = frozenset({"id", "name", "description", "type", "status"})
DATASET_NUMBERS = frozenset({"log_count", "starred"})
DATASET_TIMESTAMPS = frozenset({"created_at", "updated_at"})

Parameters = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """Part of a WHERE clause and the values that it binds."""

    sql: str
    parameters: Parameters = ()

    @property
    def needs_contents(self) -> bool:
        """Whether the contents table must be joined."""
        return "contents." in self.sql

    @property
    def reads_other_tables(self) -> bool:
        """Whether it needs more than the row of a log, so that it takes long to evaluate."""
        return self.needs_contents or "SELECT" in self.sql


MATCH_ALL = SqlCondition("1")
# It is stored as JSON; a text is compared without its quotation marks.
EXPECTED = SqlCondition("CAST(json_extract(contents.expected_output, '$') AS TEXT)")
EXPECTED_LOOKUP = SqlCondition(
    "logs.seq IN (SELECT seq FROM contents WHERE expected_output IS NOT NULL"
    " AND CAST(json_extract(expected_output, '$') AS TEXT)"
)


@dataclass(frozen=True, slots=True)
class SqlField:
    """A field by which a list can be filtered."""

    name: str
    """Its name in requests."""
    expression: SqlCondition
    """The value in SQL."""
    parse: Callable[[object], Any]
    """Converts a filter's value to the column's type; None when that is impossible."""
    is_text: bool = False
    lookup: SqlCondition | None = None
    """The beginning of a condition that finds logs by this field faster than by its expression."""


def find_log_field(name: str) -> SqlField | None:
    """Return a field of logs; None when there is none of this name."""
    if name.startswith("metadata__") and name != "metadata__":
        return SqlField(
            name, _metadata_expression(name.removeprefix("metadata__")), _parse_scalar, is_text=True
        )
    if name.startswith("score__") and name != "score__":
        return _score_field(name, name.removeprefix("score__"))
    if name == "error_message":
        return SqlField(name, SqlCondition("logs.error_message"), parse_text, is_text=True)
    if name == "expected_output":
        return SqlField(name, EXPECTED, parse_text, is_text=True, lookup=EXPECTED_LOOKUP)
    if name in LOG_TIMESTAMPS:
        return SqlField(name, SqlCondition(f"logs.{LOG_TIMESTAMPS[name]}"), parse_timestamp)
    if name in LOG_NUMBERS:
        return SqlField(name, SqlCondition(f"logs.{name}"), _parse_number)
    if name in LOG_FIELDS:
        return SqlField(name, SqlCondition(f"logs.{name}"), parse_text, is_text=True)
    return None


def find_dataset_field(name: str) -> SqlField | None:
    """Return a field of datasets; None when there is none of this name."""
    if name in DATASET_TEXTS:
        return SqlField(name, SqlCondition(f"datasets.{name}"), parse_text, is_text=True)
    if name in DATASET_NUMBERS:
        return SqlField(name, SqlCondition(f"datasets.{name}"), _parse_scalar)
    if name in DATASET_TIMESTAMPS:
        return SqlField(name, SqlCondition(f"datasets.{name}"), parse_timestamp)
    return None


def _metadata_expression(key: str) -> SqlCondition:
    if not key.isprintable() or set(key) & {'"', "\\"}:
        # A JSON path of SQLite cannot contain such a key.
        return SqlCondition("metadata_value(contents.metadata, ?)", (key,))
    # SQLite ends a text at its first NUL: it would find "a" in "a\u0000b".
    return SqlCondition(
        "CASE WHEN instr(contents.metadata, '\\u0000') THEN metadata_value(contents.metadata, ?)"
        " ELSE json_extract(contents.metadata, ?) END",
        (key, f'$."{key}"'),
    )


def _score_field(name: str, evaluator: str) -> SqlField:
    score = "(SELECT score FROM scores WHERE log = logs.seq AND evaluator = ?)"
    lookup = "logs.seq IN (SELECT log FROM scores WHERE evaluator = ? AND score"
    return SqlField(
        name,
        SqlCondition(score, (evaluator,)),
        _parse_number,
        lookup=SqlCondition(lookup, (evaluator,)),
    )


def _parse_number(value: object) -> float | int | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    # SQLite's integers have 64 bits.
    return value if isinstance(value, float) or abs(value) < 2**63 else float(value)


def _parse_scalar(value: object) -> Any:
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, bool) else _parse_number(value)
