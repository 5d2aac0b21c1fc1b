"""Figures for people: money, counts, durations and moments, short and always of the same shape."""

from datetime import UTC, datetime

DIGITS = ((1, 2), (0.01, 4), (0.0001, 5), (0.000001, 6), (0, 8))
"""From which amount on, how many digits stand behind the point."""
UNKNOWN = "\u2013"
"""What stands for an unknown figure."""


def money(usd: float | None) -> str:
    """Write US dollars.

    >>> money(0.000142), money(3.5), money(0.0)
    ('$0.00014', '$3.50', '$0')
    """
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    size = abs(usd)
    digits = (
        2
        if size >= 1
        else 4
        if size >= 0.01
        else 5
        if size >= 0.0001
        else 6
        if size >= 0.000001
        else 8
    )
    return f"{'-' if usd < 0 else ''}${size:,.{digits}f}"


def count(number: float | None) -> str:
    """Write a count in full.

    >>> count(1234567)
    '1,234,567'
    """
    return UNKNOWN if number is None else f"{int(number):,}"


def short_count(number: float | None) -> str:
    """Write a count in four characters or so.

    >>> short_count(999), short_count(12_345), short_count(1_234_567)
    ('999', '12.3k', '1.23M')
    """
    if number is None:
        return UNKNOWN
    for size, letter in [(1e9, "B"), (1e6, "M"), (1e3, "k")]:
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}" if number != int(number) else f"{int(number)}"


def duration(seconds: float | None) -> str:
    """Write a duration.

    >>> duration(0.0421), duration(1.42), duration(75)
    ('42 ms', '1.42 s', '1 m 15 s')
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60):,} m {int(seconds % 60)} s"


def size(length: int) -> str:
    """Write a number of characters."""
    return f"{short_count(length)} characters"


def share(part: float, whole: float) -> str:
    """Write a share in percent."""
    return f"{part / whole:.1%}".replace(".0%", "%") if whole else UNKNOWN


def iso(moment: float) -> str:
    """Write a moment for machines."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def clock(moment: float) -> str:
    """Write a moment in UTC; the page's script turns it into the reader's own time."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %H:%M:%S")


def ago(moment: float, now: float) -> str:
    """Write how long ago a moment was.

    >>> ago(0, 30), ago(0, 3600), ago(0, 200_000)
    ('just now', '1 h ago', '2 d ago')
    """
    passed = now - moment
    for length, letter in [(86_400, "d"), (3600, "h"), (60, "min")]:
        if passed >= length:
            return f"{int(passed // length):,} {letter} ago"
    return "just now"
