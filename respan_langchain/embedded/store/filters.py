"""Filters: the contract's JSON to SQL conditions, every value bound and every name from a list.

A filter that is not understood is refused by name. The real platform is said to ignore it, which
broadens the selection; here a removal must never take more than was asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from respan_langchain._constants import OPERATORS
from respan_langchain.embedded.http import RefusedError
from respan_langchain.embedded.store.fields import EVERYTHING, Condition, Field

MOST_VALUES = 100
"""Values of one filter, other than those of `in`."""
MOST_IN = 500
"""SQLite binds 32,766 values in one statement."""
MOST_FILTERS = 50

COMPARISONS = {"": "=", "eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def condition_from(filters: object, field_of: Callable[[str], Field | None]) -> Condition:
    """Read a request's filters; all of them must hold.

    Args:
        filters: As the request says them.
        field_of: Finds the field of a name, None when there is none.

    Raises:
        RefusedError: 400, naming the filter that is not understood.
    """
    if filters is None:
        return EVERYTHING
    if not isinstance(filters, dict):
        raise RefusedError.of_field("filters", "must be an object of filters by field")
    if len(filters) > MOST_FILTERS:
        raise RefusedError.of_field("filters", f"more than {MOST_FILTERS} filters")
    return all_of([_condition(_known(name, field_of), asked) for name, asked in filters.items()])


def all_of(conditions: list[Condition]) -> Condition:
    """Join conditions that must all hold."""
    return _joined(" AND ", [one for one in conditions if one is not EVERYTHING]) or EVERYTHING


def _joined(word: str, conditions: list[Condition]) -> Condition | None:
    if not conditions:
        return None
    sql = word.join(condition.sql for condition in conditions)
    parameters = tuple(value for condition in conditions for value in condition.parameters)
    return Condition(f"({sql})", parameters)


def _known(name: str, field_of: Callable[[str], Field | None]) -> Field:
    field = field_of(name)
    if field is None:
        raise RefusedError.of_field(name, "unknown filter field")
    return field


def _condition(field: Field, asked: object) -> Condition:
    if not isinstance(asked, Mapping):
        raise RefusedError.of_field(field.name, 'must be {"operator": ..., "value": ...}')
    if unknown := set(asked) - {"operator", "value"}:
        raise RefusedError.of_field(field.name, f"unknown key {min(unknown)!r} in the filter")
    operator = asked.get("operator", "")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise RefusedError.of_field(field.name, f"unknown operator {operator!r}")
    if "value" not in asked:
        raise RefusedError.of_field(field.name, "the filter has no value")
    values = asked["value"] if isinstance(asked["value"], list) else [asked["value"]]
    return _of_operator(field, operator, values)


def _of_operator(field: Field, operator: str, values: list[Any]) -> Condition:
    if operator == "isnull":
        return _is_null(field, values)
    wanted = [_read(field, value) for value in values]
    if operator == "in":
        return _is_in(field, wanted)
    if not wanted or len(wanted) > MOST_VALUES:
        raise RefusedError.of_field(field.name, f"give 1 to {MOST_VALUES} values")
    if operator == "not":
        return _is_not(field, wanted)
    any_of = _joined(" OR ", [_matches(field, operator, value) for value in wanted])
    return any_of or EVERYTHING


def _read(field: Field, value: object) -> Any:
    read = field.read(value)
    if read is None:
        raise RefusedError.of_field(field.name, "the value is not one that this field can have")
    return read


def _is_null(field: Field, values: list[Any]) -> Condition:
    if len(values) != 1 or not isinstance(values[0], bool):
        raise RefusedError.of_field(field.name, "isnull takes true or false")
    test = "IS NULL" if values[0] else "IS NOT NULL"
    return Condition(f"{field.expression.sql} {test}", field.expression.parameters)


def _is_in(field: Field, values: list[Any]) -> Condition:
    if len(values) > MOST_IN:
        raise RefusedError.of_field(field.name, f"more than {MOST_IN} values")
    marks = ", ".join("?" * len(values))
    return Condition(
        f"{field.expression.sql} IN ({marks})", (*field.expression.parameters, *values)
    )


def _is_not(field: Field, values: list[Any]) -> Condition:
    # A field that is not there is not the value either.
    excluded = _is_in(field, values)
    return Condition(f"({excluded.sql}) IS NOT 1", excluded.parameters)


def _matches(field: Field, operator: str, value: Any) -> Condition:
    if operator in COMPARISONS:
        return _compares(field, COMPARISONS[operator], value)
    if not field.is_text:
        raise RefusedError.of_field(field.name, f"the operator {operator!r} needs a field of text")
    return _resembles(field, operator, str(value))


def _compares(field: Field, sign: str, value: Any) -> Condition:
    expression, bound = field.expression.sql, field.expression.parameters
    if not bound:
        return Condition(f"{expression} {sign} ?", (value,))
    # SQLite holds every text to be greater than every number.
    kind = "= 'text'" if isinstance(value, str) else "IN ('integer', 'real')"
    return Condition(
        f"({expression} {sign} ? AND typeof({expression}) {kind})", (*bound, value, *bound)
    )


def _resembles(field: Field, operator: str, needle: str) -> Condition:
    if not needle:
        raise RefusedError.of_field(field.name, f"the operator {operator!r} needs a text")
    # Whatever the value is, it is compared as text, and a NUL in it does not end it.
    expression = f"CAST({field.expression.sql} AS TEXT)"
    bound, size = field.expression.parameters, len(needle.encode())
    match operator:
        case "contains":
            return Condition(f"instr({expression}, ?) > 0", (*bound, needle))
        case "startswith":
            return _starts_with(field, needle)
        case "endswith":
            ending = f"substr(CAST({expression} AS BLOB), -?) = CAST(? AS BLOB)"
            return Condition(ending, (*bound, size, needle))
        case "iexact":
            return Condition(f"casefold({expression}) = ?", (*bound, needle.casefold()))
        case _:
            return contains_in_any_case(Condition(expression, bound), needle)


def _starts_with(field: Field, needle: str) -> Condition:
    expression, bound = field.expression.sql, field.expression.parameters
    if not bound:
        # Two bounds, which an index can find: SQLite orders texts by their bytes.
        ceiling = needle + "\U0010ffff"
        return Condition(f"({expression} >= ? AND {expression} < ?)", (needle, ceiling))
    size = len(needle.encode())
    beginning = f"substr(CAST({expression} AS BLOB), 1, ?) = CAST(? AS BLOB)"
    return Condition(beginning, (*bound, size, needle))


def contains_in_any_case(text: Condition, needle: str) -> Condition:
    """Find a text anywhere in another; big and small letters are the same."""
    if needle.isascii():
        # SQLite's own function folds just these letters, and is much quicker than ours.
        return Condition(f"instr(lower({text.sql}), ?) > 0", (*text.parameters, needle.lower()))
    return Condition(f"instr(casefold({text.sql}), ?) > 0", (*text.parameters, needle.casefold()))
