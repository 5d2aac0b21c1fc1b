"""Filters for logs and datasets, such as `field("cost") > 0.01`.

Pure. The platform ignores unknown fields and operators, which selects more: a misspelt filter could
delete everything. So only the fields and operators that `_constants.py` lists are accepted.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from respan_langchain._arguments import check_text
from respan_langchain._constants import EMBEDDED_LOG_FIELDS, LOG_FIELDS, OPERATORS, Operator
from respan_langchain.errors import ConfigurationError

DATASET_FIELDS = frozenset({
    "id", "name", "description", "type", "status", "starred", "tags", "created_at", "updated_at",
})  # fmt: skip
"""Fields that a list of datasets can be filtered by."""

SUBSTRING_OPERATORS = frozenset({"contains", "icontains", "startswith", "endswith"})


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that must all hold, at most one per field.

    >>> (field("model") == "gpt-4o") & (field("cost") > 0.01)
    Filters(model = 'gpt-4o', cost gt 0.01)
    """

    body: Mapping[str, Any]
    """In the API's JSON form."""

    def __and__(self, other: "Filters") -> "Filters":
        return Filters(_join(self.body, other.body))

    def __bool__(self) -> bool:
        """Raise, since Python would evaluate `a and b` to `b` alone."""
        raise ConfigurationError("combine filters with &, not with 'and', 'or' or 'not'")

    def __repr__(self) -> str:
        return f"Filters({describe_filters(self)})"


FilterInput = Filters | Mapping[str, Any] | None
"""Filters, as objects or in the API's JSON form."""


class FilterField:
    """A field to compare with a value."""

    def __init__(self, name: str) -> None:
        self._name = name

    __hash__ = None  # type: ignore[assignment]  # a comparison gives Filters, so it cannot be a key

    def __eq__(self, value: object) -> Filters:  # type: ignore[override]  # a filter, as in SQLAlchemy
        return self._compare("", value)

    def __ne__(self, value: object) -> Filters:  # type: ignore[override]  # as above
        return self._compare("not", value)

    def __lt__(self, value: object) -> Filters:
        return self._compare("lt", value)

    def __le__(self, value: object) -> Filters:
        return self._compare("lte", value)

    def __gt__(self, value: object) -> Filters:
        return self._compare("gt", value)

    def __ge__(self, value: object) -> Filters:
        return self._compare("gte", value)

    def iexact(self, text: str) -> Filters:
        """Equals, ignoring case."""
        return self._compare("iexact", text)

    def contains(self, text: str) -> Filters:
        """Contains this text."""
        return self._compare("contains", text)

    def icontains(self, text: str) -> Filters:
        """Contains this text, ignoring case."""
        return self._compare("icontains", text)

    def startswith(self, text: str) -> Filters:
        """Starts with this text."""
        return self._compare("startswith", text)

    def endswith(self, text: str) -> Filters:
        """Ends with this text."""
        return self._compare("endswith", text)

    def isin(self, values: Iterable[object]) -> Filters:
        """Equals one of these values; at least one is required."""
        return self._compare("in", list(values))

    def isnull(self, value: bool = True) -> Filters:
        """Has no value; with False, has any value."""
        return self._compare("isnull", value)

    def _compare(self, operator: Operator, value: object) -> Filters:
        checked = _check_value(self._name, operator, value)
        return Filters({self._name: {"operator": operator, "value": checked}})


def field(name: str) -> FilterField:
    """Return a field of a log, a key of its metadata, or an evaluator's score.

    `field("metadata.page")`, `field("score.exact_match")`. Only a local platform filters by scores,
    `expected_output` and `error_message`; for others, a request with them raises.
    """
    check_text("field", name, "the name of a field")
    for parent in ("metadata", "score"):
        if name.startswith(f"{parent}."):
            name = f"{parent}__{name.removeprefix(f'{parent}.')}"
    return FilterField(_check_field(name, LOG_FIELDS))


def embedded_only_fields(body: Mapping[str, Any] | None) -> list[str]:
    """Return by which fields of a request's filters only the embedded platform filters."""
    filters = [(body or {}).get(key) or {} for key in ("filters", "initial_log_filters")]
    return [name for each in filters for name in each if _is_embedded_only(name)]


def _is_embedded_only(name: str) -> bool:
    """Whether Respan would ignore a filter on this field."""
    return name in EMBEDDED_LOG_FIELDS or _is_key(name, "score__")


def combine_filters(
    first: FilterInput, second: FilterInput, equal: Mapping[str, Any]
) -> dict[str, dict[str, Any]] | None:
    """Combine filters and exact values of fields, which must all hold; None if there are none.

    Raises:
        ConfigurationError: A field is unknown, or has two conditions.
    """
    values = {name: {"operator": "eq", "value": value} for name, value in equal.items()}
    return _join(*map(filters_body, (first, second, values))) or None


def _join(*bodies: Mapping[str, Any]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for body in bodies:
        if twice := joined.keys() & body.keys():
            raise ConfigurationError(
                f"the API accepts one condition for each field, not two for {min(twice)!r}"
            )
        joined |= body
    return joined


def filters_field(filters: FilterInput, fields: frozenset[str] = LOG_FIELDS) -> dict[str, Any]:
    """Return the `filters` field of a body; nothing when there are no filters."""
    written = filters_body(filters, fields)
    return {"filters": written} if written else {}


def filters_body(
    filters: FilterInput, fields: frozenset[str] = LOG_FIELDS
) -> dict[str, dict[str, Any]]:
    """Check filters and return the API's JSON form."""
    body = filters.body if isinstance(filters, Filters) else filters or {}
    return {
        _check_field(name, fields): _check_condition(name, condition)
        for name, condition in body.items()
    }


def describe_filters(filters: FilterInput) -> str:
    """Describe filters in one line.

    >>> describe_filters({"cost": {"operator": "gt", "value": 0.01}})
    'cost gt 0.01'
    """
    equal = {"", "eq"}
    return ", ".join(
        f"{name} {'=' if condition['operator'] in equal else condition['operator']} "
        f"{condition['value']!r}"
        for name, condition in filters_body(filters).items()
    )


def _check_condition(name: str, condition: object) -> dict[str, Any]:
    if not isinstance(condition, Mapping) or set(condition) != {"operator", "value"}:
        raise ConfigurationError(
            f"the filter on {name!r} must be an object of 'operator' and 'value'"
        )
    operator = condition["operator"]
    if not isinstance(operator, str) or operator not in OPERATORS:
        known = ", ".join(sorted(known for known in OPERATORS if known))
        raise ConfigurationError(f"the filter on {name!r} has an unknown operator; use {known}")
    return {"operator": operator, "value": _check_value(name, operator, condition["value"])}


def _check_field(name: str, fields: frozenset[str]) -> str:
    of_logs = fields is LOG_FIELDS
    if name in fields or (of_logs and (_is_key(name, "metadata__") or _is_embedded_only(name))):
        return name
    more = " or metadata.KEY" if of_logs else ""
    raise ConfigurationError(
        f"{name!r} is not a field that can be filtered; use {', '.join(sorted(fields))}{more}"
    )


def _is_key(name: str, prefix: str) -> bool:
    return name.removeprefix(prefix) not in {"", name}


def _check_value(name: str, operator: str, value: object) -> Any:
    if operator == "isnull":
        if not isinstance(value, bool):
            raise ConfigurationError(f"isnull on {name!r} requires True or False")
        return value
    if operator == "in":
        if not isinstance(value, list | tuple) or not value:
            raise ConfigurationError(
                f"the filter on {name!r} requires a list of at least one value"
            )
        return [_check_scalar(name, element) for element in value]
    if operator in SUBSTRING_OPERATORS and value == "":
        raise ConfigurationError(f"{operator} on {name!r} requires text; empty text matches all")
    return _check_scalar(name, value)


def _check_scalar(name: str, value: object) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(f"the filter on {name!r} requires a finite number")
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if not isinstance(value, str | int | float):
        raise ConfigurationError(
            f"the filter on {name!r} supports str, int, float, bool and datetime; "
            "use isnull() for None"
        )
    return value
