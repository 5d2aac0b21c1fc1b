"""Moments: seconds since 1970 in the store, RFC 3339 in UTC on the wire."""

from datetime import UTC, datetime

MILLISECONDS_FROM = 10_000_000_000
"""A number beyond this (the year 2286 in seconds) is read as milliseconds."""


def moment_from(written: object) -> float | None:
    """Read a moment, None when it is none; without an offset it is UTC."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        return _in_range(written / 1000 if abs(written) > MILLISECONDS_FROM else float(written))
    if not isinstance(written, str):
        return None
    try:
        read = datetime.fromisoformat(written)
        aware = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return _in_range(aware.timestamp())
    except (ValueError, OverflowError):
        return None


def written(moment: float) -> str:
    """Write a moment to the millisecond."""
    utc = datetime.fromtimestamp(moment, UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_range(moment: float) -> float | None:
    # The years that datetime can write.
    return moment if -62_000_000_000 < moment < 253_000_000_000 else None
