"""What leaves together, and what is to be done next: the words between deciding and acting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from respan_langchain._http_result import HttpResult
from respan_langchain.delivery.row import QueuedRow
from respan_langchain.delivery.status import Final


@dataclass(slots=True, eq=False)
class Batch:
    """Rows that are sent, looked for or isolated together, for one address."""

    address: str
    rows: list[QueuedRow]
    not_before: float = float("-inf")
    ended: float = 0.0
    """When the attempt ended whose outcome is unknown."""
    looked: int = 0
    """How often these rows were looked for since."""
    refused: bool = False
    """It was refused whole: some row of it spoils the rest."""
    words: str = ""
    """In what words."""
    failures: int = 0
    """How often these very rows were sent, and their outcome was unknown."""
    successes_then: int = 0
    """How many batches had gone through when these rows failed last."""

    @property
    def size(self) -> int:
        """Bytes of all its rows."""
        return sum(row.size for row in self.rows)

    def remove_older(self, before: float) -> list[QueuedRow]:
        """Remove and return the rows that were accepted before this time."""
        older = [row for row in self.rows if row.accepted < before]
        self.rows = [row for row in self.rows if row.accepted >= before]
        return older

    def halves(self) -> list["Batch"]:
        """Two batches of its rows."""
        middle = len(self.rows) // 2
        parts = self.rows[:middle], self.rows[middle:]
        return [Batch(self.address, part, not_before=self.not_before) for part in parts]

    def doubted(
        self, rows: list[QueuedRow], ended: float, look_at: float, successes: int
    ) -> "Batch":
        """These rows of it, whose outcome nobody knows."""
        return Batch(
            self.address,
            rows,
            not_before=look_at,
            ended=ended,
            failures=self.failures + 1,
            successes_then=successes,
        )

    @property
    def ids(self) -> frozenset[str]:
        """By which its rows are looked for."""
        return frozenset(row.encoded.id for row in self.rows)


@dataclass(frozen=True, slots=True)
class Request:
    """Something for the wire: post a batch, or look for its rows."""

    kind: Literal["post", "find"]
    batch: Batch


@dataclass(frozen=True, slots=True)
class BulkResponse:
    """What came back for a batch that was posted."""

    batch: Batch
    response: HttpResult


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Which rows of a batch are stored; None when that could not be learnt."""

    batch: Batch
    counts: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows have met their fate, all of them the same."""

    rows: list[QueuedRow]
    state: Final
    reason: str = ""


def rows_of(settled: Iterable[Outcome]) -> list[QueuedRow]:
    """All of their rows."""
    return [row for one in settled for row in one.rows]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Something that people should hear about."""

    subject: str
    """What the lines of a log are counted and limited by."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an answer changed: rows that are settled, rows in doubt, and something to say."""

    settled: list[Outcome] = field(default_factory=list)
    doubtful: list[QueuedRow] = field(default_factory=list)
    returned: list[QueuedRow] = field(default_factory=list)
    """Surely not stored: to be sent again."""
    remarks: list[LogEvent] = field(default_factory=list)
