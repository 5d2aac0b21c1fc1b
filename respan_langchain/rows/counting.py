"""Adds each finished run to the totals of its trace: calls, tool steps, documents, models.

Some steps cost much, most traces are not kept, and rules often decide by a cheap step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import eq
from typing import NamedTuple, TypeAlias

from respan_langchain._foreign_code import safe_call
from respan_langchain.rows.conversation import STRUCTURED, messages_of
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.model_call import ModelCall
from respan_langchain.rows.schema import RowOptions
from respan_langchain.rows.tool_calls import (
    answered_step,
    failed_request_step,
    get_requested_calls,
    get_tool_answers,
    retriever_query,
    returned_documents,
    tool_call_id,
    tool_failed,
    trajectory_step,
)
from respan_langchain.rows.value_parts import get_fields
from respan_langchain.serialization.json_value import serialize_documents
from respan_langchain.serialization.messages import server_tool_steps
from respan_langchain.tracing.capture_policy import is_internal_call
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.totals import Step, Totals
from respan_langchain.usage.cost import Prices


class CountedRun(NamedTuple):
    """A finished run, which the counting steps add to the totals of its trace."""

    run: Run
    model_call: ModelCall | None
    """None for everything but model calls."""


CountingStep: TypeAlias = Callable[[CountedRun], CountedRun]
"""Counts a run in one way, and returns it."""


@dataclass(frozen=True, slots=True, eq=False)
class RunCounter:
    """Counts the runs of one handler in the totals of their traces, each once in each way."""

    options: RowOptions
    prices: Prices
    models: ModelInfoCache

    def read(self, run: Run, epoch: float) -> CountedRun:
        """Return a run that is not counted yet.

        `epoch` is the wall time, in seconds since 1970, at which the monotonic clock read zero.
        """
        call = ModelCall(run, self.prices, self.models, epoch) if run.is_model else None
        return CountedRun(run, call)

    @property
    def steps(self) -> Sequence[CountingStep]:
        """All ways in which a run is counted before rows are built."""
        return (
            self.count_structure,
            self.count_usage,
            self.count_model,
            self.count_cost,
            self.count_content,
        )

    def count_structure(self, counted: CountedRun) -> CountedRun:
        """Count calls of models and tools, which of them failed, and the names of tools."""
        run, call = counted
        if call is not None:
            _count_model(run, call, self.options)
        elif run.kind == "tool":
            _count_tool(run, self.options)
        if run.is_root:
            _count_root(run, self.options)
        return counted

    def count_usage(self, counted: CountedRun) -> CountedRun:
        """Add the tokens of a model call."""
        run, call = counted
        if call is not None and call.usage is not None:
            run.trace.totals.add_usage(call.usage)
        return counted

    def count_model(self, counted: CountedRun) -> CountedRun:
        """Add the name of a model."""
        run, call = counted
        if call is not None and (name := call.model.name) is not None:
            run.trace.totals.add_model(name, call.message_id, answered=_has_answered(run))
        return counted

    def count_cost(self, counted: CountedRun) -> CountedRun:
        """Add the cost of a model call."""
        run, call = counted
        if call is not None:
            totals = run.trace.totals
            totals.add_cost(call.cost)
            # A rejected request used no tokens, so none are missing.
            if call.usage is None and call.cost.amount != 0:
                totals.unreported_calls += 1
        return counted

    def count_content(self, counted: CountedRun) -> CountedRun:
        """Show the tool calls that are counted, and add what a run retrieved."""
        run = counted.run
        run.trace.totals.show_steps()
        if self.options.content and self.options.retrieved_documents and not run.is_root:
            _add_documents(run)
        return counted


def _count_model(run: Run, call: ModelCall, options: RowOptions) -> None:
    """Add a model call, the tool calls that it requests, and those that its prompt answers."""
    totals = run.trace.totals
    totals.llm_calls += 1
    _count_answers_without_run(run, run.inputs, options)
    if run.ended is not None:
        totals.requested_calls.update(get_requested_calls(call.answer, run.ended))
    _count_server_tools(run, call.answer, options)


def _count_tool(run: Run, options: RowOptions) -> None:
    """Add a tool call."""
    totals = run.trace.totals
    run.call_id = tool_call_id(run) or totals.find_call(run.name, run.inputs)
    if run.status != "interrupted":  # one that waits for a person is called again
        totals.tool_calls += 1
        if run.call_id is not None:
            totals.answered_calls.add(run.call_id)
    totals.tool_errors += tool_failed(run)
    if _shows_steps(options) and not run.is_root:
        step = Step(run.name, (run.started, 0), partial(trajectory_step, run))
        totals.add_step(step, run.call_id)


def _add_documents(run: Run) -> None:
    if run.kind == "retriever":
        _add_retrieval(run)
    elif run.kind == "tool" and (found := returned_documents(run.outputs)):
        totals = run.trace.totals
        # They replace the documents of retrievers under this tool, from which they came.
        totals.documents_by_run.pop(run.id.int, None)
        totals.add_documents(run.id.int, serialize_documents(found))


def _add_retrieval(run: Run) -> None:
    """Add the query and the documents of a retriever, unless it runs under another retriever.

    Under a tool, the documents are the tool's, and its call is a step already.
    """
    if run.outputs is OMITTED:
        return
    above = run.parent
    while above is not None and above.kind not in ("retriever", "tool"):
        above = above.parent
    totals = run.trace.totals
    if above is None:
        totals.add_query(run.id.int, retriever_query(run))
    elif above.kind == "retriever":
        return
    owner = run if above is None else above
    totals.add_documents(owner.id.int, serialize_documents(run.outputs))


def _count_root(root: Run, options: RowOptions) -> None:
    """Add the requested tool calls without a run: unknown, rejected, limited or malformed ones."""
    totals = root.trace.totals
    if not totals.requested_calls:
        return
    structured = get_fields(root.outputs).get(STRUCTURED)
    if structured is not None:
        _settle_structured_responses(totals, structured)
    _count_answers_without_run(root, messages_of(root.outputs) or (), options)
    for call_id, call in totals.requested_calls.items():
        if call.error is not None and call_id not in totals.answered_calls:
            totals.tool_calls += 1
            totals.tool_errors += 1
            if _shows_steps(options):
                step = Step(call.name, (root.started, 0), partial(failed_request_step, call))
                totals.add_step(step, call_id)


def _settle_structured_responses(totals: Totals, structured: object) -> None:
    """Leave out the call that is only the form of the structured response.

    An earlier call of the same name did not fit: the next prompt answered it with an error, which
    LangChain does not mark as one.
    """
    calls = totals.requested_calls
    equal = [call for call in calls.values() if safe_call(eq, call.args, structured) is True]
    names = [type(structured).__name__, *(call.name for call in equal)]
    for call_id, call in list(calls.items()):
        if call.name in names and call_id in totals.answered_calls:
            totals.tool_errors += 1
            totals.add_result(call_id, {"status": "error"})
        elif call.name in names:
            del calls[call_id]


def _count_answers_without_run(run: Run, messages: object, options: RowOptions) -> None:
    totals = run.trace.totals
    has_open_calls = not totals.requested_calls.keys() <= totals.answered_calls
    if not has_open_calls or not isinstance(messages, (list, tuple)):
        return
    for answer in get_tool_answers(messages):
        call = totals.requested_calls.get(answer.call_id)
        if call is None or answer.call_id in totals.answered_calls:
            continue
        totals.answered_calls.add(answer.call_id)
        totals.tool_calls += 1
        totals.tool_errors += answer.failed
        if _shows_steps(options):
            step = Step(call.name, (run.started, 0), partial(answered_step, answer, call))
            totals.add_step(step, answer.call_id)


def _count_server_tools(run: Run, answer: object, options: RowOptions) -> None:
    totals, at = run.trace.totals, run.started if run.ended is None else run.ended
    for step in server_tool_steps(answer):
        totals.tool_errors += step.get("status") == "error"
        call_id = step.get("tool_call_id")
        name = call_id if isinstance(call_id, str) else None
        if name is not None and name in totals.answered_calls and step.get("input") is None:
            # An earlier answer was paused between the call and its result.
            totals.add_result(name, step)
            continue
        totals.tool_calls += 1
        if name is not None:
            totals.answered_calls.add(name)
        if _shows_steps(options) and not run.is_root:
            totals.add_step(Step(step.get("tool"), (at, 0), {**step}), name)


def _has_answered(run: Run) -> bool:
    return run.status == "success" and not is_internal_call(run)


def _shows_steps(options: RowOptions) -> bool:
    return options.content and options.trajectory
