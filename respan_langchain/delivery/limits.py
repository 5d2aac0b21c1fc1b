"""Limits of delivery: bounds of memory, sizes of batches, time-outs, pauses between tries.

`queue.py` enforces the bounds of rows in memory; `MemoryBudget` divides the memory.
"""

from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain import _constants

MEBIBYTE = 1024 * 1024
UNLIMITED: Final = 1_000_000
"""Requests a minute where there is no rate limit: to a platform on this machine, or to a broker."""


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Limits in rows, bytes and seconds. Rows in flight count as queued."""

    max_rows: int = _constants.MAX_QUEUE_ROWS
    """Rows held at most; beyond it `overflow` decides which row is dropped and counted."""
    max_bytes: int = _constants.MAX_QUEUE_BYTES
    """Bytes of rows held at most."""
    max_row_bytes: int = 20_000_000
    """A larger row is dropped; the platform documents 20 MB for one log."""
    overflow: Literal["drop_newest", "drop_oldest"] = "drop_newest"
    """With `drop_newest` an accepted row is never evicted for a later one."""
    batch_rows: int = _constants.MAX_BULK_LOGS
    batch_bytes: int = _constants.BATCH_BYTES
    max_age: float = _constants.FLUSH_INTERVAL
    """A batch is sent when its oldest row has waited this long, full or not."""
    poll_interval: float = 0.2
    """While events arrive, the sources are polled this often; in a burst less often."""
    request_timeout: float = _constants.REQUEST_TIMEOUT
    """One request, from connecting to the last byte of the response."""
    exit_timeout: float = _constants.EXIT_TIMEOUT
    """How long delivery may delay the exit of the process."""
    delivery_deadline: float = _constants.DELIVERY_DEADLINE
    """A row that could not be delivered for this long is dropped and counted."""
    requests_per_minute: int = _constants.BULK_REQUESTS_PER_MINUTE
    probe_interval: float = 60.0
    """While the circuit is open (a wrong key, no such dataset), a probe is sent this often."""
    backoff_first: float = 0.5
    backoff_max: float = 60.0
    lookup_delays: tuple[float, ...] = (2.0, 5.0, 15.0)
    """Seconds after a lost response at which to look up its rows; a list may lag behind."""
    on_unconfirmed: Literal["resend", "keep"] = "resend"
    """What to do with rows that lookups cannot confirm: deliver at least once, or at most once."""
    max_row_tries: int = 3
    """How often a row is sent again after the server reported a temporary error for it."""
    log_interval: float = 60.0
    """At most one log line for each cause in this time."""


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """How `max_queue_bytes` is divided between what waits in memory: events, open runs and rows."""

    total: int
    """Queued events, the content of open traces, and rows: accepted, in flight, or being built."""

    @property
    def part(self) -> int:
        """Half of the total: the bound of each of four kinds of content, checked separately.

        Three of them are within the total: events that are queued before anybody measures them
        (`pipeline/backpressure.py`), the content of open traces (`pipeline/open_content.py`), and
        rows in memory up to which more are loaded from disk (`delivery/queue.py`). One is seldom
        full when another is. The fourth is beside the total: traces that wait to be resumed
        (`tracing/interrupt_store.py`).
        """
        return self.total // 2
