"""What a lookup of unconfirmed rows proves, and when to look again. Pure.

A list may lag behind. A missing row is proven missing only once the lookup shows a *witness*, a row
that was stored later. Without a witness the last lookup decides, without proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from respan_langchain.delivery.batch import LookupResult, Unconfirmed
from respan_langchain.delivery.row import QueuedRow

MAX_LIST_LAG: Final = 120.0
"""Seconds that a list which is seen to lag is waited for."""
LAGGING_LIST_INTERVAL: Final = 15.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one lookup says."""

    stored: tuple[QueuedRow, ...]
    missing: tuple[QueuedRow, ...]
    proven: bool
    """Whether the missing rows are surely not stored."""
    has_duplicates: bool
    look_again_at: float | None
    """When to look again; None when no further lookup would tell more."""


def read_lookup(result: LookupResult, now: float, delays: Sequence[float]) -> Verdict:
    """Read a lookup; `delays` is when to look up, in seconds since the attempt ended."""
    unconfirmed = result.request.unconfirmed
    rows = unconfirmed.batch.rows
    if result.counts is None:
        again = _next_lookup(unconfirmed, now, delays, lags=False)
        return Verdict((), tuple(rows), proven=False, has_duplicates=False, look_again_at=again)
    counts = result.counts[: len(rows)]
    stored = tuple(row for row, count in zip(rows, counts, strict=True) if count)
    missing = tuple(row for row, count in zip(rows, counts, strict=True) if not count)
    has_witness = unconfirmed.witness is not None
    sees_witness = has_witness and result.counts[-1] > 0
    again = _next_lookup(unconfirmed, now, delays, lags=has_witness and not sees_witness)
    return Verdict(
        stored,
        missing,
        proven=sees_witness,
        has_duplicates=any(count > 1 for count in counts),
        look_again_at=None if sees_witness or not missing else again,
    )


def _next_lookup(
    unconfirmed: Unconfirmed, now: float, delays: Sequence[float], *, lags: bool
) -> float | None:
    """Return when to look again after one more lookup."""
    if unconfirmed.lookups < len(delays):
        return max(now, unconfirmed.ended + delays[unconfirmed.lookups])
    if lags and now < unconfirmed.ended + MAX_LIST_LAG:
        return now + LAGGING_LIST_INTERVAL
    return None
