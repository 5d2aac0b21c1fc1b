"""Bounds of the queue, sizes of batches, and time-outs of delivery."""

from dataclasses import dataclass
from typing import Literal

from respan_langchain import _constants

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows, bytes and seconds. What is in flight counts as waiting."""

    max_rows: int = _constants.MAX_QUEUE_ROWS
    """Rows held at most; beyond it `overflow` decides which one is dropped, and it is counted."""
    max_bytes: int = _constants.MAX_QUEUE_BYTES
    """Bytes of rows held at most."""
    max_row_bytes: int = 20_000_000
    """A larger row is dropped; the platform documents 20 MB for one log."""
    overflow: Literal["drop_newest", "drop_oldest"] = "drop_newest"
    """With `drop_newest` an accepted row is never pushed out by a later one."""
    batch_rows: int = _constants.MAX_BULK_LOGS
    batch_bytes: int = _constants.BATCH_BYTES
    max_age: float = _constants.FLUSH_INTERVAL
    """The oldest row waits this long before its batch leaves, full or not."""
    drain_interval: float = 0.1
    """While events come in, the sources are asked this often."""
    request_timeout: float = _constants.REQUEST_TIMEOUT
    """One request, from connecting to the last byte of the answer."""
    exit_timeout: float = _constants.EXIT_TIMEOUT
    """What the end of the process may be held up by."""
    delivery_deadline: float = _constants.DELIVERY_DEADLINE
    """A row that could not be delivered for this long is given up, and counted."""
    requests_per_minute: int = _constants.BULK_REQUESTS_PER_MINUTE
    probe_interval: float = 60.0
    """While nothing can be delivered (a wrong key, no such dataset), one row asks this often."""
    backoff_first: float = 0.5
    backoff_max: float = 60.0
    lookup_delays: tuple[float, ...] = (2.0, 5.0, 15.0)
    """When to look for rows whose answer was lost, in seconds since; a list may lag behind."""
    on_unconfirmed: Literal["resend", "hold"] = "resend"
    """What to do with rows that cannot be looked for: at least once, or at most once."""
    max_row_tries: int = 3
    """How often a row is sent again that the server names as failed, but not for good."""
    log_interval: float = 60.0
    """At most one log line a cause in this time."""
