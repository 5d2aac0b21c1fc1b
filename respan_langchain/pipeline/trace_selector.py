"""Selects the runs that become rows. Rules decide about a whole trace, when its root has ended.

Until then its finished runs wait. Tools and errors are counted only when a condition asks for them,
and tokens and prices when one asks for these or the trace is kept, since most traces are not kept.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.pipeline.run_counter import CountedRun, RunCounter
from respan_langchain.rows.content import add_content, root_input
from respan_langchain.rows.identity import new_row, reported_status
from respan_langchain.rows.metadata import add_app_metadata
from respan_langchain.rows.metrics import add_metrics, failure_metrics
from respan_langchain.rows.schema import RowDraft, RowOptions
from respan_langchain.rules.budget import Use
from respan_langchain.rules.decision import LEFT_OUT, RowChange
from respan_langchain.rules.engine import NO_PRODUCTION, RuleEngine
from respan_langchain.rules.facts import (
    NOT_PRODUCTION,
    TraceFacts,
    TraceSource,
    TraceStructure,
    read_provenance,
)
from respan_langchain.rules.rule import Rules
from respan_langchain.serialization.json_types import Json
from respan_langchain.stats import RuleCounts
from respan_langchain.tracing.call_settings import call_settings, conversation_id
from respan_langchain.tracing.capture_policy import CapturePolicy, has_consent, should_capture
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.usage.cost import Cost

logger = logging.getLogger(__name__)

BUDGET_PASSED: Final = (
    "respan_langchain: The rules' budget is used up (%s). Fewer traces are kept until the next hour"
    " or day of UTC; see stats.budget."
)


class TraceSelector:
    """Applies one handler's rules; without rules, every run is selected at once."""

    def __init__(
        self,
        rules: Rules | None,
        policy: CapturePolicy,
        counter: RunCounter,
        errors: ErrorCounter,
        *,
        production_only: bool,
    ) -> None:
        """With `production_only`, replays and experiments are left out without rules, too."""
        self._rules = rules
        self._production_only = production_only
        self._engine: RuleEngine | None = None
        self._policy = policy
        self._counter = counter
        self._errors = errors
        self._has_logged_budget = False
        self.has_budget = rules is not None and rules.budget is not None
        self.after_fork()

    def select(self, run: Run) -> Sequence[CountedRun]:
        """Return the runs, counted, of which rows are built now that this run has finished."""
        # A run of an interrupted part may come here after the part that resumed it has started.
        trace = run.trace = run.trace.latest
        if not has_consent(trace, self._policy):
            run.release_references()
            return ()
        if self._engine is None and trace.sampling is None:
            if not self._leaves_out(trace):
                return (self._counter.count(run),)
            trace.sampling = LEFT_OUT
            self._not_production += 1
        trace.deferred_runs.append(run)
        if run is not trace.root:
            return ()
        ended = _EndedTrace(trace, self._policy, self._counter, self._errors)
        if self._engine is not None and trace.sampling is None:
            trace.sampling = self._engine.decide(ended.facts)
        if trace.sampling is not None and trace.sampling.is_kept:
            return ended.counted
        for each in ended.runs:
            each.release_references()
        return ()

    def leave_out(self, trace: Trace) -> None:
        """Have an open trace give no rows; drop its finished runs that wait for its end."""
        trace.sampling = LEFT_OUT
        for run in trace.deferred_runs:
            run.release_references()
        trace.deferred_runs, trace.deferred_rows = [], []

    def count_deferred(self, trace: Trace) -> list[CountedRun]:
        """Count the finished runs that wait for the decision, and take them out of the trace."""
        runs, trace.deferred_runs = trace.deferred_runs, []
        return self._errors.map(self._counter.count, runs)

    def charge(self, rows: Sequence[EncodedRow], cost: Cost | None) -> None:
        """Count the rows of a kept trace, and the cost of its model calls, in the budget."""
        if self._engine is None:
            return
        usd = 0.0 if cost is None or cost.amount is None else float(cost.amount)
        passed = self._engine.charge(Use(len(rows), sum(len(row.body) for row in rows), usd))
        if passed and not self._has_logged_budget:
            self._has_logged_budget = True
            logger.warning(BUDGET_PASSED, ", ".join(passed))

    def show_counts(self) -> None:
        """Let `take_changes` return the counts of copies as of now."""
        if self._engine is not None:
            self._engine.show_counts()

    def take_changes(self) -> Sequence[RowChange]:
        """Return what rules add to rows that were built earlier."""
        return () if self._engine is None else self._engine.take_changes()

    def _leaves_out(self, trace: Trace) -> bool:
        if not self._production_only:
            return False
        return _find_provenance(trace.root, self._counter.options) in NOT_PRODUCTION

    def _count_error(self, condition: str, error: Exception) -> None:
        cause = f"rules: {condition} raised {type(error).__name__}"
        self._errors.count(cause, f"{cause}. It does not match.")

    def after_fork(self) -> None:
        """Start with no traces: the parent process counts its own."""
        self._not_production = 0
        if self._rules is not None:
            self._engine = RuleEngine(self._rules, self._count_error)

    @property
    def counts(self) -> Mapping[str, RuleCounts]:
        """What each rule did."""
        if self._engine is not None:
            return self._engine.counts
        return {NO_PRODUCTION: RuleCounts(self._not_production)} if self._not_production else {}

    @property
    def used_budget(self) -> Mapping[str, float]:
        """The used share of each limit of the budget."""
        return {} if self._engine is None else self._engine.used_budget


class _EndedTrace:
    """A trace whose root has ended, and its rows as far as the rules ask for them."""

    def __init__(
        self, trace: Trace, policy: CapturePolicy, counter: RunCounter, errors: ErrorCounter
    ) -> None:
        self.runs, trace.deferred_runs = trace.deferred_runs, []
        self._root = trace.root
        self._policy = policy
        self._counter = counter
        self._errors = errors

    @cached_property
    def counted(self) -> list[CountedRun]:
        """Its runs, counted."""
        return self._errors.map(self._counter.count_usage, self._structured)

    @cached_property
    def _structured(self) -> list[Run]:
        """Its runs, counted but for what models used."""
        return self._errors.map(self._counter.count_structure, self.runs)

    @property
    def facts(self) -> TraceFacts:
        """What the rules know about it."""
        root = self._root
        # pyright does not take a `cached_property` for the value that it returns.
        source: TraceSource = self  # pyright: ignore[reportAssignmentType]
        provenance = _find_provenance(root, self._counter.options)
        return TraceFacts(conversation_id(root), reported_status(root), source, provenance)

    @cached_property
    def root(self) -> Mapping[str, Any]:
        """The root's row with what needs no other run."""
        options = self._counter.options
        draft = self._new_draft(CountedRun(self._root, None))
        add_app_metadata(draft, options.metadata, options.tags)
        draft.row["metrics"].update(failure_metrics(self._root))
        return draft.row

    @cached_property
    def structure(self) -> TraceStructure:
        """Its tools and errors."""
        runs, totals = self._structured, self._root.trace.totals
        steps = totals.trajectory if self._counter.options.trajectory else ()
        earlier = {row["metadata"].get("status") for row in self._earlier_rows}
        return TraceStructure(
            {reported_status(run) for run in runs if self._becomes_row(run)} | earlier,
            [str(step.get("tool")) for step in steps],
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
        [counted] = [each for each in self.counted if each.run is self._root]
        draft = self._new_draft(counted)
        add_content(draft, self._counter.options)
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


def _find_provenance(root: Run, options: RowOptions) -> str | None:
    """Return the `source` of a trace; None is production."""
    return read_provenance(call_settings(root).metadata, root.metadata, options.metadata)
