"""Adds what a finished run used to the totals of its trace, and prices its model call."""

from dataclasses import dataclass
from datetime import UTC, datetime

from respan_langchain._clock import CLOCK
from respan_langchain.rows.counting import count_model, count_retriever, count_root, count_tool
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.schema import ModelCall, RowOptions
from respan_langchain.tracing.events import EMPTY_MODEL_REQUEST
from respan_langchain.tracing.run import Run
from respan_langchain.usage.cost import Exchange, Prices
from respan_langchain.usage.model_info import get_message, get_reported_fields, parse_response
from respan_langchain.usage.usage_sources import extract_usage


@dataclass(frozen=True, slots=True)
class TotalsCollector:
    """Counts finished runs, each once."""

    options: RowOptions
    prices: Prices
    models: ModelInfoCache

    def add(self, run: Run) -> ModelCall | None:
        """Add a run to its trace's totals; return what a model call used, None for other runs."""
        call: ModelCall | None = None
        match run.kind:
            case "chat" | "llm":
                call = self._read_model_call(run)
                count_model(run, call, self.options)
            case "tool":
                count_tool(run, self.options)
            case "retriever":
                count_retriever(run, self.options)
        if run.is_root:
            count_root(run, self.options)
        return call

    def _read_model_call(self, run: Run) -> ModelCall:
        known = self.models.read(run.model_request or EMPTY_MODEL_REQUEST, run.metadata)
        reported = get_reported_fields(run.outputs)
        facts = parse_response(known.facts, run.outputs, reported)
        usage = extract_usage(run.outputs, run.stream_usage)
        # Some prices depend on the hour.
        at = None if run.ended is None else datetime.fromtimestamp(epoch() + run.ended, UTC)
        exchange = Exchange(reported, run.inputs, get_message(run.outputs))
        cost = self.prices.calculate(usage, facts, exchange, at)
        return ModelCall(usage, cost, facts, known.shown)


def epoch() -> float:
    """Return the wall time, in seconds since 1970, at which the monotonic clock read zero."""
    return CLOCK.time() - CLOCK.monotonic()
