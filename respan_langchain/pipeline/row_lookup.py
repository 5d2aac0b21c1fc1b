"""Which of our rows a list of logs shows. Pure.

Several rows may have the same `custom_identifier`: an app may set it, and request ids that are used
as run ids come back with each retry. So a row is told from others by its run and its start as well,
where the platform shows them.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from respan_langchain.client.models import Log


class RowIdentity(NamedTuple):
    """What tells a row from all others."""

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

    Rows that cannot be told from each other share what is found of them.
    """
    by_identifier: dict[str | None, list[Log]] = {}
    for log in logs:
        by_identifier.setdefault(log.custom_identifier, []).append(log)
    shares = Counter(rows)
    seen: Counter[RowIdentity] = Counter()
    counts: list[int] = []
    for row in rows:
        same = [log for log in by_identifier.get(row.identifier, ()) if _is_row(log, row)]
        share, more = divmod(len(same), shares[row])
        counts.append(share + (seen[row] < more))
        seen[row] += 1
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
