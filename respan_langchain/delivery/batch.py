"""Requests of delivery, and their responses: a batch to store, a lookup, feedback to apply."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.row import EncodedRow, QueuedRow

ALWAYS = float("-inf")


@dataclass(slots=True, eq=False)
class Batch:
    """Rows of one dataset that are sent, looked up or isolated together."""

    dataset: str
    rows: list[QueuedRow]
    not_before: float = ALWAYS
    """When it may be sent or looked up next."""
    failures: int = 0
    """How often these rows were sent without a clear response."""
    successes_then: int = 0
    """How many batches had been stored when these rows last failed."""
    refusals_are_atomic: bool = False
    """Whether a refused batch is known to store no row."""
    rest: "Lookup | None" = None
    """Rows of a refused batch, to be looked up once this row, the last of it, has been sent."""
    others: "Batch | None" = None
    """Rows of a refused batch, to be sent once this row, the first of it, has been sent."""

    @property
    def sent_rows(self) -> list[QueuedRow]:
        """Rows in `rest`, which may be stored already."""
        return [] if self.rest is None else self.rest.batch.rows

    @property
    def unsent_rows(self) -> list[QueuedRow]:
        """Its own rows and those in `others`, which are certainly not stored."""
        return self.rows if self.others is None else [*self.rows, *self.others.rows]

    @property
    def size(self) -> int:
        """Bytes of all its rows."""
        return sum(row.size for row in self.rows)

    def split(self) -> list["Batch"]:
        """Return two batches of its rows."""
        middle = len(self.rows) // 2
        return [self.of(part) for part in (self.rows[:middle], self.rows[middle:]) if part]

    def of(self, rows: list[QueuedRow]) -> "Batch":
        """Return a batch of some of its rows, with the same history."""
        return replace(self, rows=rows, rest=None, others=None)


@dataclass(slots=True, eq=False)
class Lookup:
    """Rows that were sent and may be stored, and what lookups have shown of them."""

    batch: Batch
    ended: float
    """When the attempt ended, on the worker's clock."""
    sent_at: float | None
    """When it began, in seconds since the epoch: lookups skip older logs. None where an earlier
    process may have made it."""
    exact_until: float = ALWAYS
    """Until when a row that a lookup does not show is certainly not stored."""
    refusal: str = ""
    """The platform's message if it refused the whole batch; otherwise empty."""
    conflicts: bool = False
    """Whether it is a single row that got a 409: it may be stored already."""
    tries: int = 0
    """How often they were looked up."""
    found: list[EncodedRow] = field(default_factory=list)
    """Rows that an earlier lookup found, whose ids missing rows have as well."""
    marker: EncodedRow | None = None
    """The marker row, stored later: once a lookup shows it, missing rows are proven missing."""

    @property
    def rows(self) -> list[EncodedRow]:
        """The rows to look up, after those that were found and before the marker row."""
        marker = [] if self.marker is None else [self.marker]
        return [*self.found, *(row.encoded for row in self.batch.rows), *marker]


@dataclass(frozen=True, slots=True)
class BulkResponse:
    """The response to a bulk insert."""

    batch: Batch
    result: HttpResult
    started_at: float = 0.0
    """When the request began, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LookupResult:
    """How often each row of a lookup is stored; None when the lookup failed."""

    lookup: Lookup
    counts: Sequence[int] | None


FeedbackState: TypeAlias = Literal[
    "applied",
    "no_row",  # the platform does not show the row, or not yet
    "refused",  # permanently
    "failed",  # to be tried again
]


@dataclass(frozen=True, slots=True)
class FeedbackRequest:
    """Feedback to be merged into the rows that it is about."""

    dataset: str
    rows: list[QueuedRow]


@dataclass(frozen=True, slots=True)
class FeedbackResponse:
    """What became of each feedback; None when the platform could not be reached."""

    request: FeedbackRequest
    states: Sequence[FeedbackState] | None


SenderRequest: TypeAlias = Batch | Lookup | FeedbackRequest
SenderResponse: TypeAlias = BulkResponse | LookupResult | FeedbackResponse
