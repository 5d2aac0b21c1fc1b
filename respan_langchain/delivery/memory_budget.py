"""How `max_queue_bytes` is divided between what waits in memory: events, open runs and rows.

All of it together takes `total` at most. The parts below are bounds within it, so that no part can
take the space of the others. They overlap, since one part is seldom full when another is.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """Bytes that may wait."""

    total: int
    """Queued events, the content of open traces, and rows: accepted, in flight, or being built."""

    @property
    def unmeasured_events(self) -> int:
        """Events that are queued before anybody measures them (`pipeline/backpressure.py`)."""
        return self.total // 2

    @property
    def open_runs(self) -> int:
        """Content that open traces hold (`pipeline/open_content.py`)."""
        return self.total // 2

    @property
    def interrupted_traces(self) -> int:
        """Traces that wait to be resumed, on top of `total` (`tracing/interrupt_store.py`)."""
        return self.total // 2

    @property
    def loaded_rows(self) -> int:
        """Rows in memory up to which more are loaded from disk (`delivery/queue.py`)."""
        return self.total // 2
