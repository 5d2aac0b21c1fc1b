"""How values are shown in a terminal: one line each, without control characters.

Texts of models and users are never parsed as markup, and never reach the terminal's escape codes.
"""

import datetime as dt
import re
import unicodedata
from typing import Any, Final

from rich.text import Text

from respan_langchain._display import UNKNOWN, format_count, preview_text
from respan_langchain.client.models import Log

STATUS_STYLES: Final = {
    "success": "green",
    "error": "red",
    "interrupted": "yellow",
    "incomplete": "yellow",
}
STATUS_ABBREVIATIONS: Final = {"success": "ok", "error": "failed"}
ALLOWED_CONTROLS: Final = "\n\t\u200c\u200d"
"""The two joiners build emoji and letters of some scripts, and move nothing."""
MAX_CELL_LENGTH: Final = 400
"""Characters of one value that a cell could ever show."""
SHORT_ID_LENGTH: Final = 8

_WHITESPACE = re.compile(r"\s+")


def escape_controls(text: str) -> str:
    """Replace control characters and changes of writing direction."""
    return "".join(
        letter
        if letter in ALLOWED_CONTROLS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
        else "�"
        for letter in text
    )


def safe_text(text: str, style: str = "") -> Text:
    """Return a text that is printed as it is: no markup, and no control characters."""
    return Text(escape_controls(text), style=style)


def preview_line(value: Any) -> Text:
    """Show the beginning of a value in one line."""
    line = _WHITESPACE.sub(" ", escape_controls(preview(value)[:MAX_CELL_LENGTH])).strip()
    return Text(line, overflow="ellipsis", no_wrap=True)


def preview(value: Any) -> str:
    """Return the text of a value: a message's content, a conversation's last question, or JSON."""
    return UNKNOWN if value is None else preview_text(value)


def pluralize(number: int | None, one: str, many: str | None = None) -> str:
    """Format a number of things with their noun; the plural ends in `s` where it is not given.

    >>> pluralize(1, "row"), pluralize(2, "row")
    ('1 row', '2 rows')
    """
    return f"{format_count(number)} {one if number == 1 else many or f'{one}s'}"


def format_date(when: dt.datetime | None) -> str:
    """Format the date of a time."""
    return UNKNOWN if when is None else f"{when:%Y-%m-%d}"


def format_datetime(when: dt.datetime | None) -> str:
    """Format a time, to the second."""
    return UNKNOWN if when is None else when.isoformat(sep=" ", timespec="seconds")


def format_status(log: Log, *, wide: bool = True) -> Text:
    """Format how a run ended; abbreviated unless `wide`."""
    status = log.status or UNKNOWN
    text = status if wide else STATUS_ABBREVIATIONS.get(status, status)
    return safe_text(text, STATUS_STYLES.get(status, ""))


def short_id(full_id: str | None) -> str:
    """Return the end of an id; commands accept it in place of the id."""
    return (full_id or UNKNOWN)[-SHORT_ID_LENGTH:]
