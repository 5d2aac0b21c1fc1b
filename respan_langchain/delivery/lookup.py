"""What a lookup of unconfirmed rows proves, and when to look again. Pure.

A list may lag behind. A missing row is proven missing only once the lookup shows the *marker row*,
a row that was stored later. Without a marker row the last lookup decides, without proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from respan_langchain.delivery.batch import LookupResult, Unconfirmed
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import QueuedRow

MAX_LIST_LAG: Final = 120.0
"""Seconds to wait for a list that lags behind."""
LAGGING_LIST_INTERVAL: Final = 15.0


@dataclass(frozen=True, slots=True)
class LookupFindings:
    """The result of one lookup."""

    stored: tuple[QueuedRow, ...]
    missing: tuple[QueuedRow, ...]
    proven: bool
    """Whether the missing rows are certainly not stored."""
    has_duplicates: bool
    look_again_at: float | None
    """When to look again; None when further lookups would not help."""


def read_lookup(result: LookupResult, now: float, limits: DeliveryLimits) -> LookupFindings:
    """Read a lookup."""
    delays = limits.lookup_delays
    unconfirmed = result.request.unconfirmed
    rows = unconfirmed.batch.rows
    if result.counts is None:
        again = _next_lookup(unconfirmed, now, delays, lags=False)
        if again is None and now < unconfirmed.exact_until:
            again = now + delays[-1]  # one that succeeds will tell
        return LookupFindings(
            (), tuple(rows), proven=False, has_duplicates=False, look_again_at=again
        )
    first = len(unconfirmed.found)
    counts = result.counts[first : first + len(rows)]
    stored = tuple(row for row, count in zip(rows, counts, strict=True) if count)
    missing = tuple(row for row, count in zip(rows, counts, strict=True) if not count)
    has_marker = unconfirmed.marker is not None
    sees_marker = has_marker and result.counts[-1] > 0
    is_proven = sees_marker or now < unconfirmed.exact_until
    again = _next_lookup(unconfirmed, now, delays, lags=has_marker and not sees_marker)
    return LookupFindings(
        stored,
        missing,
        proven=is_proven,
        has_duplicates=any(count > 1 for count in counts),
        look_again_at=None if is_proven or not missing else again,
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
