"""Counts how often each of our rows is in a list of logs. Pure.

Several rows may have the same `custom_identifier`: an app may set it, or use the id of a request,
which each retry repeats, as run id. So rows are also compared by their run id and their start,
where the platform returns these.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from respan_langchain.client.models import Log


class RowIdentity(NamedTuple):
    """The fields that identify a row."""

    identifier: str
    run_id: str | None = None
    start: float | None = None
    """Milliseconds since the epoch."""


def read_identity(body: bytes) -> RowIdentity:
    """Read a row's identity from its JSON."""
    row = orjson.loads(body)
    metadata, metrics = row.get("metadata") or {}, row.get("metrics") or {}
    start = metrics.get("start_time")
    return RowIdentity(
        str(metadata.get("custom_identifier")),
        metadata.get("run_id"),
        None if start is None else _milliseconds(datetime.fromisoformat(start)),
    )


def count_stored(rows: Sequence[RowIdentity], logs: Sequence[Log]) -> list[int]:
    """Count how often each row is stored.

    A log counts for one row. Where it could be several, since the platform shows neither run nor
    start, it counts for the one of which the fewest were found.
    """
    places: dict[str | None, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.identifier, []).append(place)
    counts = [0] * len(rows)
    candidates = [
        [place for place in places.get(log.custom_identifier, ()) if _is_row(log, rows[place])]
        for log in logs
    ]
    for possible in sorted(candidates, key=len):
        if possible:
            counts[min(possible, key=counts.__getitem__)] += 1
    return counts


def _is_row(log: Log, row: RowIdentity) -> bool:
    run_id = (log.metadata or {}).get("run_id")
    if run_id is not None and row.run_id is not None and run_id != row.run_id:
        return False
    if log.start_time is None or row.start is None:
        return True
    return abs(_milliseconds(log.start_time) - row.start) <= 1


def _milliseconds(moment: datetime) -> float:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
