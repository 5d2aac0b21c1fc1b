"""Runs one row once: answers its calls from the recording, measures it, and scores the answer."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from inspect import Parameter, signature
from typing import Any, Self
from uuid import UUID, uuid4

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from respan_langchain.callbacks.global_capture import without_capture
from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.experiments.calls import Recording
from respan_langchain.experiments.plan import Plan
from respan_langchain.experiments.recorded_models import ModelSession, models_replaced
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.recorded_tools import (
    DivergenceError,
    ToolSession,
    tools_replaced,
)
from respan_langchain.experiments.results import Trial, TrialStatus
from respan_langchain.experiments.scorers import Scorer, read_scores
from respan_langchain.tracing.timeouts import TraceTimeouts


class Meter:
    """Captures the runs of a replay as rows in memory: output, tokens, cost, as in production."""

    def __init__(self) -> None:
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._handler = RespanDatasetCallbackHandler(
            "replay",
            base_url="sqlite:///:memory:",
            # The environment's values are for the app's own handlers.
            enabled=True,
            dataset_id="",
            sample_rate=1.0,
            content=True,
            delivery="memory",
            via="",
            capture=("root",),
            redact=None,
            timeouts=TraceTimeouts(interrupted=0.0),
            on_row=self._add,
        )

    def callbacks(self, config: RunnableConfig) -> list[BaseCallbackHandler]:
        """Return the callbacks of a trial: those of the config, and this handler."""
        own = config.get("callbacks") or []
        return [*(own if isinstance(own, list) else own.handlers), self._handler]

    def take(self, run_id: UUID) -> Mapping[str, Any]:
        """Remove and return the row of a finished run; empty if nothing was captured."""
        self._handler.process_pending()
        return self._rows.pop(str(run_id), {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handler.shutdown(timeout=1.0)

    def _add(self, body: bytes) -> None:
        row = orjson.loads(body)
        self._rows[row["metadata"]["run_id"]] = row


def run_trial(plan: Plan, row: RecordedRow, repeat: int, meter: Meter) -> Trial:
    """Run a row, and return what it answered, what it used, and its scores."""
    tools = ToolSession(Recording(row.calls), allowed=plan.allow, on_divergence=plan.on_divergence)
    models = ModelSession(row.model_calls)
    run_id = uuid4()
    config = _config(plan, row, run_id, [*meter.callbacks(plan.config), models])
    began = time.monotonic()
    error = _invoke(plan, row, config, tools, models)
    seconds = time.monotonic() - began
    captured = meter.take(run_id)
    metadata = captured.get("metadata") or {}
    if error is None and metadata.get("status") == "interrupted":
        error = "interrupted: it waits for a person"
    trial = Trial(
        row.id,
        repeat,
        _status(error, tools, models),
        output=captured.get("output"),
        error=error,
        # Recorded models cost nothing, which cannot be compared with what they did cost.
        cost=None if plan.models == "recorded" else (captured.get("metrics") or {}).get("cost"),
        latency=seconds,
        trajectory=_trajectory(plan, tools, metadata),
        divergences=(*tools.divergences, *models.divergences),
        unused_calls=(
            *(map(str, tools.recording.unused) if plan.tools == "recorded" else ()),
            *models.unused,
        ),
    )
    return _with_scores(trial, plan.scorers, row, metadata)


def recorded_trial(
    row: RecordedRow, scorers: Sequence[Scorer], of: RecordedRow | None = None
) -> Trial:
    """Return the recorded answer as a trial, with its scores.

    `of` is the row that it replays; None for a row of the app.
    """
    of = of or row
    has_diverged = row.failed and row.metadata.get("error_type") == DivergenceError.__name__
    trial = Trial(
        of.id,
        0,
        "diverged" if has_diverged else "failed" if row.failed else "answered",
        output=row.output,
        error=row.error,
        cost=row.cost,
        latency=row.latency,
        trajectory=tuple(row.metadata.get("trajectory") or ()),
    )
    return _with_scores(trial, scorers, of, row.metadata)


def _with_scores(
    trial: Trial, scorers: Sequence[Scorer], row: RecordedRow, metadata: Mapping[str, Any]
) -> Trial:
    """Score the answer of a trial with all scorers."""
    if trial.status != "answered":
        return trial
    known = {
        "inputs": row.input,
        "outputs": trial.output,
        "reference_outputs": row.reference,
        "trajectory": trial.trajectory,
        "reference_trajectory": row.metadata.get("trajectory") or (),
        "metadata": metadata,
    }
    scores: dict[str, float] = {}
    with without_capture():  # a judge is a model, and no traffic of the app
        for scorer in scorers:
            scores.update(read_scores(scorer, scorer(**_accepted(scorer, known))))
    return replace(trial, scores=scores)


def _config(
    plan: Plan, row: RecordedRow, run_id: UUID, callbacks: list[BaseCallbackHandler]
) -> RunnableConfig:
    own = plan.config
    return {
        **own,
        "run_id": run_id,
        "callbacks": callbacks,
        "configurable": {"thread_id": f"replay-{run_id}", **own.get("configurable", {})},
        "metadata": {
            **own.get("metadata", {}),
            "respan": {
                "dataset": f"{plan.dataset}@replays",
                "metadata": {"source": "replay", "replay_of": row.id},
            },
        },
    }


def _invoke(
    plan: Plan,
    row: RecordedRow,
    config: RunnableConfig,
    tools: ToolSession,
    models: ModelSession,
) -> str | None:
    """Run the chain; return `Type: message` of what it raised."""
    with ExitStack() as answers:
        answers.enter_context(without_capture())
        if plan.tools == "recorded":
            answers.enter_context(tools_replaced.answered_by(tools))
        if plan.models == "recorded":
            answers.callback(models.close)
            answers.enter_context(models_replaced.answered_by(models))
        try:
            plan.run(row, config)
        except DivergenceError:
            return None
        except Exception as error:  # noqa: BLE001  # the runnable is the user's
            return f"{type(error).__name__}: {error}"
    return None


def _status(error: str | None, tools: ToolSession, models: ModelSession) -> TrialStatus:
    if tools.has_stopped or models.divergences or (error is not None and tools.divergences):
        return "diverged"
    return "answered" if error is None else "failed"


def _trajectory(
    plan: Plan, tools: ToolSession, metadata: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    if plan.tools == "live":
        return tuple(metadata.get("trajectory") or ())
    return tuple(
        {"tool": call.tool, "input": call.arguments, "output": call.output}
        | ({} if call.error is None else {"error": call.error})
        for call in tools.calls
        if not call.is_retrieval
    )


def _accepted(scorer: Scorer, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments that a scorer's signature accepts."""
    try:
        parameters = signature(scorer).parameters
    except (TypeError, ValueError):
        return known
    if any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values()):
        return known
    return {name: value for name, value in known.items() if name in parameters}
