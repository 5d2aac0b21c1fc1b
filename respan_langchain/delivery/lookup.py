"""What a lookup of unconfirmed rows proves, and when to look again. Pure.

A list may lag behind. A missing row is proven missing only once the lookup shows the *marker row*,
a row that was stored later. Without a marker row the last lookup decides, without proof.
"""

from dataclasses import dataclass
from typing import Final

from respan_langchain.delivery.batch import Lookup, LookupResult
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
    """Read a lookup; one that failed shows no row, and proves nothing."""
    lookup, succeeded = result.lookup, result.counts is not None
    rows, first = lookup.batch.rows, len(lookup.found)
    counts = (result.counts or [0] * len(lookup.rows))[first : first + len(rows)]
    stored = tuple(row for row, count in zip(rows, counts, strict=True) if count)
    missing = tuple(row for row, count in zip(rows, counts, strict=True) if not count)
    sees_marker = bool(result.counts and lookup.marker is not None and result.counts[-1])
    is_proven = sees_marker or (succeeded and now < lookup.exact_until)
    again = _next_lookup(lookup, now, limits, succeeded=succeeded)
    return LookupFindings(
        stored,
        missing,
        proven=is_proven,
        has_duplicates=any(count > 1 for count in counts),
        look_again_at=None if is_proven or not missing else again,
    )


def _next_lookup(
    lookup: Lookup, now: float, limits: DeliveryLimits, *, succeeded: bool
) -> float | None:
    """Return when to look again after one more lookup."""
    delays = limits.lookup_delays
    if lookup.tries < len(delays):
        return max(now, lookup.ended + delays[lookup.tries])
    if not succeeded:
        # One that succeeds will tell.
        return now + delays[-1] if now < lookup.exact_until else None
    lags = lookup.marker is not None and now < lookup.ended + MAX_LIST_LAG
    return now + LAGGING_LIST_INTERVAL if lags else None
