"""The API's JSON filters as SQL conditions: every value is bound, every name is from a list.

An unknown filter is an error. The real platform ignores it, which selects more logs; here a
deletion must never delete more than was requested.
"""

from collections.abc import Callable, Mapping
from typing import Any

from respan_langchain._constants import OPERATORS
from respan_langchain.embedded.store.errors import InvalidFieldError
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition, SqlField

MAX_VALUES = 100
"""Values of one filter, except those of `in`."""
MAX_IN_VALUES = 500
"""SQLite binds 32,766 values in one statement."""
MAX_FILTERS = 50

COMPARISONS = {"": "=", "eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def parse_filters(filters: object, find_field: Callable[[str], SqlField | None]) -> SqlCondition:
    """Build the condition of a request's filters, which must all match.

    Raises:
        InvalidFieldError: A filter is unknown or malformed; the error names it.
    """
    if filters is None:
        return MATCH_ALL
    if not isinstance(filters, dict):
        raise InvalidFieldError("filters", "must be an object of filters by field")
    if len(filters) > MAX_FILTERS:
        raise InvalidFieldError("filters", f"more than {MAX_FILTERS} filters")
    return all_of([_parse_filter(name, find_field(name), body) for name, body in filters.items()])


def all_of(conditions: list[SqlCondition]) -> SqlCondition:
    """Join conditions that must all match."""
    return join(" AND ", [one for one in conditions if one is not MATCH_ALL])


def any_of(conditions: list[SqlCondition]) -> SqlCondition:
    """Join conditions of which one must match; without any, all logs match."""
    return join(" OR ", conditions)


def join(word: str, conditions: list[SqlCondition]) -> SqlCondition:
    """Join conditions or statements by a word of SQL; all logs match without any."""
    if not conditions:
        return MATCH_ALL
    sql = word.join(condition.sql for condition in conditions)
    parameters = tuple(value for condition in conditions for value in condition.parameters)
    return SqlCondition(f"({sql})", parameters)


def _parse_filter(name: str, field: SqlField | None, body: object) -> SqlCondition:
    if field is None:
        raise InvalidFieldError(name, "unknown filter field")
    if not isinstance(body, Mapping):
        raise InvalidFieldError(field.name, 'must be {"operator": ..., "value": ...}')
    if unknown := set(body) - {"operator", "value"}:
        raise InvalidFieldError(field.name, f"unknown key {min(unknown)!r} in the filter")
    operator = body.get("operator", "")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise InvalidFieldError(field.name, f"unknown operator {operator!r}")
    if "value" not in body:
        raise InvalidFieldError(field.name, "the filter has no value")
    values = body["value"] if isinstance(body["value"], list) else [body["value"]]
    return _apply_operator(field, operator, values)


def _apply_operator(field: SqlField, operator: str, values: list[Any]) -> SqlCondition:
    if operator == "isnull":
        return _match_null(field, values)
    wanted = [_parse_value(field, value) for value in values]
    if operator == "in":
        return _match_in(field, wanted)
    if not wanted or len(wanted) > MAX_VALUES:
        raise InvalidFieldError(field.name, f"give 1 to {MAX_VALUES} values")
    if operator == "not":
        return _match_not(field, wanted)
    return any_of([_match_value(field, operator, value) for value in wanted])


def _parse_value(field: SqlField, value: object) -> Any:
    read = field.parse(value)
    if read is None:
        raise InvalidFieldError(field.name, "the field cannot have this value")
    return read


def _match_null(field: SqlField, values: list[Any]) -> SqlCondition:
    if len(values) != 1 or not isinstance(values[0], bool):
        raise InvalidFieldError(field.name, "isnull takes true or false")
    if field.lookup is not None and not values[0]:
        return SqlCondition(f"{field.lookup.sql} IS NOT NULL)", field.lookup.parameters)
    test = "IS NULL" if values[0] else "IS NOT NULL"
    return SqlCondition(f"{field.expression.sql} {test}", field.expression.parameters)


def _match_in(field: SqlField, values: list[Any]) -> SqlCondition:
    if len(values) > MAX_IN_VALUES:
        raise InvalidFieldError(field.name, f"more than {MAX_IN_VALUES} values")
    marks = ", ".join("?" * len(values))
    return SqlCondition(
        f"{field.expression.sql} IN ({marks})", (*field.expression.parameters, *values)
    )


def _match_not(field: SqlField, values: list[Any]) -> SqlCondition:
    # An absent field matches too: it does not have the value.
    excluded = _match_in(field, values)
    return SqlCondition(f"({excluded.sql}) IS NOT 1", excluded.parameters)


def _match_value(field: SqlField, operator: str, value: Any) -> SqlCondition:
    if operator in COMPARISONS:
        return _compare(field, COMPARISONS[operator], value)
    if not field.is_text:
        raise InvalidFieldError(field.name, f"the operator {operator!r} needs a field of text")
    matched = _match_text(field, operator, str(value))
    return matched if field.lookup is None else all_of([_match_null(field, [False]), matched])


def _compare(field: SqlField, sign: str, value: Any) -> SqlCondition:
    if field.lookup is not None:
        return SqlCondition(f"{field.lookup.sql} {sign} ?)", (*field.lookup.parameters, value))
    expression, bound = field.expression.sql, field.expression.parameters
    if not bound:
        return SqlCondition(f"{expression} {sign} ?", (value,))
    # SQLite orders every text after every number.
    kind = "= 'text'" if isinstance(value, str) else "IN ('integer', 'real')"
    return SqlCondition(
        f"({expression} {sign} ? AND typeof({expression}) {kind})", (*bound, value, *bound)
    )


def _match_text(field: SqlField, operator: str, needle: str) -> SqlCondition:
    if not needle:
        raise InvalidFieldError(field.name, f"the operator {operator!r} needs a text")
    # Every value is compared as text, and a NUL in it does not end it.
    expression = f"CAST({field.expression.sql} AS TEXT)"
    bound, size = field.expression.parameters, len(needle.encode())
    match operator:
        case "contains":
            return SqlCondition(f"instr({expression}, ?) > 0", (*bound, needle))
        case "startswith":
            return _match_prefix(field, needle)
        case "endswith":
            ending = f"substr(CAST({expression} AS BLOB), -?) = CAST(? AS BLOB)"
            return SqlCondition(ending, (*bound, size, needle))
        case "iexact":
            return SqlCondition(f"casefold({expression}) = ?", (*bound, needle.casefold()))
        case _:
            return contains_ignoring_case(SqlCondition(expression, bound), needle)


def _match_prefix(field: SqlField, needle: str) -> SqlCondition:
    expression, bound = field.expression.sql, field.expression.parameters
    if not bound:
        # Two bounds that an index can find: SQLite orders texts by their bytes.
        ceiling = needle + "\U0010ffff"
        return SqlCondition(f"({expression} >= ? AND {expression} < ?)", (needle, ceiling))
    size = len(needle.encode())
    beginning = f"substr(CAST({expression} AS BLOB), 1, ?) = CAST(? AS BLOB)"
    return SqlCondition(beginning, (*bound, size, needle))


def contains_ignoring_case(text: SqlCondition, needle: str) -> SqlCondition:
    """Match a text that contains `needle` in upper or lower case."""
    if needle.isascii():
        # SQLite's own lower() folds ASCII letters, and is much faster than a Python function.
        return SqlCondition(f"instr(lower({text.sql}), ?) > 0", (*text.parameters, needle.lower()))
    return SqlCondition(
        f"instr(casefold({text.sql}), ?) > 0", (*text.parameters, needle.casefold())
    )
