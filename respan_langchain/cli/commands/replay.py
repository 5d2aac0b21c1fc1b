"""`replay`: run recorded rows against a chain; the exit code tells whether it got worse."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from respan_langchain._foreign_code import allow_modules_here
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import LimitOption, RequiredDataset, choice_option, number_option
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.progress import RESUME, progress_bar
from respan_langchain.cli.tables import Column, FittingTable, number_column
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.stored_traces import is_root
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.lock import (
    Lock,
    baseline_of,
    lock_rows,
    read_lock,
    refuse_other_file,
    write_lock,
)
from respan_langchain.experiments.report import (
    HEADINGS,
    metric_cells,
    row_lines,
    summary_lines,
    to_markdown,
)
from respan_langchain.experiments.results import ReplayResult, Trial
from respan_langchain.experiments.scorers import load_scorer
from respan_langchain.experiments.verdict import Verdict

AnswerSource = Literal["recorded", "live"]
if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

EXIT_INCONCLUSIVE: Final = 3
EXIT_INCOMPLETE: Final = 4

RunnableArgument = Annotated[
    str, typer.Argument(metavar="MODULE:NAME", help="The chain to run, such as app.chains:support.")
]


def _answer_option(text: str) -> Any:
    return choice_option(text, among=AnswerSource, metavar="recorded|live")


@command(
    "replay",
    examples=[
        "replay support-bot app.chains:support --limit 200",
        "replay support-bot app.chains:support --baseline respan.lock --repeat 3",
    ],
)
def replay_rows(
    ctx: CliContext,
    dataset: RequiredDataset,
    runnable: RunnableArgument,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            "-s",
            metavar="NAME",
            help="same_answer, same_json, trajectory, or MODULE:NAME of a function. Repeatable.",
        ),
    ] = None,
    limit: LimitOption = None,
    repeat: Annotated[int, number_option("Runs of each row.", least=1)] = 1,
    concurrency: Annotated[int, number_option("Rows that run at the same time.", least=1)] = 4,
    timeout: Annotated[
        float | None, number_option("Time for one row.", least=0.0, metavar="SECONDS")
    ] = None,
    max_cost: Annotated[
        float | None, number_option("Stop at this cost.", least=0.0, metavar="USD")
    ] = None,
    tools: Annotated[
        AnswerSource, _answer_option("Where tools and retrievers get their answers.")
    ] = "recorded",
    models: Annotated[
        AnswerSource,
        _answer_option("Where models get their answers; recorded: no prompt may change."),
    ] = "live",
    baseline: Annotated[
        str,
        typer.Option(
            metavar="recorded|PATH",
            help="What to compare with: the recorded answers, a journal, or a lock file.",
        ),
    ] = "recorded",
    margin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="Drop of a score, or growth of cost or latency, that is accepted. Repeatable.",
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Keep finished rows here; the same command resumes."),
    ] = None,
    use_async: Annotated[
        bool, typer.Option("--async", help="Run the chain with ainvoke, if it is only async.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Store the rows of the replay in DATASET@replays.")
    ] = False,
    accept: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Write the scores to this lock file.")
    ] = None,
) -> int:
    """Run recorded rows against a chain and compare the answers.

    Exit codes: 0 no regression, 1 regression, 2 usage, 3 too few rows to tell, 4 rows that
    diverged, timed out or did not run.
    """
    # LangChain's runnables take a second to import, which the other commands should not pay.
    from respan_langchain.experiments.replay import replay

    allow_modules_here()
    scorers = [load_scorer(name) for name in scorer or ["same_answer"]]
    margins = _read_margins(margin or [])
    lock = read_lock(baseline) if baseline.endswith(".lock") else None
    if accept is not None:
        refuse_other_file(accept)  # now, before rows run that cost money
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset)
        logs = [log for log in rows if lock is None or _is_in_lock(log, lock)]
        with (
            _trial_progress(ctx, rows.name, journal) as on_trial,
            _kept_rows(ctx, rows.name, keep=keep) as config,
        ):
            result = replay(
                logs,
                runnable,
                scorers=scorers,
                tools=tools,
                models=models,
                repeat=repeat,
                concurrency=concurrency,
                limit=limit,
                timeout=timeout,
                max_cost=max_cost,
                baseline="recorded" if lock is not None else baseline,
                journal=journal,
                name=rows.name,
                config=config,
                use_async=use_async,
                on_trial=on_trial,
            )
    if lock is not None:
        result = _against_lock(result, lock, is_limited=limit is not None)
    if accept is not None:
        _accept_scores(rows, result, lock, accept)
    verdict = result.verdict(margins)
    _print_report(ctx, result, verdict)
    return exit_code(result, verdict)


def _is_in_lock(log: Log, lock: Lock) -> bool:
    """Whether a log is a locked row, or may be a call below one."""
    return not is_root(log) or log.custom_identifier in lock.rows


def _against_lock(result: ReplayResult, lock: Lock, *, is_limited: bool) -> ReplayResult:
    """Return the result with the accepted scores; incomplete if locked rows did not run."""
    result = result.with_baseline(baseline_of(lock))
    gone = len(lock.rows.keys() - {row.id for row in result.rows})
    if gone == 0 or is_limited:
        return result
    count_of_rows = pluralize(gone, "locked row is", "locked rows are")
    return replace(result, stopped=f"{count_of_rows} gone or cannot be replayed")


def _accept_scores(rows: Dataset, result: ReplayResult, lock: Lock | None, path: Path) -> None:
    """Write the rows that ran, and their scores, to a lock file; `lock` is the one before."""
    with_expected = lock is not None and lock.with_expected
    accepted = lock_rows(
        rows.name, rows.id, result.rows, result.trials, with_expected=with_expected
    )
    write_lock(accepted, path)


@contextmanager
def _kept_rows(ctx: CliContext, dataset: str, *, keep: bool) -> Iterator["RunnableConfig"]:
    """Return LangChain's config for the replay, with a handler where its rows are kept."""
    from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler

    if not keep:
        yield {}
        return
    settings = ctx.settings
    with RespanDatasetCallbackHandler(
        f"{dataset}@replays",
        dataset_id="",
        enabled=True,
        base_url=settings.base_url,
        api_key=settings.api_key,
        sample_rate=1.0,
    ) as handler:
        yield {"callbacks": [handler]}


@contextmanager
def _trial_progress(
    ctx: CliContext, description: str, journal: Path | None
) -> Iterator[Callable[[Trial, int], None]]:
    numbers = count(1)
    advice = RESUME if journal else "With --journal PATH the same command would resume."
    with progress_bar(ctx, description, advice, unit="trials") as show:

        def update(_: Trial, left: int) -> None:
            number = next(numbers)
            show(number, number + left)

        yield update


def exit_code(result: ReplayResult, verdict: Verdict) -> int:
    """0 no regression, 1 regression, 3 inconclusive, 4 incomplete."""
    if verdict.outcome == "regression":
        return EXIT_PROBLEMS
    if not result.is_complete:
        return EXIT_INCOMPLETE
    return EXIT_OK if verdict.outcome == "no regression" else EXIT_INCONCLUSIVE


def _read_margins(margins: list[str]) -> dict[str, float]:
    """Read `NAME=NUMBER` options.

    Raises:
        ConfigurationError: One is of another form.
    """
    found: dict[str, float] = {}
    for text in margins:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise ConfigurationError(f"--margin {text!r}: expected NAME=NUMBER") from None
    return found


def _print_report(ctx: CliContext, result: ReplayResult, verdict: Verdict) -> None:
    """Print the report, as JSON with `--json`; add it to the summary of a GitHub job."""
    summary: dict[str, Any] = {
        "outcome": verdict.outcome,
        "is_complete": result.is_complete,
        "metrics": [asdict(metric) for metric in verdict.metrics],
        "flips": {name: asdict(flips) for name, flips in verdict.flips.items()},
        "skipped": dict(result.skipped),
        "failed_rows": result.failed_rows,
        "trials": [asdict(trial) for trial in result.trials],
    }
    ctx.output(
        summary,
        "\n".join(summary_lines(result, verdict)),
        "",
        _tabulate(verdict),
        "\n".join(row_lines(result)),
    )
    job_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if job_summary:
        with Path(job_summary).open("a", encoding="utf-8") as file:
            file.write(to_markdown(result, verdict))


def _tabulate(verdict: Verdict) -> FittingTable:
    columns = [Column("metric", is_kept=True), *map(number_column, HEADINGS[1:-1])]
    columns.append(Column("", is_kept=True))
    return FittingTable(columns, [metric_cells(metric) for metric in verdict.metrics])
