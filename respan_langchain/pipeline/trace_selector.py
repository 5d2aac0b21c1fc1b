"""Selects the runs that become rows. Rules decide about a whole trace, when its root has ended.

Until then its finished runs wait. Only totals that conditions read are computed; the others only if
the trace is kept, since most traces are not.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain._foreign_code import get_logger
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.pipeline.ended_trace import EndedTrace, find_provenance
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.rows.counting import CountedRun, RunCounter
from respan_langchain.rules.budget import Use
from respan_langchain.rules.decision import NOT_KEPT, RowChange
from respan_langchain.rules.engine import NO_PRODUCTION, RuleEngine
from respan_langchain.rules.facts import NOT_PRODUCTION
from respan_langchain.rules.rule import Rules
from respan_langchain.stats import RuleCounts
from respan_langchain.tracing.capture_policy import CapturePolicy, has_consent
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.usage.cost import Cost

logger = get_logger(__name__)

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
        self.reset()

    def select(self, epoch: float, run: Run) -> Sequence[CountedRun]:
        """Return the runs of which rows are built now that this run has finished."""
        # A run of an interrupted part may come here after the part that resumed it has started.
        trace = run.trace = run.trace.latest
        if not has_consent(trace, self._policy):
            run.release_references()
            return ()
        if self._engine is None and trace.sampling_decision is None:
            if not self._is_not_production(trace):
                return (self._counter.read(run, epoch),)
            trace.sampling_decision = NOT_KEPT
            self._not_production += 1
        trace.deferred_runs.append(run)
        if run is not trace.root:
            return ()
        ended = EndedTrace(trace, self._policy, self._counter, self._errors)
        if self._engine is not None and trace.sampling_decision is None:
            trace.sampling_decision = self._engine.decide(ended)
        if trace.sampling_decision is not None and trace.sampling_decision.is_kept:
            return ended.count_all()
        for each in ended.runs:
            each.release_references()
        return ()

    def discard(self, trace: Trace) -> None:
        """Have an open trace give no rows; drop its finished runs that wait for its end."""
        trace.sampling_decision = NOT_KEPT
        for run in trace.deferred_runs:
            run.release_references()
        trace.deferred_runs, trace.deferred_rows = [], []

    def count_deferred(self, trace: Trace) -> list[CountedRun]:
        """Count the finished runs that wait for the decision, and take them out of the trace."""
        runs, trace.deferred_runs = trace.deferred_runs, []
        epoch = CLOCK.epoch()
        return self._count([self._counter.read(run, epoch) for run in runs])

    def count(self, selected: Sequence[CountedRun]) -> list[CountedRun]:
        """Count selected runs; those of a trace that was decided about are counted already."""
        counted = [each for each in selected if each.run.trace.sampling_decision is not None]
        others = [each for each in selected if each.run.trace.sampling_decision is None]
        return counted + self._count(others)

    def _count(self, runs: list[CountedRun]) -> list[CountedRun]:
        # All runs by one step before the next, for the reason that `RowBuilder` has.
        for step in self._counter.steps:
            runs = self._errors.map(step, runs)
        return runs

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

    def _is_not_production(self, trace: Trace) -> bool:
        if not self._production_only:
            return False
        return find_provenance(trace.root, self._counter.options) in NOT_PRODUCTION

    def _count_error(self, condition: str, error: Exception) -> None:
        cause = f"rules: {condition} raised {type(error).__name__}"
        self._errors.count(cause, f"{cause}. It does not match.")

    def reset(self) -> None:
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
