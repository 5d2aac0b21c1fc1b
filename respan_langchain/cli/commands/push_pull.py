"""`push` and `pull`: a dataset from this machine to Respan, and back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from respan_langchain._connect import open_client, require_database_file
from respan_langchain.cli.context import (
    CALL_TIMEOUT,
    EXIT_OK,
    EXIT_PROBLEMS,
    CliContext,
    command,
)
from respan_langchain.cli.filters import Where, parse_filters
from respan_langchain.cli.formatting import escape_controls, format_count, pluralize
from respan_langchain.datasets.dataset import Dataset, find_dataset
from respan_langchain.datasets.transfer.copy import copy_dataset, platform_location
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ApiError, ConfigurationError
from respan_langchain.settings import Settings

RESPAN: Final = Settings.model_fields["base_url"].default
DatasetArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DATASET", help="Its name or id; else RESPAN_DATASET.", show_default=False
    ),
]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="The name there, if it is another.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "push")(push)
    command(app, "pull")(pull)


def push(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    origin: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Where it is; else the local file.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="Where it goes; else Respan.")
    ] = None,
    name: As = None,
    where: Where = None,
) -> int:
    """Send the rows of a local dataset that Respan does not have; started again, it goes on."""
    return _move(ctx, dataset, origin or ctx.local_url, to or _remote_url(ctx), name, where)


def pull(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    origin: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Where it is; else Respan.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="Where it goes; else the local file.")
    ] = None,
    name: As = None,
    where: Where = None,
) -> int:
    """Fetch the rows of a dataset that the local file does not have; started again, it goes on."""
    return _move(ctx, dataset, origin or _remote_url(ctx), to or ctx.local_url, name, where)


def _remote_url(ctx: CliContext) -> str:
    return str(RESPAN) if ctx.settings_without_key.is_local else ctx.settings_without_key.base_url


def _move(
    ctx: CliContext,
    dataset: str | None,
    origin: str,
    to: str,
    name: str | None,
    where: list[str] | None,
) -> int:
    here, there = ctx.settings_for(base_url=origin), ctx.settings_for(base_url=to)
    require_database_file(here)
    filters = parse_filters(where)
    with open_client(here, timeout=CALL_TIMEOUT) as source:
        rows = Dataset.of(source, here, dataset, filters=filters)
        with open_client(there, timeout=CALL_TIMEOUT) as target:
            goal = find_dataset(target, there, name or rows.name, create=True)
            if (platform_location(here), rows.id) == (platform_location(there), goal.id):
                raise ConfigurationError(
                    f"{rows.name} is there already: --as gives it another name."
                )
            with progress_bar(ctx, rows.name, len(rows)) as tell, _resume_hint(ctx):
                counts = copy_dataset(rows, here, target, there, goal.id, tell)
    return print_counts(ctx, counts, f"{goal.name} at {to}")


@contextmanager
def _resume_hint(ctx: CliContext) -> Iterator[None]:
    """Tell who stops a transfer that nothing is lost by it."""
    try:
        yield
    except (KeyboardInterrupt, ApiError):
        ctx.err.print("Stopped half-way: the same command goes on from here.")
        raise


@contextmanager
def progress_bar(
    ctx: CliContext, words: str, total: int | None
) -> Iterator[Callable[[TransferCounts], None]]:
    """Show how far a transfer is, where there is a terminal."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=ctx.err,
        transient=True,
        disable=not ctx.err.is_terminal,
    ) as progress:
        task = progress.add_task(escape_controls(words), total=total)
        yield lambda counts: progress.update(task, completed=counts.done)


def print_counts(ctx: CliContext, counts: TransferCounts, goal: str) -> int:
    """Tell what a transfer did."""
    refused = sum(counts.rejected.values())
    before = pluralize(counts.already_there, "was there already", "were there already")
    words = f"{pluralize(counts.sent, 'row', 'rows')} sent to {goal}; {before}"
    ctx.output(
        {"sent": counts.sent, "already_there": counts.already_there, "refused": counts.rejected},
        Text(f"{words}."),
    )
    for reason, number in counts.rejected.items():
        ctx.error(f"{format_count(number)} refused: {escape_controls(reason)}")
    return EXIT_PROBLEMS if refused else EXIT_OK
