"""The rows of delivery: an encoded row, and its place in the queue.

Delivery looks neither into a body nor into a dataset's address, but for feedback.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeAlias

from respan_langchain.client.feedback import merge_encoded
from respan_langchain.delivery.status import DeliveryStatus

FEEDBACK_PREFIX: Final = "feedback:"
"""What the address of feedback begins with, before the address of its row."""


class EncodedRow(NamedTuple):
    """One row, ready to be sent."""

    id: str
    """The row's `custom_identifier`; two rows may have the same."""
    dataset: str
    """The dataset's address, in a form that only the transport understands."""
    body: bytes
    """The row as JSON."""
    status: DeliveryStatus
    """Where its state is counted."""
    hold: float = 0.0
    """Seconds that it waits for feedback before it is sent."""

    @property
    def feedback_key(self) -> tuple[str, str]:
        """Dataset and id of feedback on this row."""
        return f"{FEEDBACK_PREFIX}{self.dataset}", self.id

    @property
    def is_feedback(self) -> bool:
        """Whether it changes the row of the same id, and is no row of its own."""
        return self.dataset.startswith(FEEDBACK_PREFIX)


RowFilter: TypeAlias = Callable[[str, bytes], bool]
"""Whether a row is chosen, by its id and its body."""


class QueuedRow:
    """An accepted row, compared by identity: two rows may have the same id."""

    __slots__ = ("accepted", "encoded", "number", "size", "tries", "uses_capacity")

    def __init__(
        self, encoded: EncodedRow, number: int, accepted: float, *, uses_capacity: bool = True
    ) -> None:
        """`number` is its place in the order of acceptance; `accepted` is on the worker's clock.

        The queue numbers rows when the worker takes them.
        """
        self.encoded = encoded
        self.number = number
        self.accepted = accepted
        self.uses_capacity = uses_capacity
        """Whether it counts against the limits of the queue."""
        self.size = len(encoded.body)
        """Bytes that it takes of the limits."""
        self.tries = 0
        """How often the platform reported a temporary failure of this row."""

    def matches(self, chosen: RowFilter) -> bool:
        """Whether the filter chooses this row."""
        return chosen(self.encoded.id, self.encoded.body)

    def merge(self, feedback: "QueuedRow") -> None:
        """Take over the content of feedback, and the bytes that it takes of the limits."""
        body = merge_encoded(self.encoded.body, feedback.encoded.body)
        self.encoded = self.encoded._replace(body=body)
        self.size, feedback.size = self.size + feedback.size, 0


def ids_by_status(rows: Iterable[EncodedRow]) -> dict[DeliveryStatus, list[str]]:
    """Group the ids of rows by where their state is counted."""
    ids: dict[DeliveryStatus, list[str]] = {}
    for row in rows:
        ids.setdefault(row.status, []).append(row.id)
    return ids


def bulk_body(bodies: Iterable[bytes]) -> bytes:
    """Return the bulk request's body for these rows."""
    return b'{"logs":[' + b",".join(bodies) + b"]}"
