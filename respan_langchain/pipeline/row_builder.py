"""Builds encoded rows of finished runs: sampling, totals, metrics, content, metadata, encoding.

Mostly called on the worker's thread. Each step handles a group of runs before the next step starts,
which is faster than all steps for one run: the code of a step stays in the CPU's caches.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from respan_langchain._clock import CLOCK
from respan_langchain._safe_call import safe_call
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.rows.content import add_content
from respan_langchain.rows.counting import count_run
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.identity import new_row
from respan_langchain.rows.metadata import add_app_metadata
from respan_langchain.rows.metrics import add_metrics
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.schema import ModelCall, RowDraft, RowOptions
from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.call_settings import call_settings
from respan_langchain.tracing.events import EMPTY_MODEL_REQUEST, OMITTED, OMITTED_NOTE
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

GROUP_SIZE: Final = 64
"""Runs in a group; a trace may end with thousands."""


class CountedRun(NamedTuple):
    """A run that is counted in its trace's totals."""

    run: Run
    call: ModelCall | None
    """None for everything but model calls."""


@dataclass(frozen=True, slots=True)
class RowBuilder:
    """Builds the rows of one handler."""

    policy: CapturePolicy
    options: RowOptions
    prices: Prices
    models: ModelInfoCache
    encoder: RowEncoder
    status: DeliveryStatus
    dataset: str
    """Where rows go unless their call names another dataset, as `name:...` or `id:...`."""
    on_row: Callable[[bytes], None] | None = None
    """Called with every encoded row."""

    def build(self, runs: Iterable[Run], errors: ErrorCounter) -> list[EncodedRow]:
        """Build the rows of finished runs, in their order.

        A run gives one row or none; a root may also give the rows of its trace that waited for the
        sampling decision. An error is counted in `errors`, and its run gives no row.
        """
        kept = [run for group in errors.map(self._decide, runs) for run in group]
        rows: list[EncodedRow] = []
        for first in range(0, len(kept), GROUP_SIZE):
            group = kept[first : first + GROUP_SIZE]
            counted = errors.map(self._count, group)
            drafts = errors.map(lambda run: self._new_draft(run, errors), counted)
            for add in (self._add_metrics, self._add_content, self._add_metadata):
                drafts = errors.map(add, drafts)
            rows += errors.map(self._encode, drafts)
            for run in group:
                run.release_references()
        return rows

    def _decide(self, run: Run) -> Sequence[Run]:
        """Return the runs of which rows are built now: none while the decision is open."""
        trace = run.trace
        if trace.keep_reason is None:
            trace.keep_reason = decide_keep_reason(run, self.policy)
        if trace.keep_reason and not trace.deferred_runs:
            return (run,)
        trace.deferred_runs.append(run)
        if trace.keep_reason is None:
            return ()
        deferred, trace.deferred_runs = trace.deferred_runs, []
        if trace.keep_reason:
            return deferred
        for each in deferred:
            each.release_references()
        return ()

    def _count(self, run: Run) -> CountedRun:
        call = self._read_model_call(run) if run.kind in ("chat", "llm") else None
        count_run(run, call, self.options)
        return CountedRun(run, call)

    def _read_model_call(self, run: Run) -> ModelCall:
        known = self.models.read(run.model_request or EMPTY_MODEL_REQUEST, run.metadata)
        reported = get_reported_fields(run.outputs)
        facts = parse_response(known.facts, run.outputs, reported)
        usage = extract_usage(run.outputs, run.stream_usage)
        # Some prices depend on the hour.
        at = None if run.ended is None else datetime.fromtimestamp(_epoch() + run.ended, UTC)
        exchange = Exchange(reported, run.inputs, get_message(run.outputs))
        cost = self.prices.calculate(usage, facts, exchange, at)
        return ModelCall(usage, cost, facts, known.shown)

    def _new_draft(self, counted: CountedRun, errors: ErrorCounter) -> RowDraft | None:
        run, model_call = counted
        if not should_capture(run, self.policy):
            return None
        settings = call_settings(run)
        if not settings.capture:
            return None
        draft = new_row(run, settings, model_call, self.options, _epoch())
        if run.inputs is OMITTED or run.outputs is OMITTED:
            _mark_omitted(draft, errors)
        return draft

    def _add_metrics(self, draft: RowDraft) -> RowDraft:
        add_metrics(draft)
        return draft

    def _add_content(self, draft: RowDraft) -> RowDraft:
        add_content(draft, self.options)
        return draft

    def _add_metadata(self, draft: RowDraft) -> RowDraft:
        add_app_metadata(draft, self.options.metadata, self.options.tags)
        sampling = sampling_metadata(draft.run, self.policy)
        if sampling is not None:
            draft.row["metadata"]["sampling"] = json_value(sampling)
        return draft

    def _encode(self, draft: RowDraft) -> EncodedRow:
        body = self.encoder.encode(draft.row)
        if self.on_row is not None:
            safe_call(self.on_row, body)
        named = draft.call.dataset
        dataset = self.dataset if named is None else f"name:{named}"
        return EncodedRow(draft.identifier, dataset, body, self.status)


def _epoch() -> float:
    """Return the wall time, in seconds since 1970, at which the monotonic clock read zero."""
    return CLOCK.time() - CLOCK.monotonic()


def _mark_omitted(draft: RowDraft, errors: ErrorCounter) -> None:
    """List the omitted content in the row's metadata, and count the row."""
    run, omitted = draft.run, []
    if run.inputs is OMITTED:
        run.inputs = OMITTED_NOTE
        omitted.append("input")
    if run.outputs is OMITTED:
        run.outputs = OMITTED_NOTE
        omitted.append("output")
    draft.row["metadata"]["omitted"] = json_value(omitted)
    errors.count(
        "content omitted: max_queue_bytes",
        "Content is missing in rows: more than max_queue_bytes was waiting to be processed.",
    )
