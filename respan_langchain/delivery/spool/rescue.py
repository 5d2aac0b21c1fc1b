"""Which rows are written to disk because they would be lost. Pure."""

from typing import Final

from respan_langchain.delivery.outcome import SHUTDOWN, Outcome
from respan_langchain.delivery.spool.rows import SpoolState

SAVED_REASONS: Final[frozenset[str]] = frozenset({"evicted", "spool_full", "expired", SHUTDOWN})
"""Reasons for which rows in memory are dropped, unless they fit on disk."""


def state_to_keep(outcome: Outcome) -> SpoolState | None:
    """Return the state in which to spool these rows; None when they are not lost."""
    if outcome.kind == "dropped" and outcome.reason in SAVED_REASONS:
        return "pending"
    is_left = outcome.kind == "unconfirmed" and outcome.reason == SHUTDOWN
    return "unconfirmed" if is_left else None
