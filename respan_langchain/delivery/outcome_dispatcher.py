"""Passes each outcome on: to the spool, the statuses, the queue, the flushes and the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from respan_langchain.delivery.flush import PendingFlushes
from respan_langchain.delivery.outcome import Outcome, update_statuses
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.reporting import DeliveryLogger
from respan_langchain.delivery.spool.base import Spool


@dataclass(frozen=True, slots=True)
class OutcomeDispatcher:
    """Everything that acts on outcomes; for the thread that holds the worker's lock."""

    spool: Spool
    queue: DeliveryQueue
    flushes: PendingFlushes
    log: DeliveryLogger

    def dispatch(self, outcomes: Sequence[Outcome], now: float) -> tuple[Outcome, ...]:
        """Act on outcomes, after the spool has saved rows that would be lost; return these."""
        given = tuple(one for one in outcomes if one.rows or one.is_about_delivery)
        if not given:
            return ()
        saved = self.spool.rescue(given, now)
        self.spool.on_outcomes(saved, now)
        update_statuses(saved)
        self.queue.on_outcomes(saved)
        self.flushes.on_outcomes(saved)
        self.log.on_outcomes(saved, now)
        return saved
