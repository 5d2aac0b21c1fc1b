"""`replay`: run a dataset's rows against a runnable and compare the answers with a baseline."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from langchain_core.runnables import Runnable, RunnableConfig

from respan_langchain._arguments import check_count
from respan_langchain.client.models import Log
from respan_langchain.datasets.stored_traces import is_root
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.journal import Journal, open_journal, read_journal
from respan_langchain.experiments.plan import Source, make_plan
from respan_langchain.experiments.recorded_rows import (
    RecordedRow,
    model_skip_reason,
    read_row,
    read_rows_with_models,
    skip_reason,
)
from respan_langchain.experiments.recorded_tools import OnDivergence
from respan_langchain.experiments.results import ReplayResult, Trial, mean_scores
from respan_langchain.experiments.runner import Runner
from respan_langchain.experiments.scipy_modules import stats
from respan_langchain.experiments.scorers import Scorer, same_answer
from respan_langchain.experiments.trials import recorded_trial

NOISE_ROWS: Final = 20
"""Recorded answers that each scorer scores twice, to measure how much it varies."""


def replay(
    dataset: Iterable[Log],
    runnable: Runnable[Any, Any] | Callable[..., Any] | str,
    *,
    scorers: Sequence[Scorer] = (same_answer,),
    tools: Source = "recorded",
    models: Source = "live",
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
    use_async: bool = False,
    on_trial: Callable[[Trial, int], None] = lambda _, __: None,
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
        use_async: Run the chain with `ainvoke`, on one event loop of all replays. Chains need it
            that have nodes, tools or a checkpointer that are only async; functions do not.
        on_trial: Called with each finished trial, and how many are left.
        name: What the report calls the rows; the dataset's name when None.

    Returns:
        The result: a table in a notebook and a terminal; `check()` raises on a regression.

    Raises:
        ConfigurationError: An argument is wrong, scipy is missing, or no row can be replayed.
    """
    _ = stats.binom  # raises now, before rows run that cost money
    plan = make_plan(
        name or str(getattr(dataset, "name", None) or "rows"),
        runnable,
        scorers,
        make_input=make_input,
        allow=allow,
        config=config,
        tools=tools,
        models=models,
        on_divergence=on_divergence,
        repeat=repeat,
        concurrency=concurrency,
        timeout=timeout,
        max_cost=max_cost,
        requests_per_minute=requests_per_minute,
        use_async=use_async,
    )
    if limit is not None:
        check_count("limit", limit)
    rows, skipped = select_rows(dataset, limit, with_models=models == "recorded")
    before = recorded_trials(rows, scorers) if baseline == "recorded" else read_journal(baseline)
    with open_journal(journal, plan.describe(runnable)) as kept:
        runner = Runner(plan, kept, on_trial=on_trial)
        trials = runner.run(rows)
    return ReplayResult(
        dataset=plan.dataset,
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
    scorers: Sequence[Scorer],
    **options: Any,
) -> Trial:
    """Run one row; return its worst trial with the mean scores. Options are those of `make_plan`.

    With `models="recorded"` the row has its model calls, as `read_rows_with_models` reads it.
    """
    plan = make_plan("rows", runnable, scorers, concurrency=1, **options)
    trials = Runner(plan, Journal()).run([row])
    worst = min(trials, key=lambda trial: (trial.status == "answered", sum(trial.scores.values())))
    return replace(worst, scores=mean_scores(trials))


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


def recorded_trials(rows: Iterable[RecordedRow], scorers: Sequence[Scorer]) -> list[Trial]:
    """Return the recorded answers as trials, with the scores of the same scorers."""
    return [recorded_trial(row, scorers) for row in rows]


def compare_kept_rows(dataset: str, recorded: Iterable[Log], kept: Iterable[Log]) -> ReplayResult:
    """Compare the last replay of each row, as `--keep` kept it, with the row.

    `kept` has the newest first.
    """
    newest: dict[str, RecordedRow] = {}
    for log in kept:
        replayed = read_row(log)
        newest.setdefault(str(replayed.metadata.get("replay_of")), replayed)
    rows = [row for log in recorded if (row := read_row(log)).id in newest]
    return ReplayResult(
        dataset=dataset,
        rows=rows,
        trials=[recorded_trial(newest[row.id], [same_answer], of=row) for row in rows],
        baseline=recorded_trials(rows, [same_answer]),
    )


def _label_noise(
    rows: Sequence[RecordedRow], before: Sequence[Trial], scorers: Sequence[Scorer]
) -> dict[str, float]:
    """Return by scorer the share of up to 20 recorded answers that it scores differently again."""
    changed: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for row, first in islice(zip(rows, before, strict=True), NOISE_ROWS):
        again = {} if row.failed else recorded_trial(row, scorers).scores
        for name in again:
            judged[name] += 1
            changed[name] += again[name] != first.scores.get(name)
    return {name: changed[name] / judged[name] for name in judged if changed[name]}
