"""`evaluate`: run evaluators over a dataset on its platform."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from respan_langchain._display import UNKNOWN, format_count
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.formatting import preview, preview_line
from respan_langchain.cli.options import DatasetArgument, number_option
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.progress import progress_bar
from respan_langchain.cli.tables import Column, FittingTable, number_column, table_of
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import EvalReport, EvalRun
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.errors import ConfigurationError

FINISHED: Final = frozenset({"completed", "failed", "cancelled", "error", "success"})
POLL_INTERVAL: Final = 1.0
"""Seconds between two checks of the runs."""


@command(
    "evaluate",
    examples=[
        "evaluate demo -e exact_match -e latency_limit:2.5",
        "evaluate demo -e contains --fail-under 0.8",
    ],
)
def evaluate(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            "--evaluator",
            "-e",
            metavar="NAME",
            help="Evaluator, such as exact_match or contains:refund. Repeatable.",
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        number_option("Exit with 1 below this mean score.", least=0.0, metavar="SCORE"),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the runs have finished.")
    ] = True,
    timeout: Annotated[float, number_option("Maximum wait.", least=0.0, metavar="SECONDS")] = 600.0,
) -> int:
    """Run evaluators over a dataset and show their mean scores."""
    if not evaluator:
        raise ConfigurationError(
            "No evaluator: pass --evaluator NAME, such as exact_match or contains:refund; "
            f"`{ctx.command_line('evaluators', 'list')}` lists them."
        )
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, dataset)
        # The local platform works only while this process lives; a limit needs the scores.
        is_local = ctx.settings.is_local
        wait = wait or is_local or fail_under is not None
        advice = "Run the same command again." if is_local else "The platform finishes the others."
        with progress_bar(ctx, found.name or found.id, advice, unit="evaluators") as show:
            show(0, len(evaluator))
            report = client.create_eval_report(found.id, evaluator)
            runs = list(report.created_tasks)
            if wait:
                runs = _wait_for_runs(client, found.id, runs, timeout, show)
    ctx.output({"runs": runs, "errors": report.errors or []}, _tabulate(runs))
    problems = list(_find_problems(runs, report, fail_under=fail_under, waited=wait))
    for problem in problems:
        ctx.error(problem)
    return EXIT_PROBLEMS if problems else EXIT_OK


def _wait_for_runs(
    client: DatasetClient,
    dataset_id: str,
    runs: Sequence[EvalRun],
    timeout: float,
    on_progress: Callable[[int, int], None],
) -> list[EvalRun]:
    """Poll the runs until all have finished, or `timeout` seconds have passed."""
    ids = [run.task_id for run in runs]
    deadline = time.monotonic() + timeout
    while True:
        current = {run.task_id: run for run in client.eval_reports(dataset_id)}
        latest = [current.get(task_id, run) for task_id, run in zip(ids, runs, strict=True)]
        finished = sum(run.status in FINISHED for run in latest)
        on_progress(finished, len(runs))
        if finished == len(runs) or time.monotonic() >= deadline:
            return latest
        time.sleep(POLL_INTERVAL)


def _find_problems(
    runs: Sequence[EvalRun], report: EvalReport, *, fail_under: float | None, waited: bool
) -> Iterator[str]:
    yield from _start_errors(report.errors)
    for run in runs:
        if run.error_message:
            yield f"{run.evaluator_slug}: {run.error_message}"
        elif waited and run.status not in FINISHED:
            yield f"{run.evaluator_slug} has not finished yet"
        elif fail_under is None:
            continue
        elif not isinstance(run.score, int | float):
            yield (
                f"{run.evaluator_slug}: no row could be evaluated; none has what it needs, "
                "such as an expected output"
            )
        elif run.score < fail_under:
            yield f"{run.evaluator_slug}: {run.score:.3f} is below {fail_under:g}"


def _start_errors(errors: Any) -> Iterator[str]:
    """Read why runs were not started; platforms return a list or a mapping by evaluator."""
    if isinstance(errors, Mapping):
        yield from (f"{name}: {preview(reason)}" for name, reason in errors.items())
    elif isinstance(errors, list):
        for error in errors:
            yield preview(error.get("error", error) if isinstance(error, Mapping) else error)
    elif errors:
        yield preview(errors)


def _tabulate(runs: Sequence[EvalRun]) -> FittingTable:
    return table_of(
        runs,
        [
            (Column("evaluator", is_kept=True), lambda run: run.evaluator_slug or UNKNOWN),
            (number_column("mean score"), _score_cell),
            (number_column("rows"), lambda run: format_count(run.evaluated_logs_count)),
            (Column("status"), lambda run: preview_line(run.status)),
        ],
    )


def _score_cell(run: EvalRun) -> str:
    return f"{run.score:.3f}" if isinstance(run.score, int | float) else UNKNOWN
