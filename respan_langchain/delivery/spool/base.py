"""What delivery needs of a spool. The base class keeps nothing on disk, `DiskSpool` does."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from respan_langchain.delivery.outcome import Outcome
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.status import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Loaded:
    """A row that was loaded from disk; it stays on disk until it is done."""

    row: EncodedRow
    key: str
    """Its primary key on disk."""
    maybe_sent: bool
    """Whether it was sent, and its outcome is not known."""


class Spool:
    """The spool of the level `memory`: rows stay in memory."""

    is_durable: bool = False
    """Whether every row is written as it is accepted."""
    takes_overflow: bool = False
    loadable: int = 0
    """Rows that are only on disk."""

    def __init__(self) -> None:
        self.adopted = DeliveryStatus(remembered=0)
        """Counts the rows of processes that have ended."""
        self.unreadable_files: deque[str] = deque()
        """Causes for which files of ended processes cannot be read, to be logged."""

    @property
    def last_error(self) -> str | None:
        """Why the disk is not used now."""
        return None

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """Write accepted rows, with the level `durable`."""

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent: another process is to look them up first.

        Returns the rows that another process has taken over, which must not be sent.
        """
        del rows, now
        return ()

    def rescue(self, outcomes: tuple[Outcome, ...], now: float) -> tuple[Outcome, ...]:
        """Write to disk the rows that would be lost; return the outcomes after that."""
        del now
        return outcomes

    def on_outcomes(self, outcomes: tuple[Outcome, ...], now: float) -> None:
        """Delete rows that are done, keep dead letters."""

    def adopt_orphans(self, now: float) -> tuple[Outcome, ...]:
        """Adopt files of processes that have ended; return which rows are lost."""
        del now
        return ()

    def load(self, max_rows: int, max_bytes: int, now: float) -> list[Loaded]:
        """Bring rows back to memory; they stay on disk until they are done."""
        del max_rows, max_bytes, now
        return []

    def on_loaded(self, loaded: Sequence[Loaded], rows: Sequence[QueuedRow]) -> None:
        """Remember which queued row is which row on disk."""

    def close(self) -> None:
        """Leave what is on disk for another process."""

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
