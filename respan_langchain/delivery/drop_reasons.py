"""Why rows are dropped: the codes in `stats.dropped`, and the words for them in log lines."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

DropReason: TypeAlias = Literal[
    "queue_rows", "queue_bytes", "row_too_big", "evicted", "closed", "expired", "shutdown",
    "spool_full", "spool_expired", "damaged", "forgotten", "no_row", "feedback_full",
]  # fmt: skip

DROP_REASONS: Final[Mapping[str, str]] = {
    "queue_rows": "the queue is full (max_queue_rows)",
    "queue_bytes": "the queue is full (max_queue_bytes)",
    "row_too_big": "the row is larger than the platform accepts",
    "evicted": "the queue is full, and newer rows were kept (overflow)",
    "closed": "delivery in this process has ended",
    "expired": "not delivered in time (delivery_deadline)",
    "shutdown": "the process ended first (exit_timeout)",
    "spool_full": "neither the queue nor the disk had space",
    "spool_expired": "too old on disk",
    "forgotten": "removed by `forget`",
    "damaged": "the file on disk is damaged or was removed",
    "no_row": "the platform does not show the row",
    "feedback_full": "more than 1,000 scores, comments and counts wait to be applied",
}
"""`docs/delivery.md` says more of each."""

OF_FEEDBACK: Final = frozenset({"no_row", "feedback_full"})
"""Reasons for which feedback is given up, and no row is lost."""


def describe_drop(reason: str) -> str:
    """Return the words for a code; a reason that is no code stays as it is."""
    return DROP_REASONS.get(reason, reason)
