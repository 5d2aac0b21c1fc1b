"""A row of a transfer, and how it is recognized at the target.

Pure. The platform assigns ids itself, so a row is recognized by its custom identifier and, where
several rows share one, by its span id.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.rows import to_row
from respan_langchain.errors import RespanError


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A row to send."""

    source_id: str
    """Its id at the source, unique there."""
    identifier: str
    """Its custom identifier; other rows may have the same."""
    discriminator: str | None
    """What distinguishes it from rows with the same identifier; None when nothing does."""
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExistingRow:
    """A row that the target has."""

    identifier: str
    discriminator: str | None


def build_transfer_row(log: Log) -> TransferRow:
    """Convert a log; its id becomes the custom identifier of one that has none.

    Raises:
        RespanError: The log has no id.
    """
    if log.unique_id is None:
        raise RespanError("the source does not return ids of logs, so they cannot be transferred")
    content = to_row(log)
    identifier = str(content["metadata"].setdefault("custom_identifier", log.unique_id))
    return TransferRow(log.unique_id, identifier, get_discriminator(log), content)


def get_discriminator(log: Log) -> str | None:
    """Return the span id of a log, from its metadata or its top level."""
    span_id = (log.metadata or {}).get("span_unique_id") or (log.model_extra or {}).get(
        "span_unique_id"
    )
    return str(span_id) if span_id else None


def match_existing(
    rows: Iterable[TransferRow],
    existing: Iterable[ExistingRow],
    owned_by_others: Iterable[ExistingRow],
) -> set[str]:
    """Return the source ids of those `rows` that are among the `existing` ones of the target.

    `owned_by_others` are existing rows that are known to be others than `rows`.
    """
    listed = list(existing)
    marked = {row for row in listed if row.discriminator is not None}
    unmarked = Counter(row.identifier for row in listed if row.discriminator is None)
    unmarked.subtract(row.identifier for row in owned_by_others if row not in marked)
    found = set()
    for wanted in rows:
        if ExistingRow(wanted.identifier, wanted.discriminator) in marked:
            found.add(wanted.source_id)
        elif unmarked[wanted.identifier] > 0:
            unmarked[wanted.identifier] -= 1
            found.add(wanted.source_id)
    return found
