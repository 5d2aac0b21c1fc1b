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

NOTHING: Final = "-"
"""Stands for what is not known; 0 is written as 0."""
STYLES: Final = {
    "success": "green",
    "error": "red",
    "interrupted": "yellow",
    "incomplete": "yellow",
}
SIGNS: Final = {"success": "ok", "error": "failed"}
KEPT: Final = "\n\t\u200c\u200d"
"""Joiners make emoji and some scripts; they move nothing."""
MOST_SHOWN: Final = 400
"""Characters of one value that a cell could ever show."""

_BLANKS = re.compile(r"\s+")


def plain(text: str) -> str:
    """Show control characters and changes of direction as what they are."""
    return "".join(
        letter if letter in KEPT or unicodedata.category(letter) not in ("Cc", "Cf", "Cs") else "�"
        for letter in text
    )


def line(value: Any) -> Text:
    """Show a value in one line."""
    return Text(
        _BLANKS.sub(" ", plain(words(value)[:MOST_SHOWN])).strip(),
        overflow="ellipsis",
        no_wrap=True,
    )


def words(value: Any) -> str:
    """Say what a value says: a message's content, a conversation's last question, or JSON."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, list) and value and isinstance(value[-1], Mapping) and "role" in value[-1]:
        asked = [each for each in value if isinstance(each, Mapping) and each.get("role") == "user"]
        return words((asked or value)[-1])
    return json.dumps(value, ensure_ascii=False, default=str)


def _of_mapping(value: Mapping[str, Any]) -> str:
    if calls := value.get("tool_calls"):
        return ", ".join(call_words(call) for call in calls)
    if "role" in value and isinstance(value.get("content"), str):
        return str(value["content"])
    if len(value) == 1:
        return words(next(iter(value.values())))
    return json.dumps(value, ensure_ascii=False, default=str)


def call_words(call: Any) -> str:
    """Show a tool call as one would write it."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return json.dumps(call, ensure_ascii=False, default=str)
    return f"{function.get('name')}({function.get('arguments', '')})"


def count(number: int | None) -> str:
    """Write a number of things."""
    return NOTHING if number is None else f"{number:,}"


def counted(number: int | None, one: str, many: str) -> str:
    """Write a number of things with their word, and the verb where it has to agree.

    >>> counted(1, "row is", "rows are")
    '1 row is'
    """
    return f"{count(number)} {one if number == 1 else many}"


def money(usd: Decimal | float | None) -> str:
    """Write USD with as many digits as say something."""
    if usd is None:
        return NOTHING
    if not usd:
        return "$0"
    amount = Decimal(usd)
    return f"${amount:,.2f}" if abs(amount) >= 1 else f"${amount:.6f}"


def seconds(duration: float | None) -> str:
    """Write a duration."""
    if duration is None:
        return NOTHING
    return f"{duration:.2f}s" if duration < 100 else f"{duration:,.0f}s"


def day(when: dt.datetime | None) -> str:
    """Write a day."""
    return NOTHING if when is None else f"{when:%Y-%m-%d}"


def moment(when: dt.datetime | None) -> str:
    """Write a moment, to the second."""
    return NOTHING if when is None else when.isoformat(sep=" ", timespec="seconds")


def status_of(log: Log, *, wide: bool = True) -> Text:
    """Show how a run ended, in a word, or in a sign where there is no room."""
    status = log.status or NOTHING
    return Text(
        plain(status) if wide else SIGNS.get(status, plain(status)), style=STYLES.get(status, "")
    )


def short_id(log: Log) -> str:
    """Write the end of an id, which `logs show` takes too."""
    return plain((log.unique_id or NOTHING)[-8:])
