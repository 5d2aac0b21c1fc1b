"""The facts of a live trace. Reading a fact runs only the counting steps that it needs."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.rows.content import add_content, shown_input
from respan_langchain.rows.counting import CountedRun, CountingStep, RunCounter
from respan_langchain.rows.metadata import add_app_metadata, get_tags
from respan_langchain.rows.metrics import (
    add_metrics,
    answering_model,
    end_time,
    failure_metrics,
    handled_errors,
    latency,
)
from respan_langchain.rows.model_call import ModelCall
from respan_langchain.rows.row_start import new_row, reported_status
from respan_langchain.rows.schema import RowDraft, RowOptions
from respan_langchain.rules.facts import RowFields, TraceFacts, read_provenance
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.call_settings import call_settings, conversation_id
from respan_langchain.tracing.capture_policy import CapturePolicy, should_capture
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.totals import Totals

MEASURED: Final = frozenset({
    "models", "model_requested", "provider_id", "finish_reason", "refused", "cost_status",
    "cost_source", "usage_missing",
})  # fmt: skip
"""Metadata of a root that is known once the runs below it are counted; besides `model`."""


class EndedTrace(TraceFacts):
    """A trace whose root has ended."""

    def __init__(
        self, trace: Trace, policy: CapturePolicy, counter: RunCounter, errors: ErrorCounter
    ) -> None:
        """Take the finished runs of the trace, which waited for its end."""
        self.runs, trace.deferred_runs = trace.deferred_runs, []
        self._root = trace.root
        self._policy = policy
        self._counter = counter
        self._options = counter.options
        self._errors = errors
        self._steps_done: set[CountingStep] = set()

    def count_all(self) -> list[CountedRun]:
        """Count its runs in all ways; return those of which rows can be built."""
        for step in self._counter.steps:
            self._count(step)
        return self._counted_runs

    def _count(self, step: CountingStep) -> Totals:
        """Return the totals, in which each run is counted by this step once."""
        if step not in self._steps_done:
            self._steps_done.add(step)
            self._counted_runs = self._errors.map(step, self._counted_runs)
        return self._root.trace.totals

    @cached_property
    def _counted_runs(self) -> list[CountedRun]:
        """Its runs without those that a step failed to count."""
        epoch = CLOCK.epoch()
        return [self._counter.read(run, epoch) for run in self.runs]

    @property
    def conversation(self) -> str:
        """The id that rates go by."""
        return conversation_id(self._root)

    @property
    def id(self) -> str:
        """The trace's id."""
        return self._root.trace.id.hex

    @property
    def name(self) -> str:
        """The root's name."""
        return self._root.name[:255]

    @property
    def status(self) -> str:
        """How the root ended."""
        return reported_status(self._root)

    @property
    def provenance(self) -> str | None:
        """Its `source`; None is production."""
        return find_provenance(self._root, self._options)

    @property
    def tags(self) -> Sequence[str]:
        """The root's tags."""
        settings, options = call_settings(self._root), self._options
        # A row without tags shows the app's metadata of this name in their place.
        shown = get_tags(self._root, settings, options.tags)
        metadata = (self._root.metadata, settings.metadata, options.metadata)
        return shown or (super().tags if any("tags" in each for each in metadata) else ())

    @property
    def ended(self) -> float:
        """When it ended, in seconds since 1970; when it started, if its end is unknown."""
        at = end_time(self._root, CLOCK.epoch())
        return super().ended if at is None else at

    @property
    def seconds(self) -> float | None:
        """How long it ran; None if its end is unknown."""
        return latency(self._root)

    @property
    def was_interrupted(self) -> bool:
        """Whether it stopped to wait for a person, also if it was resumed."""
        return self.status == "interrupted" or bool(self._root.trace.resumed_run_ids)

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """What people decided at its interrupts."""
        return super().decisions if self._root.trace.decisions else []

    @property
    def handled_errors(self) -> float:
        """Failed nodes of a graph that went on."""
        return handled_errors(self._root)

    @property
    def retries(self) -> float:
        """Calls that were repeated after a failure."""
        return self._root.trace.totals.retries

    @property
    def fallbacks(self) -> float:
        """Calls that were replaced by another after a failure."""
        return self._root.trace.totals.fallbacks

    @property
    def tool_errors(self) -> float:
        """Tools that failed or answered with an error."""
        return self._count(self._counter.count_structure).tool_errors

    @property
    def tools(self) -> Sequence[str]:
        """The names of its tool calls, in order."""
        totals = self._count(self._counter.count_structure)
        return totals.tool_names if self._options.trajectory else ()

    @property
    def tokens(self) -> int | None:
        """Tokens of all model calls."""
        usage = self._count(self._counter.count_usage).usage
        return None if usage is None else usage.total_tokens

    @property
    def cost(self) -> float | None:
        """USD of all model calls."""
        cost = self._count(self._counter.count_cost).cost
        return None if cost is None or cost.amount is None else float(cost.amount)

    @property
    def refused(self) -> bool:
        """Whether a model, in a call that becomes a row, declined to answer."""
        earlier = [row["metadata"].get("refused") is True for row in self._earlier_rows]
        return any(earlier) or any(call.refused for call in self._shown_calls)

    @property
    def finish_reasons(self) -> Sequence[str]:
        """Why the answers of models ended, in the calls that become rows."""
        earlier = [row["metadata"].get("finish_reason") for row in self._earlier_rows]
        found = earlier + [call.finish_reason for call in self._shown_calls]
        return [reason for reason in found if reason is not None]

    @property
    def has_error(self) -> bool:
        """Whether anything in it failed, also where the app handled it."""
        failed = [run for run in self.runs if run.status == "error"]
        return (
            self._root.status == "error"
            or self.handled_errors > 0
            or any(map(self._becomes_row, failed))
            or any(row["metadata"].get("status") == "error" for row in self._earlier_rows)
            or self.tool_errors > 0
        )

    @cached_property
    def root(self) -> RowFields:
        """The root's row with what needs no other run."""
        draft = self._new_draft(CountedRun(self._root, None))
        add_app_metadata(draft, self._options.metadata, self._options.tags)
        draft.row["metrics"].update(failure_metrics(self._root))
        return draft.row

    @property
    def rows(self) -> Sequence[RowFields]:
        """Its rows with their numbers, without content except for the trajectory."""
        return self._rows

    @cached_property
    def input(self) -> Json:
        """The root's input, as its row will show it before redaction."""
        if self._root.inputs is OMITTED:
            return None
        return shown_input(self._root, self._options)

    @cached_property
    def output(self) -> Json:
        """The root's output, as its row will show it before redaction; None without one."""
        if self._root.outputs is OMITTED:
            return None
        options = self._options
        [counted] = [each for each in self.count_all() if each.run is self._root]
        draft = self._new_draft(counted)
        add_content(draft, options, ContentSerializer(keep_media=options.keep_media))
        return draft.row.get("output")

    @property
    def row_id(self) -> str | None:
        """The identifier of the root's row; None if the root becomes none."""
        if not self._becomes_row(self._root):
            return None
        return str(self.metadata["custom_identifier"])

    @property
    def dataset(self) -> str | None:
        """The dataset that the call names."""
        return call_settings(self._root).dataset

    def get(self, key: str) -> Any:
        """Return a value of the root's metadata, measured or the app's; None without one."""
        measured = None
        if key == "model":
            self._count(self._counter.count_model)
            measured = answering_model(self._root)
        elif key in MEASURED:
            measured = self._measured["metadata"].get(key)
        return super().get(key) if measured is None else measured

    @cached_property
    def _rows(self) -> Sequence[RowFields]:
        below = [each for each in self.count_all() if each.run is not self._root]
        rows = [self._read_numbers(each) for each in below if self._becomes_row(each.run)]
        return [self._measured, *self._earlier_rows, *rows]

    @cached_property
    def _measured(self) -> RowFields:
        """The root's row with the sums over the trace."""
        # One that cannot be counted has no facts: its error is counted, and no condition matches.
        [root] = [self._read_numbers(each) for each in self.count_all() if each.run is self._root]
        if self._options.trajectory:
            root["metadata"]["trajectory"] = self._root.trace.totals.trajectory
        return root

    @property
    def _shown_calls(self) -> list[ModelCall]:
        """The model calls whose rows show their answers."""
        return [
            call
            for run, call in self._counted_runs
            if call is not None and (run.is_root or self._becomes_row(run))
        ]

    @property
    def _earlier_rows(self) -> list[dict[str, Any]]:
        """Rows of an earlier part, which ran in another process."""
        return [orjson.loads(row.body) for row in self._root.trace.deferred_rows]

    def _read_numbers(self, counted: CountedRun) -> dict[str, Any]:
        draft = self._new_draft(counted)
        add_metrics(draft)
        return {**draft.row}

    def _new_draft(self, counted: CountedRun) -> RowDraft:
        run, call = counted
        return new_row(run, call_settings(run), call, self._options, CLOCK.epoch())

    def _becomes_row(self, run: Run) -> bool:
        return should_capture(run, self._policy) and call_settings(run).capture


def find_provenance(root: Run, options: RowOptions) -> str | None:
    """Return the `source` of a trace; None is production."""
    return read_provenance(call_settings(root).metadata, root.metadata, options.metadata)
