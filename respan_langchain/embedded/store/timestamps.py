"""Timestamps: Unix seconds in the store, RFC 3339 in UTC in the API."""

from datetime import UTC, datetime

MILLISECONDS_FROM = 10_000_000_000
"""A larger number (after the year 2286, as seconds) is read as milliseconds."""


def parse_timestamp(value: object) -> float | None:
    """Read a timestamp; None when the value is none. Without an offset it is UTC."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _in_range(value / 1000 if abs(value) > MILLISECONDS_FROM else float(value))
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        aware = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return _in_range(aware.timestamp())
    except (ValueError, OverflowError):
        return None


def format_timestamp(timestamp: float) -> str:
    """Write a timestamp to the millisecond."""
    utc = datetime.fromtimestamp(timestamp, UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_range(timestamp: float) -> float | None:
    # The years that datetime supports.
    return timestamp if -62_000_000_000 < timestamp < 253_000_000_000 else None
