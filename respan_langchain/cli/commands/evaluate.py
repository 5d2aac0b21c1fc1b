"""`evaluate`: evaluators over a dataset, run by the platform."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from respan_langchain.cli.commands.push_pull import Named
from respan_langchain.cli.context import FINDINGS, OK, Desk, command
from respan_langchain.cli.formatting import NOTHING, count, line, plain, words
from respan_langchain.cli.tables import Column, number, table
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import EvalReport, EvalRun
from respan_langchain.datasets.dataset import find
from respan_langchain.errors import ConfigurationError

ENDED: Final = frozenset({"completed", "failed", "cancelled", "error", "success"})
INTERVAL: Final = 1.0
"""Seconds between two looks at the runs."""


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "evaluate")(evaluate)


def evaluate(
    desk: Desk,
    dataset: Named = None,
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
    with desk.client() as client:
        found = find(client, desk.settings, dataset)
        report = client.create_eval_report(found.id, evaluator)
        runs = list(report.created_tasks)
        # A platform in a file works for as long as this process does; a limit needs the scores.
        if wait := wait or desk.settings.is_local or fail_under is not None:
            runs = _ended(client, found.id, runs, timeout)
    desk.give({"runs": runs, "errors": report.errors or []}, lambda: _table(runs))
    return _verdict(desk, runs, report, fail_under=fail_under, waited=wait)


def _ended(
    client: DatasetClient, dataset_id: str, runs: Sequence[EvalRun], timeout: float
) -> list[EvalRun]:
    """Look at the runs until all have ended, or time is over."""
    wanted = [run.task_id for run in runs]
    until = time.monotonic() + timeout
    while True:
        now = {run.task_id: run for run in client.eval_reports(dataset_id) if run.task_id in wanted}
        seen = [now.get(run.task_id, run) for run in runs]
        if all(run.status in ENDED for run in seen) or time.monotonic() >= until:
            return seen
        time.sleep(INTERVAL)


def _verdict(
    desk: Desk,
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
        elif waited and run.status not in ENDED:
            problems.append(f"{run.evaluator_slug} has not ended yet")
        elif fail_under is not None:
            problems.extend(_shortfall(run, fail_under))
    for problem in problems:
        desk.complain(plain(problem))
    return FINDINGS if problems else OK


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
        yield from (f"{name}: {words(said)}" for name, said in errors.items())
    elif isinstance(errors, list):
        for error in errors:
            yield words(error.get("error", error) if isinstance(error, Mapping) else error)
    elif errors:
        yield words(errors)


def _table(runs: Sequence[EvalRun]) -> RenderableType:
    drawn = table(
        [Column("evaluator", share=1), Column("status"), number("rows"), number("mean score")]
    )
    for run in runs:
        score = f"{run.score:.3f}" if isinstance(run.score, int | float) else NOTHING
        drawn.add_row(
            line(run.evaluator_slug), line(run.status), count(run.evaluated_logs_count), Text(score)
        )
    return drawn
