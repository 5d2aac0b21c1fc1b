"""Which logs a command reads: `--where`, `--search` and `--since`.

`--where model=gpt-4o --where 'cost>0.01' --where metadata.page~returns` become filters of the API.
It filters neither contents nor times, so a search reads the logs and stops at the limit.
"""

import datetime as dt
import operator as operators
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import Annotated, Any, Final

import typer

from respan_langchain._constants import EMBEDDED_LOG_FIELDS, LOG_FIELDS, LOG_NUMBERS
from respan_langchain.cli.log_fields import SHORT_NAMES
from respan_langchain.client.filters import FilterField, Filters, field
from respan_langchain.client.models import Log
from respan_langchain.datasets.cell_format import to_text
from respan_langchain.datasets.dataset import NEWEST_FIRST, Dataset
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
COMPARISONS: Final[Mapping[str, Callable[[FilterField, Any], Filters]]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
    "~": lambda compared, value: compared.icontains(str(value)),
    "^=": lambda compared, value: compared.startswith(str(value)),
}
SEARCHED: Final = ("input", "output", "expected_output", "error_message", "span_name", "scores")
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
    parsed = [_parse_condition(condition) for condition in conditions or ()]
    return reduce(operators.and_, parsed) if parsed else None


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
    return COMPARISONS[operator](_get_field(name), _parse_value(name, value))


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


def _parse_value(name: str, value: str) -> str | float:
    if name not in LOG_NUMBERS and not name.startswith("score."):
        return value
    try:
        number = float(value)
    except ValueError:
        raise ConfigurationError(f"--where {name}: {value!r} is not a number.") from None
    return int(number) if number.is_integer() else number


def search_logs(
    rows: Dataset,
    *,
    text: str | None,
    since: dt.datetime | None,
    sort_by: str = NEWEST_FIRST,
    limit: int,
) -> list[Log]:
    """Return the first logs that contain the text and ended after a time."""
    found = (
        log
        for log in _read_until(rows, since, sort_by)
        if (text is None or contains_text(log, text)) and (since is None or _is_after(log, since))
    )
    return list(islice(found, limit))


def contains_text(log: Log, text: str) -> bool:
    """Whether contents, error, name or scores contain a text, whatever its case."""
    wanted = text.casefold()
    values = (to_text(getattr(log, name)) for name in SEARCHED)
    return any(wanted in value.casefold() for value in values if value is not None)


def _read_until(rows: Dataset, since: dt.datetime | None, sort_by: str) -> Iterator[Log]:
    """Read the logs; if they are sorted by creation, only those created since a time.

    A log is created after its run ended, so that older ones ended before it, too.
    """
    for log in rows.sorted_by(sort_by):
        created = _with_zone(log.created_at)
        if since is not None and sort_by == NEWEST_FIRST and created and created < since:
            return
        yield log


def _is_after(log: Log, since: dt.datetime) -> bool:
    ended = _with_zone(log.timestamp) or _with_zone(log.created_at)
    return ended is None or ended >= since


def _with_zone(moment: dt.datetime | None) -> dt.datetime | None:
    """Return a time with its zone; a time without one is in UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
