"""Finished runs in, parcels out: policy, numbers, record, encoding, address, in this order.

The one place where the capture room and the delivery room meet; it runs on the worker's thread.
Some runs take each step together: code that has just run runs faster.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from respan_langchain._safe_call import safe_call
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.rows.content import add_content
from respan_langchain.rows.counting import (
    count_model,
    count_retriever,
    count_root,
    count_tool,
)
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.identity import new_row
from respan_langchain.rows.metadata import add_app_metadata
from respan_langchain.rows.metrics import add_metrics
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.schema import ModelCall, RowDraft, RowOptions
from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.call_settings import CallSettings, call_settings
from respan_langchain.tracing.events import EMPTY_MODEL_REQUEST, OMITTED
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.sampling import (
    CapturePolicy,
    decide_keep_reason,
    sampling_metadata,
    should_capture,
)
from respan_langchain.usage.cost import Exchange, Prices
from respan_langchain.usage.model_info import get_message, get_reported_fields, parse_response
from respan_langchain.usage.usage_sources import extract_usage

Given = TypeVar("Given")
Made = TypeVar("Made")
Failed = Callable[[Exception], object]

MOST_TOGETHER: Final = 64
"""Runs that take a step together; a trace may end with thousands."""


class Counted(NamedTuple):
    """A run whose numbers are in its trace's sums."""

    run: Run
    model: ModelCall | None
    """None for everything but model calls."""


@dataclass(frozen=True, slots=True)
class RowBuilder:
    """How one handler makes parcels of its runs."""

    policy: CapturePolicy
    options: RowOptions
    prices: Prices
    encoder: RowEncoder
    status: DeliveryStatus
    dataset: str
    """Where rows go unless their call says otherwise."""
    models: ModelInfoCache
    on_row: Callable[[bytes], None] | None = None
    """Is shown every row, as it is sent."""

    def build(self, runs: Iterable[Run], failed: Failed) -> list[EncodedRow]:
        """What finished runs give, in their order.

        Each nothing, its row, or with a root the rows that waited for it. One that cannot be shaped
        gives nothing, and `failed` is told.
        """
        due = [run for known in _each(self._due, runs, failed) for run in known]
        made: list[EncodedRow] = []
        for first in range(0, len(due), MOST_TOGETHER):
            together = due[first : first + MOST_TOGETHER]
            counted = _each(self._counted, together, failed)
            drafts = _each(self._begun, counted, failed)
            for add in (self._with_numbers, self._with_content, self._with_context):
                drafts = _each(add, drafts, failed)
            made += _each(self._parcel, drafts, failed)
            for run in together:
                run.release_references()
        return made

    def _due(self, run: Run) -> Sequence[Run]:
        """Those whose trace is known to be kept now; the others go."""
        trace = run.trace
        if trace.keep_reason is None:
            trace.keep_reason = decide_keep_reason(run, self.policy)
        if trace.keep_reason and not trace.deferred_runs:
            return (run,)
        trace.deferred_runs.append(run)
        if trace.keep_reason is None:
            return ()
        held, trace.deferred_runs = trace.deferred_runs, []
        if trace.keep_reason:
            return held
        for each in held:
            each.release_references()
        return ()

    def _counted(self, run: Run) -> Counted:
        return Counted(run, self._count(run))

    def _begun(self, counted: Counted) -> RowDraft | None:
        run, model = counted
        if not should_capture(run, self.policy):
            return None
        call = call_settings(run)
        if not call.capture:
            return None
        draft = new_row(run, call, model, self.options, _epoch())
        if run.inputs is OMITTED or run.outputs is OMITTED:
            self.status.drop(draft.identifier, "queue_bytes")
            return None
        return draft

    def _with_numbers(self, draft: RowDraft) -> RowDraft:
        add_metrics(draft)
        return draft

    def _with_content(self, draft: RowDraft) -> RowDraft:
        add_content(draft, self.options)
        return draft

    def _with_context(self, draft: RowDraft) -> RowDraft:
        add_app_metadata(draft, self.options.metadata, self.options.tags)
        chosen = sampling_metadata(draft.run, self.policy)
        if chosen is not None:
            draft.row["metadata"]["sampling"] = json_value(chosen)
        return draft

    def _parcel(self, draft: RowDraft) -> EncodedRow:
        body = self.encoder.encode(draft.row)
        if self.on_row is not None:
            safe_call(self.on_row, body)
        return EncodedRow(draft.identifier, self._address(draft.call), body, self.status)

    def _address(self, call: CallSettings) -> str:
        return self.dataset if call.dataset is None else f"name:{call.dataset}"

    def _count(self, run: Run) -> ModelCall | None:
        """Add a run's numbers to its trace's, once."""
        model: ModelCall | None = None
        match run.kind:
            case "chat" | "llm":
                model = self._model_call(run)
                count_model(run, model, self.options)
            case "tool":
                count_tool(run, self.options)
            case "retriever":
                count_retriever(run, self.options)
        if run.is_root:
            count_root(run, self.options)
        return model

    def _model_call(self, run: Run) -> ModelCall:
        known = self.models.read(run.model_request or EMPTY_MODEL_REQUEST, run.metadata)
        reported = get_reported_fields(run.outputs)
        facts = parse_response(known.facts, run.outputs, reported)
        usage = extract_usage(run.outputs, run.stream_usage)
        # Some prices depend on the hour.
        at = None if run.ended is None else datetime.fromtimestamp(_epoch() + run.ended, UTC)
        exchange = Exchange(reported, run.inputs, get_message(run.outputs))
        cost = self.prices.calculate(usage, facts, exchange, at)
        return ModelCall(usage, cost, facts, known.shown)


def _each(
    step: Callable[[Given], Made | None], given: Iterable[Given], failed: Failed
) -> list[Made]:
    """What a step makes of each; one that fails must not cost the others."""
    made: list[Made] = []
    for one in given:
        try:
            result = step(one)
        except Exception as problem:  # noqa: BLE001  # as said above
            failed(problem)
        else:
            if result is not None:
                made.append(result)
    return made


def _epoch() -> float:
    """The wall time, in seconds since 1970, at which the monotonic clock read zero."""
    return time.time() - time.monotonic()
