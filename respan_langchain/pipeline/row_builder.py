"""Builds encoded rows of finished runs: sampling, totals, metrics, content, metadata, encoding.

Mostly called on the worker's thread. Each step handles a group of runs before the next step starts,
which is faster than all steps for one run: the code of a step stays in the CPU's caches.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain._foreign_code import safe_call
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.pipeline.row_addresses import RowAddresses
from respan_langchain.pipeline.row_mapping import MappedRow
from respan_langchain.pipeline.trace_selector import TraceSelector
from respan_langchain.rows.content import add_content
from respan_langchain.rows.corrections import add_labels, match_decisions
from respan_langchain.rows.counting import CountedRun
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.metadata import add_app_metadata
from respan_langchain.rows.metrics import add_metrics
from respan_langchain.rows.row_start import new_row
from respan_langchain.rows.schema import Row, RowDraft, RowOptions, not_replayable
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.call_settings import call_settings
from respan_langchain.tracing.capture_policy import CapturePolicy, should_capture
from respan_langchain.tracing.events import OMITTED, OMITTED_NOTE
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.run import DeferredRow, Run, Trace

GROUP_SIZE: Final = 64
"""Runs in a group; a trace may end with thousands."""


@dataclass(frozen=True, slots=True)
class RowBuilder:
    """Builds the rows of one handler."""

    policy: CapturePolicy
    options: RowOptions
    selector: TraceSelector
    encoder: RowEncoder
    status: DeliveryStatus
    errors: ErrorCounter
    dataset: str
    """Where rows go unless their call names another dataset, as `name:...` or `id:...`."""
    addresses: RowAddresses
    hold: float = 0.0
    """Seconds that the row of a root waits for feedback before it is sent."""
    map_row: Callable[[Row], list[MappedRow]] | None = None
    """Returns the rows that the app makes of a row, and counts its errors."""
    on_row: Callable[[bytes], None] | None = None
    """Called with every encoded row."""

    def build_rows(self, runs: Iterable[Run]) -> list[EncodedRow]:
        """Build the encoded rows of finished runs, in their order.

        A run gives one row or none; a root may also give the rows of its trace that waited for the
        sampling decision. An error is counted in `errors`, and its run gives no row.
        """
        if self.selector.has_budget:
            return [row for run in runs for row in self._build_within_budget(run)]
        return self._select_and_build(runs)

    def _select_and_build(self, runs: Iterable[Run]) -> list[EncodedRow]:
        """Let the selector decide which of the runs become rows, and build these rows."""
        select = partial(self.selector.select, CLOCK.epoch())
        selected = [run for group in self.errors.map(select, runs) for run in group]
        counted = self.selector.count(selected)
        roots = [run for run, _ in counted if run.is_root]
        rows = [
            self._complete_earlier_row(row, root.trace)
            for root in roots
            for row in root.trace.deferred_rows
        ]
        rows += self._build_selected(counted)
        if self.on_row is not None:
            for row in rows:
                safe_call(self.on_row, row.body)
        return rows

    def describe_root(self, root: Run) -> Mapping[str, Json]:
        """Return what is known of a root, ended or not, as the metadata of its row."""
        draft = new_row(root, call_settings(root), None, self.options, CLOCK.epoch())
        return self._add_metadata(draft).row["metadata"]

    def build_deferred(self, trace: Trace) -> list[DeferredRow]:
        """Build the rows that wait for a trace's sampling decision, for another process."""
        built = self._build_selected(self.selector.count_deferred(trace))
        rows = [DeferredRow(row.id, row.dataset, row.body) for row in built]
        return [*trace.deferred_rows, *rows]

    def _build_within_budget(self, run: Run) -> list[EncodedRow]:
        """Build the rows of a run, and charge them before the next trace is decided about."""
        trace = run.trace.latest
        rows = self._select_and_build([run])
        if rows:
            self.selector.charge(rows, trace.totals.cost)
        return rows

    def _complete_earlier_row(self, row: DeferredRow, trace: Trace) -> EncodedRow:
        """Add the sampling decision, and people's corrections, to a row of an earlier part."""
        decision = trace.sampling_decision
        if decision is None:
            return EncodedRow(row.id, row.dataset, row.body, self.status)
        fields = orjson.loads(row.body)
        fields["metadata"]["sampling"] = {**decision.sampling}
        add_labels(fields, _decided_calls(trace))
        is_moved = decision.dataset is not None and row.dataset == self.dataset
        dataset = f"name:{decision.dataset}" if is_moved else row.dataset
        # Encoded again, because labels are not redacted yet.
        return EncodedRow(row.id, dataset, self.encoder.encode(fields), self.status)

    def _build_selected(self, counted: Sequence[CountedRun]) -> list[EncodedRow]:
        """Build the rows of selected runs, group by group."""
        rows: list[EncodedRow] = []
        for first in range(0, len(counted), GROUP_SIZE):
            group = counted[first : first + GROUP_SIZE]
            drafts = self.errors.map(partial(self._new_draft, CLOCK.epoch()), group)
            serializer = ContentSerializer(keep_media=self.options.keep_media)
            drafts = self.errors.map(add_metrics, drafts)
            drafts = self.errors.map(partial(self._add_content, serializer), drafts)
            drafts = self.errors.map(self._add_metadata, drafts)
            if self.map_row is not None:
                drafts = [one for draft in drafts for one in _map_draft(draft, self.map_row)]
            rows += self.errors.map(self._encode, drafts)
            for run, _ in group:
                run.release_references()
        return rows

    def _new_draft(self, epoch: float, counted: CountedRun) -> RowDraft | None:
        run, model_call = counted
        if not should_capture(run, self.policy):
            return None
        settings = call_settings(run)
        if not settings.capture:
            return None
        draft = new_row(run, settings, model_call, self.options, epoch)
        if run.inputs is OMITTED or run.outputs is OMITTED:
            _mark_omitted(draft, self.errors)
        return draft

    def _add_content(self, serializer: ContentSerializer, draft: RowDraft) -> RowDraft:
        add_content(draft, self.options, serializer)
        if decided := _decided_calls(draft.run.trace):
            add_labels(draft.row, decided)
        return draft

    def _add_metadata(self, draft: RowDraft) -> RowDraft:
        add_app_metadata(draft, self.options.metadata, self.options.tags)
        decision = draft.run.trace.sampling_decision
        if decision is not None:
            draft.row["metadata"]["sampling"] = {**decision.sampling}
            if draft.run.is_root:
                draft.row["metadata"].update(decision.marks)
        return draft

    def _encode(self, draft: RowDraft) -> EncodedRow:
        body = self.encoder.encode(draft.row)
        decision = draft.run.trace.sampling_decision
        named = draft.settings.dataset or (None if decision is None else decision.dataset)
        dataset = self.dataset if named is None else f"name:{named}"
        hold = self.hold if draft.run.is_root and draft.takes_feedback else 0.0
        row = EncodedRow(draft.identifier, dataset, body, self.status, hold)
        run_id = draft.row["metadata"]["run_id"]
        self.addresses.remember(row.id, row)
        if draft.takes_feedback and run_id != row.id:
            self.addresses.remember(str(run_id), row)
        return row


def _map_draft(draft: RowDraft, map_row: Callable[[Row], list[MappedRow]]) -> list[RowDraft]:
    """Return what the app makes of a row; nothing when its function fails, which is counted."""
    rows = safe_call(map_row, draft.row)
    if not isinstance(rows, list):
        return []
    return [_as_draft(mapped, draft, is_first=mapped is rows[0]) for mapped in rows]


def _as_draft(mapped: MappedRow, draft: RowDraft, *, is_first: bool) -> RowDraft:
    row, dataset = mapped
    return draft._replace(
        row=row,
        settings=draft.settings if dataset is None else replace(draft.settings, dataset=dataset),
        identifier=str(row["metadata"]["custom_identifier"]),
        takes_feedback=is_first,
    )


def _decided_calls(trace: Trace) -> Mapping[str, Decision]:
    """Return what people decided, by the ids of tool calls; nothing unless the rule corrects."""
    if trace.sampling_decision is None or not trace.sampling_decision.corrects:
        return {}
    return match_decisions(trace.decisions, trace.totals.requested_calls)


def _mark_omitted(draft: RowDraft, errors: ErrorCounter) -> None:
    """List the omitted content in the row's metadata, and count the row."""
    run, omitted = draft.run, []
    if run.inputs is OMITTED:
        run.inputs = OMITTED_NOTE
        omitted.append("input")
        draft.row["metadata"] |= not_replayable("input was left out")
    if run.outputs is OMITTED:
        run.outputs = OMITTED_NOTE
        omitted.append("output")
    draft.row["metadata"]["omitted"] = json_value(omitted)
    errors.count(
        "content omitted: max_queue_bytes",
        "Content is missing in rows: more than max_queue_bytes was waiting to be processed.",
    )
