"""A row's numbers under the platform's names: time, tokens, cost.

Unknown is left out, zero is zero.
"""

from datetime import UTC, datetime
from functools import lru_cache

from respan_langchain.rows.conversation import answer_of, message_id, messages_of
from respan_langchain.rows.schema import RowDraft
from respan_langchain.serialization.json_types import Json
from respan_langchain.tracing.run import Run
from respan_langchain.usage.cost import Cost
from respan_langchain.usage.usage import Usage


def timing_metrics(run: Run, epoch: float) -> dict[str, Json]:
    """Return start and end in RFC 3339 UTC, and durations in seconds."""
    started, first = run.started, run.first_token
    if run.is_root:
        trace = run.trace
        first = trace.totals.first_token
        if trace.first_started is not None:
            started = trace.first_started
    found: dict[str, Json] = {"start_time": _rfc3339(epoch + started)}
    if run.ended is not None:
        found["timestamp"] = _rfc3339(epoch + run.ended)
        found["latency"] = latency(run)
    if first is not None:
        found["time_to_first_token"] = _rounded(first - started, 1_000_000)
    return found


def latency(run: Run) -> float | None:
    """Return the seconds that a run took, a root with its earlier parts; None if unknown."""
    if run.ended is None:
        return None
    earlier = run.trace.earlier_seconds if run.is_root else 0.0
    return _rounded(run.ended - run.started + earlier, 1_000_000)


def end_time(run: Run, epoch: float) -> float | None:
    """Return when a run ended, in seconds since 1970, as its row shows it; None if unknown."""
    return None if run.ended is None else _milliseconds(epoch + run.ended) / 1_000


def add_metrics(draft: RowDraft) -> RowDraft:
    """Add the model of a call, its tokens and cost, and to a root those of its whole trace."""
    run, call, row = draft.run, draft.model_call, draft.row
    metadata, metrics = row["metadata"], row["metrics"]
    if call is not None:
        metadata.update(call.shown)
        metadata.update(call.model.response_metadata())
        _add_usage(metrics, call.usage)
        _add_cost(metadata, metrics, call.cost)
        if call.usage is None:
            metadata["usage_missing"] = True
        elif call.usage.cache_hit:
            metadata["cache_hit"] = True
        speed = _tokens_per_second(run, call.usage)
        if speed is not None:
            metrics["tokens_per_second"] = speed
    if run.is_root:
        _add_sums(metadata, metrics, run)
    return draft


def handled_errors(root: Run) -> int:
    """Return how many nodes of a root failed although it succeeded."""
    return root.trace.totals.node_errors if root.status == "success" else 0


def failure_metrics(root: Run) -> dict[str, Json]:
    """Return how often failures were handled; known before the runs of the trace are counted."""
    totals = root.trace.totals
    if not (totals.node_errors or totals.retries or totals.fallbacks):
        return {}
    counts = {
        "handled_errors": handled_errors(root),
        "retries": totals.retries,
        "fallbacks": totals.fallbacks,
    }
    return {name: count for name, count in counts.items() if count}


def _add_sums(metadata: dict[str, Json], metrics: dict[str, Json], run: Run) -> None:
    """Add the numbers of the whole trace to its root; a root model call has its own already."""
    totals = run.trace.totals
    metrics["llm_calls"] = totals.llm_calls
    if totals.tool_calls:
        metrics["tool_calls"] = totals.tool_calls
    if totals.tool_errors:
        metrics["tool_errors"] = totals.tool_errors
    metrics.update(failure_metrics(run))
    if run.kind in ("chat", "llm"):
        return
    _add_usage(metrics, totals.usage)
    model = answering_model(run)
    if model is not None:
        metadata["model"] = model
    if len(totals.models) > 1:
        metadata["models"] = list(totals.models)
    if totals.unreported_calls:
        metadata["usage_missing"] = True
    if totals.cost is not None:
        _add_cost(metadata, metrics, totals.cost)


def answering_model(root: Run) -> str | None:
    """Return the model of the root's answer, else the last model that answered, else the first."""
    totals = root.trace.totals
    if len(totals.models) > 1:
        answer = answer_of(messages_of(root.outputs) or ())
        model = totals.model_by_message.get(message_id(answer) or "")
        return model or totals.answering_model or next(iter(totals.models))
    return next(iter(totals.models), None)


def _add_usage(metrics: dict[str, Json], usage: Usage | None) -> None:
    """Put the token counts that are known into the metrics."""
    if usage is None:
        return
    counts = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "total_request_tokens": usage.total_tokens,
    }
    if usage.has_parts:
        counts |= {
            "prompt_cache_hit_tokens": usage.cache_read_tokens,
            "prompt_cache_creation_tokens": usage.cache_write_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_input_tokens": usage.audio_input_tokens,
            "audio_output_tokens": usage.audio_output_tokens,
        }
    if None in counts.values():
        counts = {name: count for name, count in counts.items() if count is not None}
    metrics.update(counts)


def _add_cost(metadata: dict[str, Json], metrics: dict[str, Json], cost: Cost) -> None:
    """Add the cost in USD, its source, and whether it is complete."""
    metadata["cost_status"] = cost.status
    if cost.source is not None:
        metadata["cost_source"] = cost.source
    if cost.amount is not None:
        metrics["cost"] = float(cost.amount)


def _tokens_per_second(run: Run, usage: Usage | None) -> float | None:
    """Tokens that were written per second of the whole call."""
    if usage is None or usage.cache_hit or usage.output_tokens is None:
        return None
    seconds = run.latency
    return _rounded(usage.output_tokens / seconds, 1_000) if seconds else None


def _rounded(number: float, parts: int) -> float:
    """Round to the nearest multiple of `1 / parts`; faster than `round` with digits."""
    return round(number * parts) / parts


def _rfc3339(seconds: float) -> str:
    second, milliseconds = divmod(_milliseconds(seconds), 1_000)
    return _second(second) + _MILLISECONDS[milliseconds]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1_000_000 + 0.5) // 1_000


_MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1_000))


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    # Rows that end together are built together, so the same few seconds repeat.
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
