"""What this room carries: one encoded row, where it goes, and where its fate is counted.

The room never looks into a body or an address.
"""

from collections.abc import Iterable
from typing import NamedTuple

from respan_langchain.delivery.status import Ledger


class Parcel(NamedTuple):
    """One row on its way out."""

    id: str
    """The row's `custom_identifier`, by which it is found again; unique per row."""
    address: str
    """The dataset, in words that only the carrier understands."""
    body: bytes
    """The row as JSON."""
    ledger: Ledger


class Row:
    """A parcel that was accepted, with what happened to it so far."""

    __slots__ = ("accepted", "number", "parcel", "size", "tries")

    def __init__(self, parcel: Parcel, number: int, accepted: float) -> None:
        """Give it its place in the order of acceptance, and when that was on the worker's clock."""
        self.parcel = parcel
        self.number = number
        self.accepted = accepted
        self.size = len(parcel.body)
        """Bytes of its body."""
        self.tries = 0
        """How often the server named this very row as failed, but not for good."""


def by_ledger(parcels: Iterable[Parcel]) -> dict[Ledger, list[str]]:
    """The ids of these, by where their fate is counted."""
    ids: dict[Ledger, list[str]] = {}
    for parcel in parcels:
        ids.setdefault(parcel.ledger, []).append(parcel.id)
    return ids


def body_of(rows: list[Row]) -> bytes:
    """The bulk request's body for these rows."""
    return b'{"logs":[' + b",".join(row.parcel.body for row in rows) + b"]}"
