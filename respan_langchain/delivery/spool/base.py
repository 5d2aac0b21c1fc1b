"""A spool's settings, and what delivery needs of it: `Spool` keeps nothing, `DiskSpool` does."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from respan_langchain.delivery.limits import MEBIBYTE
from respan_langchain.delivery.outcome import SHUTDOWN, RowOutcome
from respan_langchain.delivery.row import EncodedRow, QueuedRow, RowFilter
from respan_langchain.delivery.spool.rows import SpoolState
from respan_langchain.delivery.status import DeliveryStatus

SAVED_REASONS: Final[frozenset[str]] = frozenset({"evicted", "spool_full", "expired", SHUTDOWN})
"""Reasons for which rows in memory are dropped, unless they fit on disk."""


@dataclass(frozen=True, slots=True)
class SpoolConfig:
    """Where the spool is, which rows it holds, and its limits."""

    directory: Path
    """One for each destination: a process sends adopted rows to its own destination."""
    level: Literal["spill", "durable"] = "spill"
    max_bytes: int = 256 * MEBIBYTE
    """Bodies on disk at most, for each process; the oldest dead letters are deleted first."""
    max_age: float = 7 * 86_400.0
    """Seconds after which a row on disk is dropped, and counted."""


Accept: TypeAlias = Callable[[list[EncodedRow]], list[QueuedRow]]
"""Puts rows that were loaded into the queue."""


class Spool:
    """The spool of the level `memory`: rows stay in memory."""

    is_durable: bool = False
    """Whether every row is written as it is accepted."""
    takes_overflow: bool = False
    place: str = "on disk"
    """Where rows stay that are left at the end, for log lines."""
    failure: str = "the spool fails ({}); rows stay in memory"
    """What follows from `last_error`, for log lines."""

    def __init__(self) -> None:
        self.adopted = DeliveryStatus(remembered=0)
        """Counts the rows of processes that have ended."""
        self.unreadable_files: deque[str] = deque()
        """Causes for which files of ended processes cannot be read, to be logged."""
        self.loadable = 0
        """How many rows are only on disk, dead letters left out."""

    @property
    def last_error(self) -> str | None:
        """Why the disk is not used now."""
        return None

    @property
    def has_every_row(self) -> bool:
        """Whether every row in memory is on disk."""
        return False

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """Write accepted rows, with the level `durable`."""

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent: another process is to look them up first.

        Returns the rows that another process has taken over, which must not be sent.
        """
        return ()

    def on_outcomes(self, outcomes: tuple[RowOutcome, ...], now: float) -> tuple[RowOutcome, ...]:
        """Save rows that would be lost, delete those that are done, keep dead letters.

        Returns the outcomes after that.
        """
        return outcomes

    def maintain(self, now: float) -> tuple[RowOutcome, ...]:
        """Look for rows of processes that have ended; return which rows are lost."""
        return ()

    def load(
        self, accept: Accept, max_rows: int, max_bytes: int, now: float
    ) -> dict[QueuedRow, bool]:
        """Bring rows back to memory; they stay on disk until they are done.

        Returns for each whether it was sent, and its outcome is not known.
        """
        return {}

    def forget(self, chosen: RowFilter, now: float) -> tuple[tuple[RowOutcome, ...], int]:
        """Delete chosen rows that are only on disk; return the outcomes, and how many there were.

        Dead letters have their outcome already.
        """
        return (), 0

    def close(self) -> None:
        """Leave what is on disk for another process."""

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""


def state_to_keep(outcome: RowOutcome) -> SpoolState | None:
    """Return the state in which to spool these rows; None when they are not lost."""
    if outcome.kind == "dropped" and outcome.reason in SAVED_REASONS:
        return "pending"
    is_left = outcome.kind == "unconfirmed" and outcome.reason == SHUTDOWN
    return "unconfirmed" if is_left else None
