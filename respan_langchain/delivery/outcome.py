"""Outcomes of rows: immutable values that the scheduler returns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from respan_langchain.delivery.drop_reasons import DropReason, describe_drop
from respan_langchain.delivery.row import QueuedRow, ids_by_status
from respan_langchain.delivery.status import DeliveryStatus, FinalState

SHUTDOWN: Final = "shutdown"
"""The reason for rows that are left when the process ends."""
FINAL: frozenset[str] = frozenset({"delivered", "rejected", "unconfirmed", "dropped"})

EVENTS: frozenset[str] = frozenset({"duplicates", "circuit_opened", "request_failed", "recovered"})

OutcomeKind: TypeAlias = (
    FinalState
    | Literal[
        "spooled",  # only on disk, for later
        "awaiting_lookup",  # sent, and the outcome is not known yet
        "changed",  # feedback was merged into them
        "awaiting_row",  # feedback that was tried, and its row is not shown yet
        "not_stored",  # certainly not stored: sent again
        "resent",  # sent again without proof that they are not stored
        "duplicates",  # the platform has a row more than once
        "circuit_opened",
        "request_failed",
        "recovered",
    ]
)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """One thing that happened, to all of these rows or to delivery as a whole."""

    kind: OutcomeKind
    rows: tuple[QueuedRow, ...] = ()
    reason: str = ""

    @property
    def leaves_memory(self) -> bool:
        """Whether its rows are no longer in memory."""
        return self.kind in FINAL or self.kind == "spooled"

    @property
    def is_about_delivery(self) -> bool:
        """Whether it is an event that needs no rows."""
        return self.kind in EVENTS


def dropped(rows: Iterable[QueuedRow], reason: DropReason) -> RowOutcome:
    """Return the outcome of rows that are given up."""
    return RowOutcome("dropped", tuple(rows), reason)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A subject's traces and rows that `Worker.forget` found in this process."""

    open_traces: int = 0
    """Traces that had not ended, and give no rows."""
    memory: int = 0
    """Rows that waited in memory, and on disk as well."""
    disk: int = 0
    """Rows that were on disk alone, dead letters included."""
    sent: int = 0
    """Rows that are being sent, or may be stored: these are not removed."""

    def __add__(self, later: "Forgotten") -> "Forgotten":
        """Return what both calls removed, and what the later one did not."""
        removed = self.open_traces + later.open_traces, self.memory + later.memory
        return Forgotten(*removed, self.disk + later.disk, later.sent)


def rows_of(outcomes: Iterable[RowOutcome]) -> list[QueuedRow]:
    """Return all their rows."""
    return [row for outcome in outcomes for row in outcome.rows]


def update_statuses(outcomes: Iterable[RowOutcome]) -> None:
    """Give each row its new state, in the status of its handler."""
    for outcome in outcomes:
        for status, ids in ids_by_status(row.encoded for row in outcome.rows).items():
            _write(status, ids, outcome)
            # One update may hold hundreds of rows, and the counts may never be read.
            status.apply_updates()


def _write(status: DeliveryStatus, ids: list[str], outcome: RowOutcome) -> None:
    match outcome.kind:
        case "delivered" | "rejected" | "unconfirmed" | "dropped":
            status.settle(ids, outcome.kind, outcome.reason)
        case "spooled":
            reason = f"on disk: {describe_drop(outcome.reason)}"
            status.keep_pending(ids, reason, spooled=len(ids))
        case "awaiting_lookup":
            status.keep_pending(ids, "sent, no clear response; awaiting a lookup")
        case "awaiting_row":
            status.keep_pending(ids, "the platform does not show the row yet")
        case "resent":
            status.keep_pending(ids, "sent again", resent=len(ids))
        case _:
            pass
