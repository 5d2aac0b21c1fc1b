"""What is known of one run, and of the trace that it belongs to.

Values only: `runs.py` fills them from events, `record.py` reads them. A trace is one logical root
run with everything under it. References to the app's objects live here from a run's start until its
record is made, never longer, and never an exception: its traceback would keep the frames of the app
alive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from respan_langchain.tracing.events import Failure, Kind, ModelRequest, Status
from respan_langchain.tracing.totals import Totals

KeepReason = Literal["all", "rate", "error", ""]
"""Why a trace is kept; empty when it is not."""


@dataclass(slots=True, eq=False)
class Run:
    """One run of a chain, a model, a tool or a retriever, as LangChain reports it."""

    id: UUID
    kind: Kind
    name: str
    parent: "Run | None"
    """The nearest run above that we know of; None for a root."""
    started: float
    """Seconds on the monotonic clock, as all times here."""
    inputs: object
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    model_request: ModelRequest | None = None
    """Set for models."""
    call_id: str | None = None
    """Set for tools: the id of the tool call that this run answers."""
    hidden: bool = False
    """LangChain asks not to show it; what is under it is shown in its place."""
    is_root: bool = False
    """Whether it stands for its whole trace."""
    first_token: float | None = None
    ended: float | None = None
    outputs: object = None
    streamed: bool = False
    failed_below: bool = False
    """Whether a run directly under it has failed."""
    status: Status = "success"
    failure: Failure | None = None
    trace: "Trace" = field(init=False, repr=False)

    @property
    def latency(self) -> float | None:
        """Seconds from start to end, None while it runs."""
        return None if self.ended is None else self.ended - self.started

    def set_streamed_inputs(self, inputs: object) -> None:
        """Take the inputs that were not known at its start, since they were streamed."""
        self.inputs = inputs
        self.streamed = True

    def mark_incomplete(self) -> None:
        """Close a run of which no end was ever reported; when it ended nobody knows."""
        self.status = "incomplete"
        self.ended = None
        if _is_stream_placeholder(self.inputs):
            self.inputs = None

    def release_references(self) -> None:
        """Drop the app's objects and the trace, now that the record is made.

        A root and its trace know each other; parted, both are gone at once, without a collection
        of cycles.
        """
        self.inputs = self.outputs = self.model_request = None
        del self.trace

    @property
    def may_be_root_output(self) -> bool:
        """Whether its root might have given what it gives: a model, or a node right under a graph.

        What prompts, retrievers and other steps give is what the next one is asked.
        """
        if self.kind in ("chat", "llm"):
            return True
        node = self.metadata.get("langgraph_node")
        is_node = type(node) is str and node == self.name
        return is_node and not self.hidden and self.parent is self.trace.root

    @property
    def visible_parent(self) -> "Run | None":
        """The nearest run above that is not hidden."""
        above = self.parent
        while above is not None and above.hidden:
            above = above.parent
        return above


@dataclass(slots=True, eq=False)
class Trace:
    """One logical root with everything that happened under it."""

    root: Run
    id: UUID
    """The id of its first root run: a graph that was interrupted and resumed keeps it."""
    last_event: float
    open_runs: dict[int, Run] = field(default_factory=dict)
    """Runs that started and have not ended, the root included, by the number of their id."""
    configurable: Mapping[str, Any] = field(default_factory=dict)
    """The caller's `configurable`, which LangChain shows only to the runs below the root."""
    totals: Totals = field(default_factory=Totals)
    keep_reason: KeepReason | None = None
    """Why it is kept, for all its rows: None until that is known, which can be at its very end."""
    deferred_runs: list[Run] = field(default_factory=list)
    """Finished runs that wait until it is known whether the trace is kept."""
    interrupts: Sequence[object] = ()
    checkpoint_id: str | None = None
    """The graph checkpoint at which it was interrupted, None when it was not."""
    resumed_run_ids: list[UUID] = field(default_factory=list)
    """Root runs that went on with it after an interrupt."""
    earlier_seconds: float = 0.0
    """Seconds that its earlier halves took, without the time in which it waited to be resumed."""
    first_started: float | None = None
    """When the first half started; None for a trace that was never interrupted."""
    last_output: object = None
    """What a run that answers gave last: all there is when the root itself was abandoned."""

    @property
    def awaiting_late_children(self) -> bool:
        """Whether the root has ended and only late children are open."""
        return self.root.ended is not None


def _is_stream_placeholder(inputs: object) -> bool:
    """Whether LangChain began a stream with this, whose input is told at its end only."""
    if type(inputs) is not dict or inputs.keys() != {"input"}:
        return False
    given = inputs["input"]
    return type(given) is str and not given


def serialized_name(serialized: Any, otherwise: str) -> str:
    """The name in what LangChain serialized: its own, else its class's."""
    if isinstance(serialized, Mapping):
        if serialized.get("name"):
            return str(serialized["name"])
        path = serialized.get("id")
        if isinstance(path, list | tuple) and path:
            return str(path[-1])
    return otherwise
