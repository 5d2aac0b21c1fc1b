"""An interrupted trace as JSON, by which another process continues it.

A record has the fields of a row, so that the encoder of rows redacts its content and limits its
size. Ids and numbers are under `metrics`, which the encoder leaves as they are. Times are in
seconds since 1970, as each process has a monotonic clock of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from respan_langchain._untyped_values import as_list, as_mapping
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.graph_state import GraphState
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.totals import CallPosition, RequestedCall, Step, Totals


@dataclass(frozen=True, slots=True)
class _Metrics:
    """What a record holds besides content."""

    id: UUID
    resumed_run_ids: list[UUID]
    name: str
    started: float
    seconds: float
    """How long its parts ran."""
    resumed_from: str | None
    forked_from: str | None
    state: GraphState
    """Without its content."""
    totals: Totals
    """Without what has content; its names and numbers follow."""
    steps: list[tuple[str | int, CallPosition]]
    calls: list[tuple[str, CallPosition]]
    documents: list[int]
    queries: list[int]


def dump_trace(
    trace: Trace, epoch: float, to_json: Callable[[object], Json], *, content: bool
) -> dict[str, Json]:
    """Return the record of a trace that stopped, whose runs below the root are counted.

    Runs that wait for the sampling decision are not included.

    Args:
        trace: It is only read.
        epoch: The time at which the monotonic clock read zero.
        to_json: Copies content.
        content: False leaves inputs and tool calls out.
    """
    root, totals = trace.root, trace.totals
    record = {
        "metrics": json_value(_read_metrics(trace, epoch)),
        "metadata": to_json(root.metadata),
        "configurable": to_json(trace.configurable),
    }
    if content:
        steps = [step.show() for step in totals.steps.values()]
        calls = [[call.name, call.args, call.error] for call in totals.requested_calls.values()]
        record |= {
            "input": to_json(root.inputs),
            "state": to_json(trace.graph_state.start),
            "interrupts": to_json(list(trace.interrupts)),
            "decisions": to_json(trace.decisions),
            "steps": to_json(steps),
            "calls": to_json(calls),
            "documents": to_json(list(totals.documents_by_run.values())),
            "queries": to_json(list(totals.queries.values())),
        }
    return record


def load_trace(record: Mapping[str, Any], epoch: float) -> Trace | None:
    """Return the trace of a record; None if another version wrote it that this one cannot read."""
    try:
        metrics = _adapter().validate_python(record.get("metrics"))
    except ValidationError:
        return None
    found = as_mapping(record.get("metadata"))
    metadata = {key: value for key, value in found.items() if key != "truncated"}
    started = metrics.started - epoch
    root = Run(metrics.id, "chain", metrics.name, None, started, record.get("input"), (), metadata)
    root.is_root, root.ended = True, started + metrics.seconds
    trace = root.trace = Trace(root, metrics.id, root.ended)
    trace.resumed_run_ids = metrics.resumed_run_ids
    trace.resumed_from, trace.forked_from = metrics.resumed_from, metrics.forked_from
    trace.configurable = record.get("configurable")
    trace.interrupts = as_list(record.get("interrupts"))
    trace.decisions = list(as_list(record.get("decisions")))
    trace.graph_state = replace(metrics.state, start=record.get("state"))
    trace.totals = _load_totals(metrics, record, epoch)
    return trace


def _read_metrics(trace: Trace, epoch: float) -> _Metrics:
    root, totals = trace.root, trace.totals
    started = root.started if trace.first_started is None else trace.first_started
    first_token = None if totals.first_token is None else totals.first_token + epoch
    return _Metrics(
        id=trace.id,
        resumed_run_ids=[*trace.resumed_run_ids],
        name=root.name,
        started=started + epoch,
        seconds=trace.earlier_seconds + (root.latency or 0.0),
        resumed_from=trace.resumed_from,
        forked_from=trace.forked_from,
        state=replace(trace.graph_state, start=None),
        totals=replace(
            totals,
            first_token=first_token,
            steps={},
            requested_calls={},
            documents_by_run={},
            queries={},
            new_steps=[],
            new_content=[],
        ),
        steps=[(name, _moved(step.position, epoch)) for name, step in totals.steps.items()],
        calls=[
            (name, _moved(call.position, epoch)) for name, call in totals.requested_calls.items()
        ],
        documents=list(totals.documents_by_run),
        queries=list(totals.queries),
    )


def _load_totals(metrics: _Metrics, record: Mapping[str, Any], epoch: float) -> Totals:
    """Put metrics and content together, without content that was cut or redacted."""
    totals = metrics.totals
    if totals.first_token is not None:
        totals.first_token -= epoch
    for (name, place), step in zip(metrics.steps, as_list(record.get("steps")), strict=False):
        if isinstance(step, dict):
            totals.steps[name] = Step(step.get("tool"), _moved(place, -epoch), step)
    for (call_id, place), call in zip(metrics.calls, as_list(record.get("calls")), strict=False):
        if isinstance(call, list) and len(call) == 3:
            tool, args, error = call
            totals.requested_calls[call_id] = RequestedCall(
                call_id, tool, args, error, _moved(place, -epoch)
            )
    for number, documents in zip(metrics.documents, as_list(record.get("documents")), strict=False):
        if isinstance(documents, list):
            totals.documents_by_run[number] = documents
    for number, query in zip(metrics.queries, as_list(record.get("queries")), strict=False):
        if isinstance(query, dict):
            totals.queries[number] = query
    return totals


def _moved(position: CallPosition, seconds: float) -> CallPosition:
    at, number = position
    return at + seconds, number


@cache
def _adapter() -> TypeAdapter[_Metrics]:
    return TypeAdapter(_Metrics)
