"""Runs rows against a runnable: in parallel, with time-outs and a cost limit, into a journal."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from inspect import Parameter, signature
from typing import Any
from uuid import uuid4

from langchain_core.runnables import Runnable, RunnableConfig

from respan_langchain.callbacks.global_capture import without_capture
from respan_langchain.experiments.calls import Call, Recording
from respan_langchain.experiments.journal import Journal
from respan_langchain.experiments.meter import Meter
from respan_langchain.experiments.recorded_models import ModelSession, models_answered_by
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.recorded_tools import (
    DivergenceError,
    OnDivergence,
    ToolSession,
    answered_by,
)
from respan_langchain.experiments.results import Trial
from respan_langchain.experiments.scorers import Scorer, read_scores

POLL: float = 0.5
"""Seconds between two checks for trials that have timed out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are run."""

    runnable: Runnable[Any, Any]
    scorers: Sequence[Scorer]
    make_input: Callable[[RecordedRow], Any]
    recorded_tools: bool = True
    recorded_models: bool = False
    on_divergence: OnDivergence = "stop"
    allow: frozenset[str] = frozenset()
    """Tools that run for real; with `on_divergence="live"` only where nothing was recorded."""
    repeat: int = 1
    concurrency: int = 4
    timeout: float | None = None
    """Seconds for one trial; a longer one counts as timed out, while its thread continues."""
    max_cost: float | None = None
    """USD after which no further trial starts."""
    requests_per_minute: float | None = None
    """Trials started per minute."""
    config: RunnableConfig = field(default_factory=RunnableConfig)


class Runner:
    """Runs the trials of one replay."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        *,
        on_trial: Callable[[Trial], None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._on_trial = on_trial
        self._spent = 0.0
        self.stopped: str | None = None
        """Why no further trial starts; None while the replay goes on."""

    def run(self, rows: Sequence[RecordedRow]) -> list[Trial]:
        """Run all trials that the journal does not hold yet; return all, in order of rows.

        KeyboardInterrupt ends it without waiting for running trials; finished ones are in the
        journal.
        """
        finished = {(trial.row_id, trial.repeat): trial for trial in self._journal.read()}
        self._spent = sum(trial.cost or 0.0 for trial in finished.values())
        wanted = [(row, repeat) for row in rows for repeat in range(self._plan.repeat)]
        todo = iter([each for each in wanted if (each[0].id, each[1]) not in finished])
        with Meter() as meter:
            for trial in self._run_all(todo, meter):
                self._journal.add(trial)
                finished[trial.row_id, trial.repeat] = trial
                self._on_trial(trial)
        return [finished[key] for row, n in wanted if (key := (row.id, n)) in finished]

    def _run_all(self, todo: Iterator[tuple[RecordedRow, int]], meter: Meter) -> Iterator[Trial]:
        pool = ThreadPoolExecutor(self._plan.concurrency, thread_name_prefix="respan-replay")
        running: dict[Future[Trial], tuple[RecordedRow, int, float]] = {}
        try:
            while True:
                self._start_some(pool, todo, running, meter)
                if not running:
                    return
                done, _ = wait(running, timeout=POLL, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    yield self._count(future.result())
                yield from self._give_up_late(running)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _start_some(
        self,
        pool: ThreadPoolExecutor,
        todo: Iterator[tuple[RecordedRow, int]],
        running: dict[Future[Trial], tuple[RecordedRow, int, float]],
        meter: Meter,
    ) -> None:
        while len(running) < self._plan.concurrency and not self._is_over_budget():
            row, repeat = next(todo, (None, 0))
            if row is None:
                return
            if self._plan.requests_per_minute:
                time.sleep(60 / self._plan.requests_per_minute)
            context = copy_context()
            future = pool.submit(context.run, self._run_trial, row, repeat, meter)
            running[future] = row, repeat, time.monotonic()

    def _is_over_budget(self) -> bool:
        limit = self._plan.max_cost
        if limit is not None and self._spent >= limit:
            self.stopped = f"max_cost of ${limit:g} reached"
        return self.stopped is not None

    def _count(self, trial: Trial) -> Trial:
        self._spent += trial.cost or 0.0
        return trial

    def _give_up_late(
        self, running: dict[Future[Trial], tuple[RecordedRow, int, float]]
    ) -> Iterator[Trial]:
        if self._plan.timeout is None:
            return
        now = time.monotonic()
        for future, (row, repeat, began) in list(running.items()):
            if now - began > self._plan.timeout and not future.done():
                del running[future]
                yield Trial(row.id, repeat, "timed out", latency=now - began)

    def _run_trial(self, row: RecordedRow, repeat: int, meter: Meter) -> Trial:
        session = ToolSession(
            Recording(row.calls), allowed=self._plan.allow, on_divergence=self._plan.on_divergence
        )
        models = ModelSession(row.model_calls)
        run_id = uuid4()
        config: RunnableConfig = {
            **self._plan.config,
            "run_id": run_id,
            "callbacks": [*meter.callbacks(self._plan.config), models],
            "configurable": {
                "thread_id": f"replay-{run_id}",
                **self._plan.config.get("configurable", {}),
            },
            "metadata": {
                **self._plan.config.get("metadata", {}),
                "respan": {"metadata": {"source": "replay", "replay_of": row.id}},
            },
        }
        began = time.monotonic()
        trial = Trial(row.id, repeat, "answered")
        with ExitStack() as answers:
            answers.enter_context(without_capture())
            if self._plan.recorded_tools:
                answers.enter_context(answered_by(session))
            if self._plan.recorded_models:
                answers.enter_context(models_answered_by(models))
            try:
                self._plan.runnable.invoke(self._plan.make_input(row), config)
            except DivergenceError:
                trial = replace(trial, status="diverged")
            except Exception as error:  # noqa: BLE001  # the runnable is the user's
                diverged = bool(session.divergences)
                trial = replace(
                    trial,
                    status="diverged" if diverged else "failed",
                    error=f"{type(error).__name__}: {error}",
                )
        seconds = time.monotonic() - began
        if models.divergences:
            trial = replace(trial, status="diverged")
        trial = self._measure(trial, row, session, meter.take(run_id), seconds)
        return self._add_models(trial, models) if self._plan.recorded_models else trial

    def _add_models(self, trial: Trial, models: ModelSession) -> Trial:
        return replace(
            trial,
            cost=None,  # no model ran, so the recorded cost has nothing to be compared with
            divergences=(*trial.divergences, *models.divergences),
            unused_calls=(*trial.unused_calls, *models.unused),
        )

    def _measure(
        self,
        trial: Trial,
        row: RecordedRow,
        session: ToolSession,
        captured: Mapping[str, Any],
        seconds: float,
    ) -> Trial:
        """Add the captured figures of the run, and score the answer."""
        metadata = captured.get("metadata") or {}
        trajectory = metadata.get("trajectory") or ()
        if self._plan.recorded_tools:
            trajectory = [_step(call) for call in session.calls if not call.is_retrieval]
        trial = replace(
            trial,
            output=captured.get("output"),
            cost=(captured.get("metrics") or {}).get("cost"),
            latency=seconds,
            trajectory=tuple(trajectory),
            divergences=tuple(map(str, session.divergences)),
            unused_calls=tuple(call.key for call in session.recording.unused)
            if self._plan.recorded_tools
            else (),
        )
        if metadata.get("status") == "interrupted" and trial.status == "answered":
            return replace(trial, status="failed", error="interrupted: it waits for a person")
        if trial.status != "answered":
            return trial
        return replace(trial, scores=score(self._plan.scorers, row, trial, metadata))


def score(
    scorers: Sequence[Scorer], row: RecordedRow, trial: Trial, metadata: Mapping[str, Any]
) -> dict[str, float]:
    """Score one answer with all scorers."""
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
    return scores


def _accepted(scorer: Scorer, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments that a scorer's signature accepts."""
    try:
        parameters = signature(scorer).parameters
    except (TypeError, ValueError):
        return known
    if any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values()):
        return known
    return {name: value for name, value in known.items() if name in parameters}


def _step(call: Call) -> dict[str, Any]:
    step = {"tool": call.tool, "input": call.arguments, "output": call.output}
    if call.error is not None:
        step["error"] = call.error
    return step
