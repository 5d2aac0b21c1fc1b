"""Search the logs of a dataset by text and age.

The API filters neither contents nor times, so the search reads the logs and stops at the limit.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import Final

from respan_langchain.client.models import Log
from respan_langchain.datasets.cell_format import to_text
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.log_reader import NEWEST_FIRST

SEARCHED: Final = ("input", "output", "expected_output", "error_message", "span_name", "scores")


def search_logs(
    rows: Dataset,
    *,
    text: str | None,
    since: dt.datetime | None,
    sort_by: str = NEWEST_FIRST,
    limit: int,
) -> list[Log]:
    """Return the first logs that contain the text and ended after a time."""
    found = (
        log
        for log in _read_until(rows, since, sort_by)
        if (text is None or contains_text(log, text)) and (since is None or _is_after(log, since))
    )
    return list(islice(found, limit))


def contains_text(log: Log, text: str) -> bool:
    """Whether contents, error, name or scores contain a text, whatever its case."""
    wanted = text.casefold()
    values = (to_text(getattr(log, name)) for name in SEARCHED)
    return any(wanted in value.casefold() for value in values if value is not None)


def _read_until(rows: Dataset, since: dt.datetime | None, sort_by: str) -> Iterator[Log]:
    """Read the logs; if they are sorted by creation, only those created since a time.

    A log is created after its run ended, so that older ones ended before it, too.
    """
    for log in rows.sorted_by(sort_by):
        created = _as_time(getattr(log, "created_at", None))
        if since is not None and sort_by == NEWEST_FIRST and created and created < since:
            return
        yield log


def _is_after(log: Log, since: dt.datetime) -> bool:
    ended = _as_time(log.timestamp) or _as_time(getattr(log, "created_at", None))
    return ended is None or ended >= since


def _as_time(value: object) -> dt.datetime | None:
    """Read a time; one without a zone is UTC. None if it is not a time."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
