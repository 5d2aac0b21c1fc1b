"""A row on its way, and by what it is known again at the other side.

Pure. The platform gives every row an id of its own and takes none, so a row is known by its custom
identifier, and where several rows have the same one, by its span as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.rows import to_row
from respan_langchain.errors import RespanError


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A row, as it will be sent."""

    source_id: str
    """What its source calls it; no other row of the source is called so."""
    identifier: str
    """Its custom identifier, which other rows may have too."""
    discriminator: str | None
    """What tells it from those; None when nothing does."""
    row: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExistingRow:
    """A row that the target has."""

    identifier: str
    discriminator: str | None


def build_transfer_row(log: Log) -> TransferRow:
    """Make a platform's row one that can move; one without an identifier takes its id along.

    Raises:
        RespanError: The platform does not tell the row's id, so rows could not be told apart.
    """
    if log.unique_id is None:
        raise RespanError("The source does not show the ids of its rows: they cannot be moved.")
    row = to_row(log)
    source_id = log.unique_id
    identifier = str(row["metadata"].setdefault("custom_identifier", source_id))
    return TransferRow(source_id, identifier, get_discriminator(log), row)


def get_discriminator(log: Log) -> str | None:
    """Find what tells a row from others with its identifier."""
    said = (log.metadata or {}).get("span_unique_id") or (log.model_extra or {}).get(
        "span_unique_id"
    )
    return str(said) if said else None


def match_existing(
    rows: Iterable[TransferRow], there: Iterable[ExistingRow], claimed: Iterable[ExistingRow]
) -> set[str]:
    """Tell which rows are there already, by their source ids.

    Args:
        rows: The rows that are asked for.
        there: What the target has of their identifiers.
        claimed: Rows with these identifiers that are known to be there, and are none of `rows`.
    """
    marks: dict[str, set[str]] = {}
    nameless: dict[str, int] = {}
    for each in there:
        if each.discriminator is None:
            nameless[each.identifier] = nameless.get(each.identifier, 0) + 1
        else:
            marks.setdefault(each.identifier, set()).add(each.discriminator)
    for each in claimed:
        if each.discriminator is None or each.discriminator not in marks.get(each.identifier, ()):
            nameless[each.identifier] = nameless.get(each.identifier, 0) - 1
    found = set()
    for row in rows:
        if row.discriminator is not None and row.discriminator in marks.get(row.identifier, ()):
            found.add(row.source_id)
        elif nameless.get(row.identifier, 0) > 0:
            nameless[row.identifier] -= 1
            found.add(row.source_id)
    return found
