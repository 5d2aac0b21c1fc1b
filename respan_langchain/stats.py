"""The numbers of one handler: rows captured, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from respan_langchain._display import render_pairs

COUNTS_IF_ANY: Final = (
    "spooled", "rejected", "unconfirmed", "resent", "queued_events", "open_runs",
)  # fmt: skip
"""Counts that are shown only where they are not zero."""


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """Traces that one rule decided about."""

    seen: int = 0
    """Traces that it matched, and no rule before it."""
    kept: int = 0
    folded: int = 0
    """Of those left out: copies of a trace that was kept."""
    over_budget: int = 0
    """Of those left out: past a budget."""

    @property
    def left_out(self) -> int:
        """Traces that it matched and did not keep."""
        return self.seen - self.kept

    def __str__(self) -> str:
        return f"{self.kept}/{self.seen}"


@dataclass(frozen=True, slots=True, repr=False)
class Stats:
    """Counts since the handler was made.

    Captured = delivered + rejected + unconfirmed + dropped + pending.
    """

    captured: int = 0
    """Rows made."""
    pending: int = 0
    """Rows that are not delivered yet: queued, in flight, or on disk."""
    spooled: int = 0
    """Of the pending rows, those on disk alone."""
    delivered: int = 0
    """Rows that the platform confirmed."""
    rejected: int = 0
    """Rows that the platform refused for good."""
    unconfirmed: int = 0
    """Rows that were sent, and the platform neither confirmed nor refused them."""
    resent: int = 0
    """Rows sent again without proof that they were not stored: there may be two copies."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows given up, by reason."""
    requests: int = 0
    """Bulk requests made for this handler's destination."""
    queued_events: int = 0
    """Callback events that the worker has not read; their rows are not in `captured` yet."""
    open_runs: int = 0
    """Runs that have started and not ended."""
    rules: Mapping[str, RuleCounts] = field(default_factory=dict)
    """Traces that each rule saw, kept and left out, by its condition."""
    budget: Mapping[str, float] = field(default_factory=dict)
    """The share of each limit of the rules' budget that is used in its current hour or day."""
    feedback: Mapping[str, int] = field(default_factory=dict)
    """Feedback by its state: waiting, applied, rejected, or expired without a row."""
    internal_errors: Mapping[str, int] = field(default_factory=dict)
    """Errors inside this package and in the user's functions, by cause."""
    last_error: str = ""
    """What blocks delivery now; empty while it works."""
    disabled: str = ""
    """Why the handler captures nothing; empty where it captures."""

    @property
    def total_dropped(self) -> int:
        """Rows given up for any reason."""
        return sum(self.dropped.values())

    def __repr__(self) -> str:
        return f"Stats({self})"

    def _repr_html_(self) -> str:
        """Show the counts in a notebook."""
        pairs: list[tuple[str, object]] = []
        for name in (each.name for each in fields(self)):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                pairs += [(f"{name}[{reason}]", count) for reason, count in value.items()]
            elif value:
                pairs.append((name, value))
        return render_pairs(pairs)

    def __str__(self) -> str:
        """Return one line for a person."""
        if self.disabled:
            return f"disabled: {self.disabled}"
        parts = [
            f"captured={self.captured}",
            f"delivered={self.delivered}",
            f"pending={self.pending}",
        ]
        parts += [f"{name}={count}" for name in COUNTS_IF_ANY if (count := getattr(self, name))]
        parts += [f"dropped[{reason}]={count}" for reason, count in self.dropped.items()]
        parts += [f"rules[{rule}]={counts}" for rule, counts in self.rules.items()]
        parts += [f"budget[{limit}]={share:.2f}" for limit, share in self.budget.items()]
        parts += [f"feedback[{state}]={count}" for state, count in self.feedback.items()]
        parts.append(f"requests={self.requests}")
        parts += [
            f"internal_errors[{cause}]={count}" for cause, count in self.internal_errors.items()
        ]
        return " ".join(parts) + (f" ({self.last_error})" if self.last_error else "")
