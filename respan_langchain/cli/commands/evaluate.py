"""`evaluate`: evaluators over a dataset, run by the platform."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from respan_langchain.cli.commands.push_pull import DatasetArgument
from respan_langchain.cli.context import EXIT_OK, EXIT_PROBLEMS, CliContext, command
from respan_langchain.cli.formatting import (
    UNKNOWN,
    escape_controls,
    format_count,
    preview,
    preview_line,
)
from respan_langchain.cli.tables import Column, new_table, number_column
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import EvalReport, EvalRun
from respan_langchain.datasets.dataset import find_dataset
from respan_langchain.errors import ConfigurationError

FINISHED: Final = frozenset({"completed", "failed", "cancelled", "error", "success"})
POLL_INTERVAL: Final = 1.0
"""Seconds between two looks at the runs."""


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "evaluate")(evaluate)


def evaluate(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            "--evaluator",
            "-e",
            metavar="NAME",
            help="An evaluator, as in exact_match or contains:refund.",
        ),
    ] = None,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", help="Exit with 1 when a mean score is lower.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the runs have ended.")
    ] = True,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds to wait for them.")
    ] = 600.0,
) -> int:
    """Run evaluators over a dataset and show their scores."""
    if not evaluator:
        raise ConfigurationError(
            "Name an evaluator: --evaluator exact_match, or --evaluator contains:refund."
        )
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, dataset)
        report = client.create_eval_report(found.id, evaluator)
        runs = list(report.created_tasks)
        # A platform in a file works for as long as this process does; a limit needs the scores.
        if wait := wait or ctx.settings.is_local or fail_under is not None:
            runs = _ended(client, found.id, runs, timeout)
    ctx.output({"runs": runs, "errors": report.errors or []}, lambda: _table(runs))
    return _verdict(ctx, runs, report, fail_under=fail_under, waited=wait)


def _ended(
    client: DatasetClient, dataset_id: str, runs: Sequence[EvalRun], timeout: float
) -> list[EvalRun]:
    """Look at the runs until all have ended, or time is over."""
    wanted = [run.task_id for run in runs]
    until = time.monotonic() + timeout
    while True:
        now = {run.task_id: run for run in client.eval_reports(dataset_id) if run.task_id in wanted}
        seen = [now.get(run.task_id, run) for run in runs]
        if all(run.status in FINISHED for run in seen) or time.monotonic() >= until:
            return seen
        time.sleep(POLL_INTERVAL)


def _verdict(
    ctx: CliContext,
    runs: Sequence[EvalRun],
    report: EvalReport,
    *,
    fail_under: float | None,
    waited: bool,
) -> int:
    problems = list(_complaints(report.errors))
    for run in runs:
        if run.error_message:
            problems.append(f"{run.evaluator_slug}: {run.error_message}")
        elif waited and run.status not in FINISHED:
            problems.append(f"{run.evaluator_slug} has not ended yet")
        elif fail_under is not None:
            problems.extend(_shortfall(run, fail_under))
    for problem in problems:
        ctx.error(escape_controls(problem))
    return EXIT_PROBLEMS if problems else EXIT_OK


def _shortfall(run: EvalRun, limit: float) -> Iterator[str]:
    if not isinstance(run.score, int | float):
        yield (
            f"{run.evaluator_slug}: no row could be evaluated; none has what it needs, "
            "such as an expected output"
        )
    elif run.score < limit:
        yield f"{run.evaluator_slug}: {run.score:.3f} is under {limit:g}"


def _complaints(errors: Any) -> Iterator[str]:
    """Read what could not be started; the platform says it as a list or by name."""
    if isinstance(errors, Mapping):
        yield from (f"{name}: {preview(said)}" for name, said in errors.items())
    elif isinstance(errors, list):
        for error in errors:
            yield preview(error.get("error", error) if isinstance(error, Mapping) else error)
    elif errors:
        yield preview(errors)


def _table(runs: Sequence[EvalRun]) -> RenderableType:
    drawn = new_table(
        [
            Column("evaluator", ratio=1),
            Column("status"),
            number_column("rows"),
            number_column("mean score"),
        ]
    )
    for run in runs:
        score = f"{run.score:.3f}" if isinstance(run.score, int | float) else UNKNOWN
        drawn.add_row(
            preview_line(run.evaluator_slug),
            preview_line(run.status),
            format_count(run.evaluated_logs_count),
            Text(score),
        )
    return drawn
