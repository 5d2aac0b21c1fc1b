"""What to select: a small language for filters, refused here when the platform would not know it.

Pure. The platform ignores fields and operators that it does not know, which broadens a selection:
a misspelt filter would remove everything. So nothing leaves that `contract.py` does not name.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from respan_langchain._constants import LOG_FIELDS, OPERATORS, Operator
from respan_langchain.errors import ConfigurationError

DATASET_FIELDS = frozenset({
    "id", "name", "description", "type", "status", "starred", "tags", "created_at", "updated_at",
})  # fmt: skip
"""What a list of datasets can be filtered by: the attributes that a dataset has."""

SUBSTRING_OPERATORS = frozenset({"contains", "icontains", "startswith", "endswith"})


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that must all hold; one for a field, since the wire has no place for a second.

    >>> (field("model") == "gpt-4o") & (field("cost") > 0.01)
    Filters(model = 'gpt-4o', cost gt 0.01)
    """

    conditions: Mapping[str, tuple[Operator, Any]]

    def __and__(self, other: "Filters") -> "Filters":
        if twice := self.conditions.keys() & other.conditions.keys():
            raise ConfigurationError(
                f"The platform takes one condition a field, not two for {', '.join(sorted(twice))}."
            )
        return Filters({**self.conditions, **other.conditions})

    def __bool__(self) -> bool:
        """Refuse `a and b`, which Python would turn into `b` alone."""
        raise ConfigurationError("Combine filters with &, not with 'and', 'or' or 'not'.")

    def __repr__(self) -> str:
        parts = (f"{name} {how or '='} {value!r}" for name, (how, value) in self.conditions.items())
        return f"Filters({', '.join(parts)})"

    def as_body(self) -> dict[str, dict[str, Any]]:
        """Write the filters as the wire has them."""
        return {
            name: {"operator": how, "value": value}
            for name, (how, value) in self.conditions.items()
        }


class Field:
    """One field, waiting for its condition."""

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
        """Equal, whatever the case."""
        return self._compare("iexact", text)

    def contains(self, text: str) -> Filters:
        """Text with this part in it."""
        return self._compare("contains", text)

    def icontains(self, text: str) -> Filters:
        """Text with this part in it, whatever the case."""
        return self._compare("icontains", text)

    def startswith(self, text: str) -> Filters:
        """Text that begins so."""
        return self._compare("startswith", text)

    def endswith(self, text: str) -> Filters:
        """Text that ends so."""
        return self._compare("endswith", text)

    def isin(self, values: Iterable[object]) -> Filters:
        """One of these; at least one must be given."""
        return self._compare("in", list(values))

    def isnull(self, value: bool = True) -> Filters:
        """Without a value, or with any when False."""
        return self._compare("isnull", value)

    def _compare(self, operator: Operator, value: object) -> Filters:
        return Filters({self._name: (operator, _check_value(self._name, operator, value))})


def field(name: str) -> Field:
    """Name a field of a log; `metadata()` names a key of its metadata."""
    return Field(_check_field(name, LOG_FIELDS))


def metadata(key: str) -> Field:
    """Name a key of a log's metadata."""
    return Field(_check_field(f"metadata__{key}", LOG_FIELDS))


def filters_body(
    filters: Filters | Mapping[str, Any] | None, fields: frozenset[str] = LOG_FIELDS
) -> dict[str, dict[str, Any]]:
    """Write filters, built here or given as the wire has them, for the wire; empty when none."""
    if filters is None:
        return {}
    if isinstance(filters, Filters):
        for name in filters.conditions:
            _check_field(name, fields)
        return filters.as_body()
    return {
        _check_field(name, fields): _check_condition(name, said) for name, said in filters.items()
    }


def _check_condition(name: str, condition: object) -> dict[str, Any]:
    if not isinstance(condition, Mapping) or set(condition) != {"operator", "value"}:
        raise ConfigurationError(f"The filter on {name!r} needs an operator and a value, no more.")
    operator = condition["operator"]
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise ConfigurationError(f"The filter on {name!r} has an operator that does not exist.")
    return {"operator": operator, "value": _check_value(name, operator, condition["value"])}


def _check_field(name: str, fields: frozenset[str]) -> str:
    if name in fields or (
        fields is LOG_FIELDS and name.removeprefix("metadata__") not in {"", name}
    ):
        return name
    raise ConfigurationError(
        f"{name!r} is no field to filter by: the platform would ignore it and select more. "
        f"It knows {', '.join(sorted(fields))}"
        + (" and, for metadata, metadata('<key>')." if fields is LOG_FIELDS else ".")
    )


def _check_value(name: str, operator: str, value: object) -> Any:
    if operator == "isnull":
        if not isinstance(value, bool):
            raise ConfigurationError(f"isnull on {name!r} is true or false.")
        return value
    if operator == "in":
        if not isinstance(value, list | tuple) or not value:
            raise ConfigurationError(f"The filter on {name!r} needs a list with something in it.")
        return [_check_scalar(name, one) for one in value]
    if operator in SUBSTRING_OPERATORS and value == "":
        raise ConfigurationError(f"{operator} on {name!r} with no text would select everything.")
    return _check_scalar(name, value)


def _check_scalar(name: str, value: object) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(f"The filter on {name!r} needs a number that is finite.")
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if not isinstance(value, str | int | float):
        raise ConfigurationError(
            f"The filter on {name!r} compares text, numbers, truth and times; None is isnull()."
        )
    return value
