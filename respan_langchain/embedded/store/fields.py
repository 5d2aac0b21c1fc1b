"""Fields by which lists can be filtered, and their SQL expressions."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from respan_langchain._constants import LOG_FIELDS, LOG_NUMBERS
from respan_langchain.embedded.store.log_columns import parse_text
from respan_langchain.embedded.store.timestamps import parse_timestamp

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
    match name.partition("__"):
        case ("metadata", _, key) if key:
            return SqlField(name, _metadata_expression(key), _parse_scalar, is_text=True)
        case ("score", _, evaluator) if evaluator:
            return _score_field(name, evaluator)
    return LOG_COLUMNS.get(name)


def find_dataset_field(name: str) -> SqlField | None:
    """Return a field of datasets; None when there is none of this name."""
    return DATASET_COLUMNS.get(name)


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


def _columns(
    table: str, names: Iterable[str], parse: Callable[[object], Any]
) -> dict[str, SqlField]:
    is_text = parse is parse_text
    return {name: SqlField(name, SqlCondition(f"{table}.{name}"), parse, is_text) for name in names}


LOG_COLUMNS = {
    **_columns("logs", {*LOG_FIELDS, "error_message"} - LOG_NUMBERS, parse_text),
    **_columns("logs", LOG_NUMBERS, _parse_number),
    **_columns("logs", ["created_at"], parse_timestamp),
    "timestamp": SqlField("timestamp", SqlCondition("logs.happened_at"), parse_timestamp),
    "expected_output": SqlField(
        "expected_output", EXPECTED, parse_text, is_text=True, lookup=EXPECTED_LOOKUP
    ),
}
DATASET_COLUMNS = {
    **_columns("datasets", ["id", "name", "description", "type", "status"], parse_text),
    **_columns("datasets", ["log_count", "starred"], _parse_scalar),
    **_columns("datasets", ["created_at", "updated_at"], parse_timestamp),
}
