"""Reads a finished run's model call, and counts the run in the totals of its trace."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from respan_langchain._clock import CLOCK
from respan_langchain.rows.counting import count_structure, count_usage
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.schema import ModelCall, RowOptions
from respan_langchain.tracing.events import EMPTY_MODEL_REQUEST
from respan_langchain.tracing.run import Run
from respan_langchain.usage.cost import Exchange, Prices
from respan_langchain.usage.model_info import get_message, get_reported_fields, parse_response
from respan_langchain.usage.usage_sources import extract_usage


class CountedRun(NamedTuple):
    """A run that is counted in its trace's totals."""

    run: Run
    call: ModelCall | None
    """None for everything but model calls."""


@dataclass(frozen=True, slots=True)
class RunCounter:
    """Counts the runs of one handler, each once."""

    options: RowOptions
    prices: Prices
    models: ModelInfoCache

    def count(self, run: Run) -> CountedRun:
        """Count a finished run."""
        return self.count_usage(self.count_structure(run))

    def count_structure(self, run: Run) -> Run:
        """Count what needs neither tokens nor prices: tool calls, errors, documents."""
        count_structure(run, self.options)
        return run

    def count_usage(self, run: Run) -> CountedRun:
        """Count the rest of a run whose structure is counted."""
        if not run.is_model:
            return CountedRun(run, None)
        call = self._read_model_call(run)
        count_usage(run, call)
        return CountedRun(run, call)

    def _read_model_call(self, run: Run) -> ModelCall:
        known = self.models.read(run.model_request or EMPTY_MODEL_REQUEST, run.metadata)
        reported = get_reported_fields(run.outputs)
        facts = parse_response(known.facts, run.outputs, reported)
        usage = extract_usage(run.outputs, run.stream_usage)
        # Some prices depend on the hour.
        at = None if run.ended is None else datetime.fromtimestamp(CLOCK.epoch() + run.ended, UTC)
        exchange = Exchange(reported, run.inputs, get_message(run.outputs))
        cost = self.prices.calculate(usage, facts, exchange, at)
        return ModelCall(usage, cost, facts, known.shown)
