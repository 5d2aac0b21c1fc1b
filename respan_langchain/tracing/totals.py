"""The sums over a trace for its root's row: every model call exactly once.

`rows/counting.py` decides what is added.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter, eq
from typing import Final, NamedTuple

from respan_langchain._foreign_code import safe_call
from respan_langchain.usage.cost import Cost
from respan_langchain.usage.usage import Usage

CallPosition = tuple[float, int]
"""When a tool call was requested, on the monotonic clock, and which one of that answer it was."""


class RequestedCall(NamedTuple):
    """A tool call in a model's answer."""

    call_id: str
    name: object
    args: object
    error: object = None
    """What is wrong with a malformed call."""
    position: CallPosition = (0.0, 0)


RESULT_KEYS: Final = frozenset({"output", "error", "status"})
"""The parts of a step that come from the result of its call."""


@dataclass(slots=True)
class Step:
    """A tool call and its result, which are shown when they are first needed."""

    tool: object
    """The name of the tool."""
    position: CallPosition
    content: dict[str, object] | Callable[[], dict[str, object]]

    def show(self) -> dict[str, object]:
        """Return the call as the trajectory shows it."""
        if callable(self.content):
            self.content = self.content()
        return self.content


@dataclass(slots=True)
class Totals:
    """Sums and counts over one root and all runs below it."""

    usage: Usage | None = None
    """None: no model call reported any."""
    cost: Cost | None = None
    """None: there was no model call."""
    models: dict[str, None] = field(default_factory=dict)
    """Served models in the order of their first call."""
    answering_model: str | None = None
    """The model of the latest call that succeeded, without calls of middleware."""
    model_by_message: dict[str, str] = field(default_factory=dict)
    """The models by the ids of their answers."""
    llm_calls: int = 0
    unreported_calls: int = 0
    """Model calls that reported no usage."""
    tool_calls: int = 0
    tool_errors: int = 0
    """Tools that failed or answered with an error; the root may have succeeded."""
    node_errors: int = 0
    """Nodes of the root graph whose last attempt failed or was cancelled.

    The graph may have handled that.
    """
    retries: int = 0
    fallbacks: int = 0
    first_token: float | None = None
    """When the first token of the whole trace came, on the monotonic clock."""
    steps: dict[str | int, Step] = field(default_factory=dict)
    """Tool calls and their results, by the call's id or, without one, by a number."""
    new_steps: list[Step] = field(default_factory=list)
    """Those whose content is not shown yet."""
    requested_calls: dict[str, RequestedCall] = field(default_factory=dict)
    """Tool calls that models requested, by their ids."""
    answered_calls: set[str] = field(default_factory=set)
    """The ids of the tool calls that are counted."""
    documents_by_run: dict[int, list[object]] = field(default_factory=dict)
    """Retrieved documents by the number of the id of the retriever, or of the tool around it."""
    queries: dict[int, dict[str, object]] = field(default_factory=dict)
    """Calls of retrievers outside of tools, by the number of the run's id."""
    new_content: list[dict[str, object]] = field(default_factory=list)
    """Steps, documents and queries whose memory is not counted yet."""

    @property
    def documents(self) -> list[object]:
        """Retrieved documents, in the order in which they came."""
        return list(chain.from_iterable(self.documents_by_run.values()))

    @property
    def retrievals(self) -> list[dict[str, object]]:
        """The calls of retrievers, each with the positions of its documents in `documents`."""
        positions, end = {}, 0
        for number, documents in self.documents_by_run.items():
            positions[number] = list(range(end, end + len(documents)))
            end += len(documents)
        return [
            {**query, "documents": positions.get(number, [])}
            for number, query in self.queries.items()
        ]

    @property
    def trajectory(self) -> list[dict[str, object]]:
        """The tool calls in the order in which models requested them, or in which they started."""
        return [step.show() for step in self._ordered_steps]

    @property
    def tool_names(self) -> list[str]:
        """The names of the tools in the trajectory."""
        return [str(step.tool) for step in self._ordered_steps]

    @property
    def _ordered_steps(self) -> list[Step]:
        return sorted(self.steps.values(), key=attrgetter("position"))

    def find_call(self, name: str, args: object) -> str | None:
        """Find the requested call that a tool answers which was given only the arguments."""
        for call_id, call in self.requested_calls.items():
            is_open = call.name == name and call_id not in self.answered_calls
            if is_open and safe_call(eq, call.args, args) is True:
                return call_id
        return None

    def add_model(self, name: str, message_id: str | None, *, answered: bool) -> None:
        """Note which model was called."""
        self.models[name] = None
        if answered:
            self.answering_model = name
            if message_id is not None:
                self.model_by_message[message_id] = name

    def add_step(self, step: Step, call_id: str | None) -> None:
        """Add the step of a tool call; a call that waited for a person keeps its step."""
        requested = None if call_id is None else self.requested_calls.get(call_id)
        if requested is not None:
            step.position = requested.position
        waited = self.steps.get(call_id) if call_id is not None else None
        again = waited is not None and waited.show().get("status") == "interrupted"
        name = call_id if call_id is not None and (again or waited is None) else len(self.steps)
        self.steps[name] = step
        self.new_steps.append(step)

    def show_steps(self) -> None:
        """Show the steps that were added since the last call, while their runs have content."""
        if self.new_steps:
            self.new_content += [step.show() for step in self.new_steps]
            self.new_steps = []

    def add_result(self, call_id: str, result: Mapping[str, object]) -> None:
        """Add the result of a call to its step, which an earlier answer began."""
        if call_id in self.steps:
            step = self.steps[call_id].show()
            step |= {key: result[key] for key in RESULT_KEYS & result.keys()}
            self.new_content.append(step)

    def add_documents(self, number: int, documents: Sequence[object]) -> None:
        """Add documents of a retriever, or of the tool around it."""
        self.documents_by_run.setdefault(number, []).extend(documents)
        self.new_content += [document for document in documents if isinstance(document, dict)]

    def add_query(self, number: int, query: dict[str, object]) -> None:
        """Add the call of a retriever."""
        self.queries[number] = query
        self.new_content.append(query)

    def take_new_content(self) -> list[dict[str, object]]:
        """Return the steps, documents and queries that were added since the last call."""
        new, self.new_content = self.new_content, []
        return new

    def add_usage(self, usage: Usage) -> None:
        """Add the tokens of a model call."""
        self.usage = usage if self.usage is None else self.usage + usage

    def add_cost(self, cost: Cost) -> None:
        """Add the cost of a model call; an unknown one makes the sum partial."""
        self.cost = cost if self.cost is None else self.cost + cost

    def merge(self, later: "Totals") -> None:
        """Add the sums of a later part of the trace."""
        if later.usage is not None:
            self.add_usage(later.usage)
        if later.cost is not None:
            self.add_cost(later.cost)
        self.models.update(later.models)
        self.answering_model = later.answering_model or self.answering_model
        self.model_by_message.update(later.model_by_message)
        self.llm_calls += later.llm_calls
        self.unreported_calls += later.unreported_calls
        self.tool_calls += later.tool_calls
        self.tool_errors += later.tool_errors
        self.node_errors += later.node_errors
        self.retries += later.retries
        self.fallbacks += later.fallbacks
        if self.first_token is None:
            self.first_token = later.first_token
        self.requested_calls.update(later.requested_calls)
        self.answered_calls |= later.answered_calls
        for name, step in later.steps.items():
            self.add_step(step, name if isinstance(name, str) else None)
        for number, documents in later.documents_by_run.items():
            self.add_documents(number, documents)
        self.queries.update(later.queries)
