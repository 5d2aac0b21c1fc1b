"""What rules ask of a trace whose root has ended; its runs are counted no further than they ask."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.pipeline.run_counter import CountedRun, RunCounter
from respan_langchain.rows.content import add_content, root_input
from respan_langchain.rows.identity import new_row, reported_status
from respan_langchain.rows.metadata import add_app_metadata
from respan_langchain.rows.metrics import add_metrics, failure_metrics, timing_metrics
from respan_langchain.rows.schema import RowDraft, RowOptions
from respan_langchain.rules.facts import TraceFacts, TraceSource, TraceStructure, read_provenance
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.call_settings import call_settings, conversation_id
from respan_langchain.tracing.capture_policy import CapturePolicy, should_capture
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run, Trace


class EndedTrace:
    """A trace whose root has ended, and its rows as far as the rules ask for them."""

    def __init__(
        self, trace: Trace, policy: CapturePolicy, counter: RunCounter, errors: ErrorCounter
    ) -> None:
        """Take the finished runs of the trace, which waited for its end."""
        self.runs, trace.deferred_runs = trace.deferred_runs, []
        self._root = trace.root
        self._policy = policy
        self._counter = counter
        self._errors = errors

    # Runs are added to the totals of the trace when one of these lists is read for the first time.

    @cached_property
    def counted(self) -> list[CountedRun]:
        """Its runs, counted in all ways, so that rows can be built."""
        priced = self._priced if self._structured else []
        return self._errors.map(self._counter.add_content, priced)

    @cached_property
    def _priced(self) -> list[CountedRun]:
        return self._errors.map(self._counter.count_cost, self._used)

    @cached_property
    def _used(self) -> list[CountedRun]:
        return self._errors.map(self._counter.count_usage, self._calls)

    @cached_property
    def _structured(self) -> list[CountedRun]:
        return self._errors.map(self._counter.count_structure, self._calls)

    @cached_property
    def _calls(self) -> list[CountedRun]:
        return [self._counter.read(run) for run in self.runs]

    @property
    def facts(self) -> TraceFacts:
        """What the rules know about it."""
        root = self._root
        # pyright does not take a `cached_property` for the value that it returns.
        source: TraceSource = self  # pyright: ignore[reportAssignmentType]
        provenance = find_provenance(root, self._counter.options)
        return TraceFacts(conversation_id(root), reported_status(root), source, provenance)

    @cached_property
    def root(self) -> Mapping[str, Any]:
        """The root's row with what needs no other run."""
        options = self._counter.options
        draft = self._new_draft(CountedRun(self._root, None))
        add_app_metadata(draft, options.metadata, options.tags)
        draft.row["metrics"].update(self.metrics)
        return draft.row

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """The root's times, and how often failures were handled."""
        root = self._root
        return timing_metrics(root, CLOCK.epoch()) | failure_metrics(root)

    @property
    def tokens(self) -> int | None:
        """Tokens of all model calls."""
        usage = self._root.trace.totals.usage if self._used else None
        return None if usage is None else usage.total_tokens

    @property
    def cost(self) -> float | None:
        """USD of all model calls."""
        cost = self._root.trace.totals.cost if self._priced else None
        return None if cost is None or cost.amount is None else float(cost.amount)

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        """What is known of the answers of its model calls."""
        earlier = [row["metadata"] for row in self._earlier_rows]
        return earlier + [
            call.model.response_metadata()
            for run, call in self._calls
            if call is not None and (run.is_root or self._becomes_row(run))
        ]

    @cached_property
    def structure(self) -> TraceStructure:
        """Its tools and errors."""
        runs = [run for run, _ in self._structured]
        totals = self._root.trace.totals
        tools = totals.tool_names if self._counter.options.trajectory else []
        earlier = {row["metadata"].get("status") for row in self._earlier_rows}
        return TraceStructure(
            {reported_status(run) for run in runs if self._becomes_row(run)} | earlier,
            tools,
            totals.tool_errors,
        )

    @cached_property
    def measured(self) -> Mapping[str, Any]:
        """The root's row with the sums over the trace."""
        # One that cannot be counted has no facts: its error is counted, and no condition matches.
        [root] = [self._read_numbers(each) for each in self.counted if each.run is self._root]
        if self._counter.options.trajectory:
            root["metadata"]["trajectory"] = self._root.trace.totals.trajectory
        return root

    @cached_property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The trace's rows with their numbers, without content except for the trajectory."""
        below = [each for each in self.counted if each.run is not self._root]
        rows = [self._read_numbers(each) for each in below if self._becomes_row(each.run)]
        return [self.measured, *self._earlier_rows, *rows]

    @property
    def _earlier_rows(self) -> list[dict[str, Any]]:
        """Rows of an earlier part, which ran in another process."""
        return [orjson.loads(row.body) for row in self._root.trace.deferred_rows]

    @cached_property
    def input(self) -> Json:
        """The root's input, as its row will show it before redaction."""
        if self._root.inputs is OMITTED:
            return None
        return root_input(self._root, self._counter.options)

    @cached_property
    def output(self) -> Json:
        """The root's output, as its row will show it before redaction; None without one."""
        if self._root.outputs is OMITTED:
            return None
        options = self._counter.options
        [counted] = [each for each in self.counted if each.run is self._root]
        draft = self._new_draft(counted)
        add_content(draft, options, ContentSerializer(keep_media=options.keep_media))
        return draft.row.get("output")

    @property
    def row_id(self) -> str | None:
        """The identifier of the root's row; None if the root becomes none."""
        if not self._becomes_row(self._root):
            return None
        return str(self.root["metadata"]["custom_identifier"])

    @property
    def dataset(self) -> str | None:
        """The dataset that the call names."""
        return call_settings(self._root).dataset

    def _read_numbers(self, counted: CountedRun) -> dict[str, Any]:
        draft = self._new_draft(counted)
        add_metrics(draft)
        return {**draft.row}

    def _new_draft(self, counted: CountedRun) -> RowDraft:
        run, call = counted
        return new_row(run, call_settings(run), call, self._counter.options, CLOCK.epoch())

    def _becomes_row(self, run: Run) -> bool:
        return should_capture(run, self._policy) and call_settings(run).capture


def find_provenance(root: Run, options: RowOptions) -> str | None:
    """Return the `source` of a trace; None is production."""
    return read_provenance(call_settings(root).metadata, root.metadata, options.metadata)
