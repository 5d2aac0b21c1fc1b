"""Counts a finished run in the totals of its trace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from respan_langchain._clock import CLOCK
from respan_langchain.rows.counting import (
    count_content,
    count_cost,
    count_model,
    count_structure,
    count_usage,
)
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.model_call import ModelCall
from respan_langchain.rows.schema import RowOptions
from respan_langchain.tracing.run import Run
from respan_langchain.usage.cost import Prices


class CountedRun(NamedTuple):
    """A run that is counted in its trace's totals."""

    run: Run
    model_call: ModelCall | None
    """None for everything but model calls."""


CountingStep: TypeAlias = Callable[[CountedRun], CountedRun]
"""Counts a run in one way."""


@dataclass(frozen=True, slots=True, eq=False)
class RunCounter:
    """Counts the runs of one handler, each once in each way."""

    options: RowOptions
    prices: Prices
    models: ModelInfoCache

    def count(self, run: Run) -> CountedRun:
        """Count a finished run in all ways."""
        counted = self.read(run)
        for count in self.steps:
            count(counted)
        return counted

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

    def read(self, run: Run) -> CountedRun:
        """Return a run that is not counted yet."""
        call = ModelCall(run, self.prices, self.models, CLOCK.epoch()) if run.is_model else None
        return CountedRun(run, call)

    def count_structure(self, counted: CountedRun) -> CountedRun:
        """Count calls and errors."""
        count_structure(counted.run, self.options)
        return counted

    def count_usage(self, counted: CountedRun) -> CountedRun:
        """Count tokens."""
        if counted.model_call is not None:
            count_usage(counted.run, counted.model_call)
        return counted

    def count_model(self, counted: CountedRun) -> CountedRun:
        """Count the models."""
        if counted.model_call is not None:
            count_model(counted.run, counted.model_call)
        return counted

    def count_cost(self, counted: CountedRun) -> CountedRun:
        """Count what models cost."""
        if counted.model_call is not None:
            count_cost(counted.run, counted.model_call)
        return counted

    def count_content(self, counted: CountedRun) -> CountedRun:
        """Add what the root shows of a run: its tool calls and documents."""
        count_content(counted.run, self.options)
        return counted
