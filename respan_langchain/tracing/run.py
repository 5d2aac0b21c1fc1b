"""A run, and the trace that it belongs to: one root run with everything under it.

Values only: `tracker.py` fills them from events, `rows/` reads them. References to the app's
objects are held from a run's start until its row is built. An exception is never held: its
traceback would keep the app's frames alive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from respan_langchain.rules.decision import SamplingDecision
from respan_langchain.tracing.events import (
    OMITTED,
    ModelRequest,
    RaisedException,
    RunKind,
    RunStatus,
    StreamUsage,
)
from respan_langchain.tracing.graph_state import GraphState
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.streamed_text import join_tokens
from respan_langchain.tracing.totals import Totals

FALLBACKS_NAME: Final = "RunnableWithFallbacks"
BRANCH_TAG: Final = "map:key:"
"""How the tags of the branches of a `RunnableParallel` begin."""


class DeferredRow(NamedTuple):
    """The row of a finished run, as another process built it before the sampling decision."""

    id: str
    dataset: str
    body: bytes


@dataclass(slots=True, eq=False)
class Run:
    """One run of a chain, a model, a tool or a retriever, as LangChain reports it."""

    id: UUID
    kind: RunKind
    name: str
    parent: "Run | None"
    """The nearest captured run above; None for a root."""
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
    """LangChain asks to hide it; the runs below it are shown in its place."""
    is_root: bool = False
    """Whether it is the root of its trace."""
    returns_for_root: bool = False
    """Whether its output is the root's: the root itself, or what fallbacks at the root try."""
    is_root_node: bool = False
    """Whether it is a node of the graph that is its root."""
    first_token: float | None = None
    ended: float | None = None
    outputs: object = None
    stream_usage: StreamUsage | None = None
    """Set for models whose stream carried usages."""
    streamed: bool = False
    last_child: "Run | None" = None
    """The run directly under it that started last, while it is open."""
    failed_child: "Run | None" = None
    """The run directly under it that failed last and was not repeated."""
    tokens: list[object] | None = None
    """Set for models while they stream: the tokens so far; the app's thread adds to them."""
    prompt_end: object = None
    """Set for models that failed: the last message of the prompt."""
    status: RunStatus = "success"
    exception: RaisedException | None = None
    trace: "Trace" = field(init=False, repr=False)

    @property
    def latency(self) -> float | None:
        """Seconds from start to end, None while it runs."""
        return None if self.ended is None else self.ended - self.started

    def set_streamed_inputs(self, inputs: object) -> None:
        """Set the inputs that were not known at its start, because they were streamed."""
        self.inputs = inputs
        self.streamed = True

    def mark_abandoned(self) -> None:
        """Close a run without an end event that ended with the run directly below it."""
        self.status = "abandoned"
        self.ended = None if self.last_child is None else self.last_child.ended

    def mark_incomplete(self) -> None:
        """Close a run without an end event; its end time is unknown."""
        self.status = "incomplete"
        self.ended = None
        self.show_tokens()
        if _is_stream_placeholder(self.inputs):
            self.inputs = None

    def show_tokens(self) -> None:
        """Take the text of the tokens as the output, where LangChain reports no answer."""
        text = join_tokens(list(self.tokens or ()))
        self.tokens = None
        if text:
            self.outputs = {"role": "assistant", "content": text} if self.kind == "chat" else text

    def omit_inputs(self) -> None:
        """Leave out the inputs, because too much content waits."""
        self.inputs = OMITTED

    def omit_content(self) -> None:
        """Leave out inputs and outputs, because too much content waits."""
        self.omit_inputs()
        if self.outputs is not None:
            self.outputs = OMITTED

    def release_references(self) -> None:
        """Drop the app's objects and the trace, after the row is built.

        A root and its trace refer to each other; without that cycle both are freed at once.
        """
        self.inputs = self.outputs = self.model_request = None
        del self.trace

    @property
    def is_model(self) -> bool:
        """Whether it is a model."""
        return self.kind in ("chat", "llm")

    @property
    def is_fallbacks(self) -> bool:
        """Whether it tries one run after the other, and returns what the first success returns."""
        return self.name == FALLBACKS_NAME

    @property
    def may_be_root_output(self) -> bool:
        """Whether its output may be what the root returns.

        That is a model's answer, a node's update, or what fallbacks read from. The outputs of
        prompts, retrievers and other steps are the inputs of the next one.
        """
        if self.returns_for_root or self.is_root_node:
            return True
        return self.is_model and not self.is_in_branch

    @property
    def is_in_branch(self) -> bool:
        """Whether it is a branch of a parallel step, or below one."""
        run: Run | None = self
        while run is not None:
            if run.has_tag(BRANCH_TAG):
                return True
            run = run.parent
        return False

    def has_tag(self, prefix: str) -> bool:
        """Whether one of its tags begins so."""
        for tag in self.tags:  # noqa: SIM110  # `any` costs twice as much, for its generator
            if tag.startswith(prefix):
                return True
        return False

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
    configurable: Mapping[str, Any] | None = None
    """The identifiers in the caller's `configurable`; None until a run below the root shows it."""
    graph_state: GraphState = field(default_factory=GraphState)
    totals: Totals = field(default_factory=Totals)
    failed_tasks: set[str] = field(default_factory=set)
    """Tasks of graphs whose last attempt failed or was cancelled."""
    has_consent: bool | None = None
    """Whether it may be captured; None until its first run has finished."""
    sampling_decision: SamplingDecision | None = None
    """What becomes of its rows; None until the rules decide at its end, and without rules."""
    deferred_runs: list[Run] = field(default_factory=list)
    """Finished runs that wait for that decision."""
    deferred_rows: Sequence[DeferredRow] = ()
    """Rows of an earlier part, which ran in another process."""
    interrupts: Sequence[object] = ()
    checkpoint_id: str | None = None
    """The graph checkpoint at which it was interrupted, None when it was not."""
    resumed_run_ids: Sequence[UUID] = ()
    """Root runs that resumed it."""
    continued_by: "Trace | None" = None
    """The part that resumed it, which has its runs now."""
    earlier_seconds: float = 0.0
    """Seconds that its earlier parts ran, without the time in which it waited to be resumed."""
    first_started: float | None = None
    """When its first part started; None for a trace that was never interrupted."""
    decisions: Sequence[Decision] = ()
    """What people decided at its interrupts."""
    resumed_from: str | None = None
    """The checkpoint that its root resumed from, when the earlier part is not in this trace."""
    forked_from: str | None = None
    """The checkpoint that the caller named to start from: time travel or a fork."""
    last_output: object = None
    """The last output that the root may have returned, for a root that did not end normally."""
    last_output_run: Run | None = None
    """The run that it comes from."""
    first_text: str | None = None
    """The first token of the model that answered last, where it is text."""
    output_parser: str | None = None
    """The name of the parser that comes after the model, directly under the root."""
    frozen_content: bytes | None = None
    """Its content as JSON, while it waits to be resumed."""
    ended_runs: list[int] = field(default_factory=list)
    """The numbers of the ids of ended chains, which may still get children."""
    has_threads: bool = False
    """Whether a cancelled step may run on in a thread, whose end nobody reports."""

    @property
    def latest(self) -> "Trace":
        """The latest part of an interrupted trace that was resumed; else the trace itself."""
        return self if self.continued_by is None else self.continued_by.latest

    def omit_last_output(self) -> None:
        """Drop what the root might have returned, because too much content waits."""
        self.last_output = None

    @property
    def last_output_is_partial(self) -> bool:
        """Whether it comes from a model that failed or whose stream was abandoned."""
        return self.last_output_run is not None and self.last_output_run.status != "success"

    @property
    def may_get_events(self) -> bool:
        """Whether events of it are expected, also after the end of its root."""
        return bool(self.open_runs) or self.has_threads

    @property
    def awaiting_late_children(self) -> bool:
        """Whether the root has ended and only late children are open."""
        return self.root.ended is not None


def _is_stream_placeholder(inputs: object) -> bool:
    """Whether LangChain started a stream with this; it reports the real inputs at the end."""
    if type(inputs) is not dict or inputs.keys() != {"input"}:
        return False
    given = inputs["input"]
    return type(given) is str and not given


def serialized_name(serialized: Any, otherwise: str) -> str:
    """Return the name in what LangChain serialized: its own, else its class's."""
    if isinstance(serialized, Mapping):
        if serialized.get("name"):
            return str(serialized["name"])
        path = serialized.get("id")
        if isinstance(path, list | tuple) and path:
            return str(path[-1])
    return otherwise
