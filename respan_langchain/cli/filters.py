"""Filters as one types them: `--where model=gpt-4o --where 'cost>0.01' --where metadata.page~a`."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from respan_langchain._constants import LOG_FIELDS
from respan_langchain.client.filters import Field, Filters, field, metadata
from respan_langchain.errors import ConfigurationError

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="FIELD=VALUE",
        help="Only rows where this holds; also != < <= > >= ~ (contains) ^= (starts with).",
    ),
]
NUMERIC_FIELDS: Final = frozenset(
    {"status_code", "prompt_tokens", "completion_tokens", "total_tokens", "cost", "latency"}
)
_CONDITION = re.compile(
    r"(?P<name>[\w.\-]+?)\s*(?P<sign>!=|<=|>=|\^=|=|<|>|~)\s*(?P<value>.*)", re.DOTALL
)


def parse_filters(conditions: Sequence[str] | None) -> Filters | None:
    """Read conditions, which must all hold; None when there are none.

    Raises:
        ConfigurationError: One of them is not understood.
    """
    found: Filters | None = None
    for condition in conditions or ():
        one = _filter(condition)
        found = one if found is None else found & one
    return found


def _filter(condition: str) -> Filters:
    match = _CONDITION.fullmatch(condition.strip())
    if match is None:
        raise ConfigurationError(
            f"--where {condition!r}: write FIELD=VALUE, as in model=gpt-4o or 'cost>0.01'."
        )
    name, sign, value = match["name"], match["sign"], match["value"]
    return _compared(_named(name), sign, _value(name, value))


def _named(name: str) -> Field:
    try:
        if name.startswith("metadata."):
            return metadata(name.removeprefix("metadata."))
        return field(name)
    except ConfigurationError:
        raise ConfigurationError(
            f"--where {name}: there is no such field. There are {', '.join(sorted(LOG_FIELDS))}; "
            "a key of the metadata is metadata.KEY, as in metadata.page=returns."
        ) from None


def _compared(named: Field, sign: str, value: str | float) -> Filters:
    match sign:
        case "!=":
            return named != value
        case "<":
            return named < value
        case "<=":
            return named <= value
        case ">":
            return named > value
        case ">=":
            return named >= value
        case "~":
            return named.icontains(str(value))
        case "^=":
            return named.startswith(str(value))
        case _:
            return named == value


def _value(name: str, value: str) -> str | float:
    if name not in NUMERIC_FIELDS:
        return value
    try:
        number = float(value)
    except ValueError:
        raise ConfigurationError(f"--where {name}: {value!r} is no number.") from None
    return int(number) if number.is_integer() else number
