"""The numbers of one handler: rows captured, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the handler was made.

    captured = queued + delivered + rejected + unconfirmed + spooled + dropped.
    """

    captured: int = 0
    """Rows built."""
    queued: int = 0
    """Rows that wait for delivery, those in flight included."""
    delivered: int = 0
    """Rows that the platform confirmed."""
    rejected: int = 0
    """Rows that the platform refused for good."""
    unconfirmed: int = 0
    """Rows that were sent and may or may not be stored."""
    spooled: int = 0
    """Rows on disk, for a later process."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows given up, by reason."""
    requests: int = 0
    """Bulk requests made for this handler's destination."""
    open_runs: int = 0
    """Runs that have started and not ended."""
    internal_errors: Mapping[str, int] = field(default_factory=dict)
    """Errors inside this package and in the user's functions, by cause."""
    last_error: str = ""
    """What blocks delivery now; empty while it works."""

    def __str__(self) -> str:
        """One line for a person."""
        parts = [
            f"captured={self.captured}",
            f"delivered={self.delivered}",
            f"queued={self.queued}",
        ]
        parts += [
            f"{name}={count}"
            for name in ("rejected", "unconfirmed", "spooled", "open_runs")
            if (count := getattr(self, name))
        ]
        parts += [f"dropped[{reason}]={count}" for reason, count in self.dropped.items()]
        parts.append(f"requests={self.requests}")
        parts += [
            f"internal_errors[{cause}]={count}" for cause, count in self.internal_errors.items()
        ]
        return " ".join(parts) + (f" ({self.last_error})" if self.last_error else "")
