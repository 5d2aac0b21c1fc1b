"""What this room carries: one encoded row, where it goes, and where its fate is counted.

The room never looks into a body or an address.
"""

from dataclasses import dataclass
from typing import NamedTuple

from respan_langchain.delivery.ledger import Ledger


class Parcel(NamedTuple):
    """One row on its way out."""

    id: str
    """The row's `custom_identifier`, by which it is found again; unique per row."""
    address: str
    """The dataset, in words that only the carrier understands."""
    body: bytes
    """The row as JSON."""
    ledger: Ledger


@dataclass(slots=True, eq=False)
class Row:
    """A parcel that was accepted, with what happened to it so far."""

    parcel: Parcel
    number: int
    """Its place in the order of acceptance."""
    accepted: float
    """When, on the worker's clock."""
    tries: int = 0
    """How often the server named this very row as failed, but not for good."""

    @property
    def size(self) -> int:
        """Bytes of its body."""
        return len(self.parcel.body)


def body_of(rows: list[Row]) -> bytes:
    """The bulk request's body for these rows."""
    return b'{"logs":[' + b",".join(row.parcel.body for row in rows) + b"]}"
