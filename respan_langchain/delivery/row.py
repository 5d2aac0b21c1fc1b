"""What this room carries: one encoded row, where it goes, and where its fate is counted.

The room never looks into a body or an address.
"""

from collections.abc import Iterable
from typing import NamedTuple

from respan_langchain.delivery.status import DeliveryStatus


class EncodedRow(NamedTuple):
    """One row on its way out."""

    id: str
    """The row's `custom_identifier`, by which it is found again; unique per row."""
    dataset: str
    """The dataset, in words that only the carrier understands."""
    body: bytes
    """The row as JSON."""
    status: DeliveryStatus


class QueuedRow:
    """A parcel that was accepted, with what happened to it so far."""

    __slots__ = ("accepted", "encoded", "number", "size", "tries")

    def __init__(self, parcel: EncodedRow, number: int, accepted: float) -> None:
        """Give it its place in the order of acceptance, and when that was on the worker's clock."""
        self.encoded = parcel
        self.number = number
        self.accepted = accepted
        self.size = len(parcel.body)
        """Bytes of its body."""
        self.tries = 0
        """How often the server named this very row as failed, but not for good."""


def ids_by_status(parcels: Iterable[EncodedRow]) -> dict[DeliveryStatus, list[str]]:
    """The ids of these, by where their fate is counted."""
    ids: dict[DeliveryStatus, list[str]] = {}
    for parcel in parcels:
        ids.setdefault(parcel.status, []).append(parcel.id)
    return ids


def bulk_body(rows: list[QueuedRow]) -> bytes:
    """The bulk request's body for these rows."""
    return b'{"logs":[' + b",".join(row.encoded.body for row in rows) + b"]}"
