"""How values look in a terminal: one line each, and nothing in them that a terminal would obey.

What models and users wrote is never read as markup, and its control characters are shown, not sent.
"""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from rich.text import Text

from respan_langchain.client.models import Log

UNKNOWN: Final = "-"
"""Stands for what is not known; 0 is written as 0."""
STATUS_STYLES: Final = {
    "success": "green",
    "error": "red",
    "interrupted": "yellow",
    "incomplete": "yellow",
}
STATUS_ABBREVIATIONS: Final = {"success": "ok", "error": "failed"}
ALLOWED_CONTROLS: Final = "\n\t\u200c\u200d"
"""Joiners make emoji and some scripts; they move nothing."""
MAX_CELL_LENGTH: Final = 400
"""Characters of one value that a cell could ever show."""

_BLANKS = re.compile(r"\s+")


def escape_controls(text: str) -> str:
    """Show control characters and changes of direction as what they are."""
    return "".join(
        letter
        if letter in ALLOWED_CONTROLS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
        else "�"
        for letter in text
    )


def preview_line(value: Any) -> Text:
    """Show a value in one line."""
    return Text(
        _BLANKS.sub(" ", escape_controls(preview(value)[:MAX_CELL_LENGTH])).strip(),
        overflow="ellipsis",
        no_wrap=True,
    )


def preview(value: Any) -> str:
    """Say what a value says: a message's content, a conversation's last question, or JSON."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, list) and value and isinstance(value[-1], Mapping) and "role" in value[-1]:
        asked = [each for each in value if isinstance(each, Mapping) and each.get("role") == "user"]
        return preview((asked or value)[-1])
    return json.dumps(value, ensure_ascii=False, default=str)


def _of_mapping(value: Mapping[str, Any]) -> str:
    if calls := value.get("tool_calls"):
        return ", ".join(format_tool_call(call) for call in calls)
    if "role" in value and isinstance(value.get("content"), str):
        return str(value["content"])
    if len(value) == 1:
        return preview(next(iter(value.values())))
    return json.dumps(value, ensure_ascii=False, default=str)


def format_tool_call(call: Any) -> str:
    """Show a tool call as one would write it."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return json.dumps(call, ensure_ascii=False, default=str)
    return f"{function.get('name')}({function.get('arguments', '')})"


def format_count(number: int | None) -> str:
    """Write a number of things."""
    return UNKNOWN if number is None else f"{number:,}"


def pluralize(number: int | None, one: str, many: str) -> str:
    """Write a number of things with their word, and the verb where it has to agree.

    >>> counted(1, "row is", "rows are")
    '1 row is'
    """
    return f"{format_count(number)} {one if number == 1 else many}"


def format_cost(usd: Decimal | float | None) -> str:
    """Write USD with as many digits as say something."""
    if usd is None:
        return UNKNOWN
    if not usd:
        return "$0"
    amount = Decimal(usd)
    return f"${amount:,.2f}" if abs(amount) >= 1 else f"${amount:.6f}"


def format_duration(duration: float | None) -> str:
    """Write a duration."""
    if duration is None:
        return UNKNOWN
    return f"{duration:.2f}s" if duration < 100 else f"{duration:,.0f}s"


def format_date(when: dt.datetime | None) -> str:
    """Write a day."""
    return UNKNOWN if when is None else f"{when:%Y-%m-%d}"


def format_datetime(when: dt.datetime | None) -> str:
    """Write a moment, to the second."""
    return UNKNOWN if when is None else when.isoformat(sep=" ", timespec="seconds")


def format_status(log: Log, *, wide: bool = True) -> Text:
    """Show how a run ended, in a word, or in a sign where there is no room."""
    status = log.status or UNKNOWN
    return Text(
        escape_controls(status)
        if wide
        else STATUS_ABBREVIATIONS.get(status, escape_controls(status)),
        style=STATUS_STYLES.get(status, ""),
    )


def short_id(log: Log) -> str:
    """Write the end of an id, which `logs show` takes too."""
    return escape_controls((log.unique_id or UNKNOWN)[-8:])
