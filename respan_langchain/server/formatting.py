"""Figures, sizes, shares and times for the pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from respan_langchain._display import (
    UNKNOWN,
    format_cost,
    format_count,
    format_duration,
    format_short_count,
)

FIGURES: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("Tokens in", "prompt_tokens", format_count),
    ("Tokens out", "completion_tokens", format_count),
    ("Cost", "cost", format_cost),
    ("Latency", "latency", format_duration),
    ("First token", "time_to_first_token", format_duration),
)
"""The figures of one row: their names, columns and formats."""


def format_size(characters: int) -> str:
    """Format a number of characters."""
    return f"{format_short_count(characters)} characters"


def format_share(part: float, whole: float) -> str:
    """Format a share in percent."""
    return f"{part / whole:.1%}".replace(".0%", "%") if whole else UNKNOWN


def format_score(score: float | None) -> str:
    """Format a score.

    >>> format_score(0.666), format_score(1.0), format_score(None)
    ('0.67', '1', '\u2013')
    """
    return f"{score:.2g}" if score is not None else UNKNOWN


def describe_known(known: int, total: int) -> str:
    """Describe how many rows have a figure, where not all have it.

    >>> describe_known(40, 120), describe_known(120, 120), describe_known(0, 120)
    (', of 40 of 120 rows', '', '')
    """
    return f", of {known:,} of {total:,} rows" if 0 < known < total else ""


def format_iso(timestamp: float) -> str:
    """Format a timestamp for a `datetime` attribute."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def format_time(timestamp: float) -> str:
    """Format a timestamp in UTC; the page's script shows it in the reader's time zone."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%d %b %Y %H:%M:%S")


def format_age(timestamp: float, now: float) -> str:
    """Format how long ago a timestamp was.

    >>> format_age(0, 30), format_age(0, 3600), format_age(0, 200_000)
    ('just now', '1 h ago', '2 d ago')
    """
    passed = now - timestamp
    for length, letter in [(86_400, "d"), (3600, "h"), (60, "min")]:
        if passed >= length:
            return f"{int(passed // length):,} {letter} ago"
    return "just now"
