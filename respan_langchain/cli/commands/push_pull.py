"""`push` and `pull`: a dataset from this machine to Respan, and back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from respan_langchain._connect import check_that_it_is_there, client_of
from respan_langchain.cli.context import (
    FINDINGS,
    OK,
    PATIENCE,
    Desk,
    command,
)
from respan_langchain.cli.filters import Where, filters_from
from respan_langchain.cli.formatting import count, counted, plain
from respan_langchain.datasets.dataset import Dataset, find
from respan_langchain.datasets.transfer.copy import move_dataset, place_of
from respan_langchain.datasets.transfer.transfer import Counts
from respan_langchain.errors import ApiError, ConfigurationError
from respan_langchain.settings import Settings

RESPAN: Final = Settings.model_fields["base_url"].default
Named = Annotated[
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
    desk: Desk,
    dataset: Named = None,
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
    return _move(desk, dataset, origin or desk.local_url, to or _remote_url(desk), name, where)


def pull(
    desk: Desk,
    dataset: Named = None,
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
    return _move(desk, dataset, origin or _remote_url(desk), to or desk.local_url, name, where)


def _remote_url(desk: Desk) -> str:
    return str(RESPAN) if desk.keyless.is_local else desk.keyless.base_url


def _move(
    desk: Desk, dataset: str | None, origin: str, to: str, name: str | None, where: list[str] | None
) -> int:
    here, there = desk.settings_for(base_url=origin), desk.settings_for(base_url=to)
    check_that_it_is_there(here)
    filters = filters_from(where)
    with client_of(here, timeout=PATIENCE) as source:
        rows = Dataset.of(source, here, dataset, filters=filters)
        with client_of(there, timeout=PATIENCE) as target:
            goal = find(target, there, name or rows.name, create=True)
            if (place_of(here), rows.id) == (place_of(there), goal.id):
                raise ConfigurationError(
                    f"{rows.name} is there already: --as gives it another name."
                )
            with bar(desk, rows.name, len(rows)) as tell, _going_on(desk):
                counts = move_dataset(rows, here, target, there, goal.id, tell)
    return report(desk, counts, f"{goal.name} at {to}")


@contextmanager
def _going_on(desk: Desk) -> Iterator[None]:
    """Tell who stops a transfer that nothing is lost by it."""
    try:
        yield
    except (KeyboardInterrupt, ApiError):
        desk.err.print("Stopped half-way: the same command goes on from here.")
        raise


@contextmanager
def bar(desk: Desk, words: str, total: int | None) -> Iterator[Callable[[Counts], None]]:
    """Show how far a transfer is, where there is a terminal."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=desk.err,
        transient=True,
        disable=not desk.err.is_terminal,
    ) as progress:
        task = progress.add_task(plain(words), total=total)
        yield lambda counts: progress.update(task, completed=counts.done)


def report(desk: Desk, counts: Counts, goal: str) -> int:
    """Tell what a transfer did."""
    refused = sum(counts.refused.values())
    before = counted(counts.already_there, "was there already", "were there already")
    words = f"{counted(counts.sent, 'row', 'rows')} sent to {goal}; {before}"
    desk.give(
        {"sent": counts.sent, "already_there": counts.already_there, "refused": counts.refused},
        Text(f"{words}."),
    )
    for reason, number in counts.refused.items():
        desk.complain(f"{count(number)} refused: {plain(reason)}")
    return FINDINGS if refused else OK
