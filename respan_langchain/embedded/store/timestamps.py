"""Moments: seconds since 1970 in the store, RFC 3339 in UTC on the wire."""

from datetime import UTC, datetime

MILLISECONDS_FROM = 10_000_000_000
"""A number beyond this (the year 2286 in seconds) is read as milliseconds."""


def parse_timestamp(value: object) -> float | None:
    """Read a moment, None when it is none; without an offset it is UTC."""
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
    """Write a moment to the millisecond."""
    utc = datetime.fromtimestamp(timestamp, UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_range(timestamp: float) -> float | None:
    # The years that datetime can write.
    return timestamp if -62_000_000_000 < timestamp < 253_000_000_000 else None
