"""`replay`: run a dataset's rows against a runnable and compare the answers with a baseline."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from itertools import islice
from typing import Any, Final, Literal

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from respan_langchain._display import is_conversation
from respan_langchain._safe_call import safe_call
from respan_langchain.client.models import Log
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.journal import Journal, read_journal
from respan_langchain.experiments.recorded_models import cache_installed
from respan_langchain.experiments.recorded_rows import (
    RecordedRow,
    is_root,
    model_skip_reason,
    read_row,
    read_rows_with_models,
    skip_reason,
)
from respan_langchain.experiments.recorded_tools import OnDivergence, installed
from respan_langchain.experiments.results import ReplayResult, Trial, mean_scores
from respan_langchain.experiments.runner import Plan, Runner, score
from respan_langchain.experiments.scorers import Scorer, same_answer, scorer_name
from respan_langchain.experiments.statistics import require_scipy

NOISE_ROWS: Final = 20
"""Recorded answers that each scorer scores twice, to measure how much it varies."""


def replay(
    dataset: Iterable[Log],
    runnable: Runnable[Any, Any] | Callable[..., Any] | str,
    *,
    scorers: Sequence[Scorer] = (same_answer,),
    tools: Literal["recorded", "live"] = "recorded",
    models: Literal["recorded", "live"] = "live",
    on_divergence: OnDivergence = "stop",
    allow: Iterable[str] = (),
    repeat: int = 1,
    concurrency: int = 4,
    limit: int | None = None,
    timeout: float | None = None,
    max_cost: float | None = None,
    requests_per_minute: float | None = None,
    baseline: str | os.PathLike[str] = "recorded",
    journal: str | os.PathLike[str] | None = None,
    make_input: Callable[[Any], Any] | None = None,
    config: RunnableConfig | None = None,
    on_trial: Callable[[Trial], None] = lambda _: None,
    name: str | None = None,
) -> ReplayResult:
    """Run the root rows of a dataset against a runnable, with recorded tools.

    Args:
        dataset: A `Dataset`, or any logs.
        runnable: A Runnable, a function, or `package.module:name` of one.
        scorers: See `respan_langchain.scorers`; called with each answer.
        tools: "recorded": tools and retrievers answer from the row, and nothing runs for real.
            "live": they run.
        models: "live": models run. "recorded": they answer from the row, and a prompt that was not
            recorded ends the row as diverged; a bare `stream` is not reached, and is reported.
        on_divergence: What a call that was not recorded does. "stop": the row ends as diverged.
            "tell": the caller gets an error as the tool's answer. "live": tools in `allow` run,
            and MCP tools that are marked read-only.
        allow: Names of tools that may run for real with `on_divergence="live"`; an MCP tool that is
            marked destructive never does.
        repeat: How often each row runs; repeats are averaged within their row.
        concurrency: Rows that run at the same time.
        limit: The most rows to run; all when None.
        timeout: Seconds for one row; None waits.
        max_cost: USD after which no further row starts.
        requests_per_minute: Rows started per minute.
        baseline: "recorded", or the journal of another replay of the same dataset.
        journal: A file that keeps each finished row, so that the same call resumes after a crash.
        make_input: Makes the runnable's input of a row's; by default messages become
            `{"messages": ...}` where the runnable takes a state.
        config: LangChain's config for each run: tags, metadata, callbacks, configurable.
        on_trial: Called with each finished trial.
        name: What the report calls the rows; the dataset's name when None.

    Returns:
        The result: a table in a notebook and a terminal; `check()` raises on a regression.

    Raises:
        ConfigurationError: An argument is wrong, scipy is missing, or no row can be replayed.
    """
    _check_options(tools, on_divergence, repeat, concurrency, timeout)
    if models not in ("recorded", "live"):
        raise ConfigurationError(f"models={models!r}: use 'recorded' or 'live'")
    require_scipy()
    chain = load_runnable(runnable)
    rows, skipped = select_rows(dataset, limit, with_models=models == "recorded")
    title = name or str(getattr(dataset, "name", None) or "rows")
    plan = Plan(
        runnable=chain,
        scorers=tuple(scorers),
        make_input=_input_maker(chain, make_input),
        recorded_tools=tools == "recorded",
        recorded_models=models == "recorded",
        on_divergence=on_divergence,
        allow=frozenset(allow),
        repeat=repeat,
        concurrency=concurrency,
        timeout=timeout,
        max_cost=max_cost,
        requests_per_minute=requests_per_minute,
        config=config or RunnableConfig(),
    )
    before = recorded_trials(rows, scorers) if baseline == "recorded" else read_journal(baseline)
    cache = cache_installed() if plan.recorded_models else nullcontext()
    with Journal(journal, _about(title, runnable, chain, plan)) as kept, installed(), cache:
        runner = Runner(plan, kept, on_trial=on_trial)
        trials = runner.run(rows)
    return ReplayResult(
        dataset=title,
        rows=rows,
        trials=trials,
        baseline=before,
        skipped=skipped,
        label_noise=_label_noise(rows, before, scorers) if baseline == "recorded" else {},
        stopped=runner.stopped,
    )


def replay_row(
    row: RecordedRow,
    runnable: Runnable[Any, Any] | Callable[..., Any] | str,
    *,
    scorers: Sequence[Scorer] = (same_answer,),
    tools: Literal["recorded", "live"] = "recorded",
    on_divergence: OnDivergence = "stop",
    allow: Iterable[str] = (),
    repeat: int = 1,
    make_input: Callable[[Any], Any] | None = None,
    config: RunnableConfig | None = None,
) -> Trial:
    """Run one row; return its worst trial with the mean scores. Arguments as for `replay`."""
    _check_options(tools, on_divergence, repeat, 1, None)
    chain = load_runnable(runnable)
    plan = Plan(
        runnable=chain,
        scorers=tuple(scorers),
        make_input=_input_maker(chain, make_input),
        recorded_tools=tools == "recorded",
        on_divergence=on_divergence,
        allow=frozenset(allow),
        repeat=repeat,
        concurrency=1,
        config=config or RunnableConfig(),
    )
    with Journal(None, {}) as journal, installed():
        trials = Runner(plan, journal).run([row])
    worst = min(trials, key=lambda trial: (trial.status == "answered", sum(trial.scores.values())))
    return replace(worst, scores=mean_scores(trials))


def load_runnable(runnable: Runnable[Any, Any] | Callable[..., Any] | str) -> Runnable[Any, Any]:
    """Load a runnable from `package.module:name`; a function becomes a RunnableLambda.

    Raises:
        ConfigurationError: There is no such module or name, or it cannot be run.
    """
    if isinstance(runnable, str):
        module, separator, name = runnable.partition(":")
        if not separator:
            raise ConfigurationError(f"runnable {runnable!r}: expected package.module:name")
        try:
            runnable = getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"runnable {module}:{name} cannot be loaded: {error}"
            ) from error
    if isinstance(runnable, Runnable):
        return runnable
    if callable(runnable):
        return RunnableLambda(runnable)
    raise ConfigurationError(
        f"runnable: {type(runnable).__name__} is neither Runnable nor function"
    )


def select_rows(
    dataset: Iterable[Log], limit: int | None = None, *, with_models: bool = False
) -> tuple[list[RecordedRow], dict[str, int]]:
    """Return the rows that can be replayed, and the number of the others by reason.

    Raises:
        ConfigurationError: No row can be replayed.
    """
    skipped: Counter[str] = Counter()
    rows: list[RecordedRow] = []
    roots: Iterable[RecordedRow] = (
        read_rows_with_models(dataset)
        if with_models
        else (read_row(log) for log in dataset if is_root(log))
    )
    for row in roots:
        reason = skip_reason(row) or (model_skip_reason(row) if with_models else None)
        if reason is None:
            rows.append(row)
        else:
            skipped[reason] += 1
        if limit is not None and len(rows) >= limit:
            break
    if not rows:
        reasons = "; ".join(f"{count} {reason}" for reason, count in skipped.items())
        raise ConfigurationError(f"dataset: no row can be replayed ({reasons or 'it is empty'})")
    return rows, dict(skipped)


def _check_options(
    tools: str, on_divergence: str, repeat: int, concurrency: int, timeout: float | None
) -> None:
    if tools not in ("recorded", "live"):
        raise ConfigurationError(f"tools={tools!r}: use 'recorded' or 'live'")
    if on_divergence not in ("stop", "tell", "live"):
        raise ConfigurationError(f"on_divergence={on_divergence!r}: use 'stop', 'tell' or 'live'")
    for name, value in {"repeat": repeat, "concurrency": concurrency}.items():
        if value < 1:
            raise ConfigurationError(f"{name}={value}: use 1 or more")
    if timeout is not None and timeout <= 0:
        raise ConfigurationError(f"timeout={timeout}: use seconds above 0, or None")


def _about(
    dataset: str, runnable: object, chain: Runnable[Any, Any], plan: Plan
) -> Mapping[str, Any]:
    return {
        "dataset": dataset,
        "runnable": runnable if isinstance(runnable, str) else chain.get_name(),
        "scorers": [scorer_name(scorer) for scorer in plan.scorers],
        "tools": "recorded" if plan.recorded_tools else "live",
        "models": "recorded" if plan.recorded_models else "live",
        "on_divergence": plan.on_divergence,
    }


def _input_maker(
    chain: Runnable[Any, Any], make_input: Callable[[Any], Any] | None
) -> Callable[[RecordedRow], Any]:
    if make_input is not None:
        return lambda row: make_input(row.input)
    if not _takes_messages(chain):
        return lambda row: row.input
    return lambda row: {"messages": row.input} if is_conversation(row.input) else row.input


def _takes_messages(chain: Runnable[Any, Any]) -> bool:
    """Whether the input is a state with messages, as that of LangGraph's agents."""
    # pydantic cannot describe every app's own types.
    schema = safe_call(chain.get_input_jsonschema)
    return isinstance(schema, dict) and "messages" in (schema.get("properties") or {})


def recorded_trials(rows: Sequence[RecordedRow], scorers: Sequence[Scorer]) -> list[Trial]:
    """Return the recorded answers as trials, with the scores of the same scorers."""
    return [_recorded_trial(row, scorers) for row in rows]


def _recorded_trial(row: RecordedRow, scorers: Sequence[Scorer]) -> Trial:
    trial = Trial(
        row.id,
        0,
        "failed" if row.failed else "answered",
        output=row.output,
        cost=row.cost,
        latency=row.latency,
        trajectory=tuple(row.metadata.get("trajectory") or ()),
    )
    if row.failed:
        return trial
    scores = score(scorers, row, trial, row.metadata)
    return Trial(**{**trial.to_json(), "scores": scores})


def _label_noise(
    rows: Sequence[RecordedRow], before: Sequence[Trial], scorers: Sequence[Scorer]
) -> dict[str, float]:
    """Return by scorer the share of up to 20 recorded answers that it scores differently again."""
    changed: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for row, first in islice(zip(rows, before, strict=True), NOISE_ROWS):
        again = {} if row.failed else _recorded_trial(row, scorers).scores
        for name in again:
            judged[name] += 1
            changed[name] += again[name] != first.scores.get(name)
    return {name: changed[name] / judged[name] for name in judged if changed[name]}
