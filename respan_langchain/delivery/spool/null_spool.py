"""What the worker asks of a disk, and the level `memory`, which has none."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from respan_langchain.delivery.batch import Outcome
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool.file import SpoolState
from respan_langchain.delivery.status import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Loaded:
    """A row that came back from disk, with an empty body if it was lost there."""

    parcel: EncodedRow
    sent: bool
    """It was sent, and nobody knows what became of it."""
    adopted: bool
    """It came from another process."""
    lost: str = ""
    """Why it is to be thrown away; empty when it is not."""

    def count_in(self, ledger: DeliveryStatus) -> None:
        """It is not on disk alone any more."""
        if self.adopted:
            ledger.accept([self.parcel.id])
        else:
            ledger.resume(self.parcel.id)


class NullSpool:
    """The level `memory`: nothing goes to disk."""

    is_durable: bool = False
    """Whether every row is written down as it is taken in."""
    takes_overflow: bool = False
    loadable: int = 0
    """Rows that wait on disk alone."""
    last_error: str | None = None
    """Why the disk is not used now."""

    def __init__(self) -> None:
        self.adopted = DeliveryStatus(remembered=0)
        """Counts the rows of processes that are gone."""
        self.unreadable_files: deque[str] = deque()
        """What is wrong with files that processes left, for whoever tells people."""

    def append(self, rows: Sequence[QueuedRow], now: float) -> None:
        """`durable`: these were taken in."""

    def spill(self, rows: Sequence[QueuedRow], state: SpoolState, now: float) -> list[QueuedRow]:
        """Keep on disk alone what cannot stay in memory; those for which there was room."""
        del rows, state, now
        return []

    def add_dead_letters(self, settled: Sequence[Outcome], now: float) -> None:
        """Keep dead letters, with their reasons."""

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These are about to be sent: should the process die, they are to be looked for first."""

    def mark_pending(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These were surely not stored."""

    def remove(self, rows: Sequence[QueuedRow], now: float) -> None:
        """These are done with."""

    def adopt_orphans(self, now: float) -> list[Loaded]:
        """Adopt what processes left that are gone; what of all that is here is lost."""
        del now
        return []

    def load(self, most_rows: int, most_bytes: int, now: float) -> list[Loaded]:
        """Bring rows back to memory; they stay on disk until they are done with."""
        del most_rows, most_bytes, now
        return []

    def close(self) -> None:
        """Leave what is on disk for another process."""

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
