"""Brings rows back from disk while delivery works and the queue has capacity."""

from dataclasses import dataclass

from respan_langchain.delivery.flush import PendingFlushes
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import Outcome
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.scheduler import Scheduler
from respan_langchain.delivery.spool.base import Spool


@dataclass(frozen=True, slots=True)
class SpoolLoader:
    """Loads the rows of one worker; for the thread that holds the worker's lock."""

    spool: Spool
    queue: DeliveryQueue
    scheduler: Scheduler
    flushes: PendingFlushes
    limits: DeliveryLimits

    def load(self, now: float) -> tuple[Outcome, ...]:
        """Load some rows, of which those that may have been sent are looked up.

        Returns what happened to waiting rows by that; empty if no row was loaded.
        """
        max_rows, max_bytes = self.queue.capacity_for_loaded
        if not self.spool.loadable or max_rows <= 0 or max_bytes <= 0:
            return ()
        if self.scheduler.last_error is not None and self.scheduler.rows:
            return ()
        loaded = self.spool.load(min(max_rows, self.limits.batch_rows), max_bytes, now)
        rows = self.queue.put_loaded([one.row for one in loaded], now)
        self.spool.on_loaded(loaded, rows)
        maybe_sent = {row for one, row in zip(loaded, rows, strict=True) if one.maybe_sent}
        unconfirmed = [row for row in rows if row in maybe_sent and not row.encoded.is_feedback]
        self.scheduler.add_unconfirmed(unconfirmed, now)
        if self.flushes.on_loaded(rows):
            self.scheduler.flush_up_to(self.queue.latest)
        unsent = [row for row in rows if row not in maybe_sent or row.encoded.is_feedback]
        return self.scheduler.add(unsent) if rows else ()
