"""What is added up over a trace for its root's record: every model call exactly once.

Pure sums; `record.py` says what goes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from respan_langchain.usage.cost import Cost
from respan_langchain.usage.usage import Usage

CallPosition = tuple[float, int]
"""When a tool call was asked for, on the monotonic clock, and which one in that answer it was."""
Step = tuple[CallPosition, dict[str, object]]


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
    steps: dict[str | int, Step] = field(default_factory=dict)
    """Tool calls and their results, by the call's id or, without one, by a number."""
    requested_calls: dict[str, CallPosition] = field(default_factory=dict)
    """When models asked for tool calls, by their ids."""
    documents: list[object] = field(default_factory=list)
    """Retrieved documents, in the order in which they came."""

    @property
    def trajectory(self) -> list[dict[str, object]]:
        """The tool calls in the order in which models asked for them, or in which they started."""
        return [step for _, step in sorted(self.steps.values(), key=itemgetter(0))]

    def record_requested_calls(self, call_ids: Sequence[str], at: float | None) -> None:
        """Note which tool calls a model asked for."""
        if at is not None:
            self.requested_calls.update(
                {name: (at, number) for number, name in enumerate(call_ids)}
            )

    def add_step(self, step: dict[str, object], call_id: str | None, started: float) -> None:
        """Count one tool call's step; called again after it had waited, it is the same one."""
        place = (started, 0) if call_id is None else self.requested_calls.get(call_id, (started, 0))
        waited = self.steps.get(call_id) if call_id is not None else None
        again = waited is not None and waited[1].get("status") == "interrupted"
        name = call_id if call_id is not None and (again or waited is None) else len(self.steps)
        self.steps[name] = (place, step)

    def add_usage(self, usage: Usage | None) -> None:
        """Count one model call's tokens."""
        if usage is None:
            self.unreported_calls += 1
        else:
            self.usage = usage if self.usage is None else self.usage + usage

    def add_cost(self, cost: Cost) -> None:
        """Count one model call's cost; one that is unknown makes the sum partial."""
        self.cost = cost if self.cost is None else self.cost + cost

    def merge(self, later: "Totals") -> None:
        """Count, too, what was counted by itself until it was known to belong here."""
        if later.usage is not None:
            self.add_usage(later.usage)
        if later.cost is not None:
            self.add_cost(later.cost)
        self.models.update(later.models)
        self.llm_calls += later.llm_calls
        self.unreported_calls += later.unreported_calls
        self.tool_calls += later.tool_calls
        self.tool_errors += later.tool_errors
        self.retries += later.retries
        self.fallbacks += later.fallbacks
        if self.first_token is None:
            self.first_token = later.first_token
        self.requested_calls.update(later.requested_calls)
        for name, (place, step) in later.steps.items():
            self.add_step(step, name if isinstance(name, str) else None, place[0])
        self.documents += later.documents
