"""Filters of the command line: `--where`, `--search` and `--since`, as API filters.

`--where model=gpt-4o --where 'cost>0.01' --where metadata.page~returns`
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from respan_langchain._constants import EMBEDDED_LOG_FIELDS, LOG_FIELDS, LOG_NUMBERS
from respan_langchain.cli.log_fields import SHORT_NAMES
from respan_langchain.client.filters import FilterField, Filters, field
from respan_langchain.errors import ConfigurationError

WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="FIELD=VALUE",
        help="Filter; operators: = != < <= > >= ~ (contains) ^= (starts with). Repeatable. "
        "Nothing after = or != means no value or any.",
    ),
]
UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
"""Seconds."""
_CONDITION = re.compile(
    r"(?P<name>score\.[^=<>~]+?|[\w.\-]+?)\s*(?P<operator>!=|<=|>=|\^=|=|<|>|~)\s*(?P<value>.*)",
    re.DOTALL,
)
_AGE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])")


def parse_filters(conditions: Sequence[str] | None) -> Filters | None:
    """Parse conditions that must all hold; None if there are none.

    Raises:
        ConfigurationError: A condition cannot be parsed.
    """
    filters: Filters | None = None
    for condition in conditions or ():
        parsed = _parse_condition(condition)
        filters = parsed if filters is None else filters & parsed
    return filters


def parse_since(text: str, now: dt.datetime) -> dt.datetime:
    """Parse an age such as `2d` or `90m`, a date, or a time in ISO 8601; local time by default.

    Raises:
        ConfigurationError: It is neither.
    """
    if match := _AGE.fullmatch(text.strip()):
        return now - dt.timedelta(seconds=float(match["number"]) * UNITS[match["unit"]])
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(
            f"--since {text!r}: expected an age such as 30m, 12h or 2d, or a date such as "
            "2026-11-23."
        ) from None
    return moment.astimezone()


def _parse_condition(condition: str) -> Filters:
    match = _CONDITION.fullmatch(condition.strip())
    if match is None:
        raise ConfigurationError(
            f"--where {condition!r}: expected FIELD=VALUE, such as model=gpt-4o or 'cost>0.01'."
        )
    name = SHORT_NAMES.get(match["name"], match["name"])
    operator, value = match["operator"], match["value"]
    if not value and operator in {"=", "!="}:
        return _get_field(name).isnull(operator == "=")
    return _compare(_get_field(name), operator, _parse_value(name, value))


def _get_field(name: str) -> FilterField:
    try:
        return field(name)
    except ConfigurationError:
        raise ConfigurationError(
            f"--where {name}: unknown field. Fields: "
            f"{', '.join(sorted(LOG_FIELDS | EMBEDDED_LOG_FIELDS))}, score.EVALUATOR for its "
            "score, such as score.exact_match, and metadata.KEY for a key of the metadata, such "
            "as metadata.page=returns."
        ) from None


def _compare(compared: FilterField, operator: str, value: str | float) -> Filters:
    match operator:
        case "!=":
            return compared != value
        case "<":
            return compared < value
        case "<=":
            return compared <= value
        case ">":
            return compared > value
        case ">=":
            return compared >= value
        case "~":
            return compared.icontains(str(value))
        case "^=":
            return compared.startswith(str(value))
        case _:
            return compared == value


def _parse_value(name: str, value: str) -> str | float:
    if name not in LOG_NUMBERS and not name.startswith("score."):
        return value
    try:
        number = float(value)
    except ValueError:
        raise ConfigurationError(f"--where {name}: {value!r} is not a number.") from None
    return int(number) if number.is_integer() else number
