"""What is added up over a trace for its root's record: every model call exactly once.

Pure sums; `record.py` says what goes in.
"""

from dataclasses import dataclass, field

from respan_langchain.capture.cost import Cost
from respan_langchain.capture.usage import Usage


@dataclass(slots=True)
class Totals:
    """Sums and counts over all runs under one root, the root's own model call included."""

    usage: Usage | None = None
    """None: no model call reported any."""
    cost: Cost | None = None
    """None: there was no model call."""
    models: dict[str, None] = field(default_factory=dict)
    """Served models in the order of their first call."""
    llm_calls: int = 0
    unreported_calls: int = 0
    """Model calls that reported no usage."""
    tool_calls: int = 0
    tool_errors: int = 0
    """Tools that failed or answered with an error; the run may well have gone on."""
    retries: int = 0
    fallbacks: int = 0
    first_token: float | None = None
    """When the first token of the whole trace came, on the monotonic clock."""
    trajectory: list[dict[str, object]] = field(default_factory=list)
    """Tool calls and their results, in the order in which they ended."""
    documents: list[object] = field(default_factory=list)
    """Retrieved documents, in the order in which they came."""

    def add_usage(self, usage: Usage | None) -> None:
        """Count one model call's tokens."""
        if usage is None:
            self.unreported_calls += 1
        else:
            self.usage = usage if self.usage is None else self.usage + usage

    def add_cost(self, cost: Cost) -> None:
        """Count one model call's cost; one that is unknown makes the sum partial."""
        self.cost = cost if self.cost is None else self.cost + cost
