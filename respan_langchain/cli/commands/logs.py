"""`logs`: list, show, tail."""

import time
from collections import deque
from collections.abc import Container, Iterator
from itertools import islice
from typing import Annotated, Final

import typer
from rich.console import Group
from rich.text import Text

from respan_langchain.cli.context import EXIT_OK, CliContext, command, write_json
from respan_langchain.cli.filters import Where, parse_filters
from respan_langchain.cli.formatting import format_count
from respan_langchain.cli.row_view import render_row
from respan_langchain.cli.tables import render_logs
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset, find_dataset
from respan_langchain.datasets.transfer.retry import TransferRetry
from respan_langchain.errors import ConfigurationError, NotFoundError

DatasetArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DATASET", help="Its name or id; else RESPAN_DATASET.", show_default=False
    ),
]
MIN_SEEN: Final = 50
"""Rows that tell where new ones begin, at least; some of them may be deleted meanwhile."""
MAX_SEEN: Final = 1_000
MIN_SUFFIX_LENGTH: Final = 6
"""Letters of an id's end that are taken for the id."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="List, show and follow the rows of a dataset.")
    command(group, "list")(list_logs)
    command(group, "show")(show)
    command(group, "tail")(tail)
    app.add_typer(group, name="logs")


def list_logs(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    where: Where = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="How many, the newest first.")
    ] = 20,
    sort: Annotated[
        str, typer.Option("--sort", help="A field; `-` before it means descending.")
    ] = "-created_at",
) -> int:
    """List rows of a dataset."""
    filters = parse_filters(where)
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=filters)
        logs = list(islice(rows.sorted_by(sort), limit))
        total = len(rows)
    ctx.output(
        {"count": total, "results": logs},
        lambda: Group(
            render_logs(logs, ctx.out.width),
            Text(f"{len(logs)} of {format_count(total)} rows", style="dim"),
        ),
    )
    return EXIT_OK


def show(
    ctx: CliContext,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[DATASET] LOG", help="A log by its id, the id's end, or its run's id."
        ),
    ],
) -> int:
    """Show one row: its conversation, numbers and metadata."""
    if len(words) > 2:
        raise ConfigurationError("Give a dataset and a log, or a log alone.")
    with ctx.client() as client:
        dataset = find_dataset(client, ctx.settings, words[0] if len(words) == 2 else None)
        log = find_log(client, dataset.id, words[-1])
    ctx.output(log, lambda: render_row(log))
    return EXIT_OK


def find_log(client: DatasetClient, dataset_id: str, said: str) -> Log:
    """Find a log by its id, by the end of it, or by its custom identifier.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    try:
        return client.log(dataset_id, said)
    except NotFoundError:
        pass
    ways = [field("custom_identifier") == said]
    if len(said) >= MIN_SUFFIX_LENGTH:
        ways.append(field("unique_id").endswith(said))
    for filters in ways:
        found = client.list_logs(dataset_id, page_size=2, filters=filters).results
        if len(found) > 1:
            raise ConfigurationError(f"{said!r} means more than one log: give more of its id.")
        if found:
            return found[0]
    raise ConfigurationError(f"There is no log {said!r} in this dataset.")


def tail(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    where: Where = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="How many to begin with.")
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as rows arrive, until interrupted.")
    ] = False,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")
    ] = 2.0,
) -> int:
    """Show the newest rows of a dataset, the oldest of them first."""
    filters = parse_filters(where)
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=filters)
        newest = rows.latest(max(limit, MIN_SEEN))
        _print(ctx, newest[:limit][::-1], head=True)
        seen = deque((log.unique_id for log in newest[::-1]), maxlen=MAX_SEEN)
        while follow:
            time.sleep(interval)
            arrived = TransferRetry().call(lambda: list(_unseen(rows, seen)))[::-1]
            seen.extend(log.unique_id for log in arrived)
            _print(ctx, arrived, head=False)
    return EXIT_OK


def _unseen(rows: Dataset, seen: Container[str | None]) -> Iterator[Log]:
    """Go back from the newest row to the first that was shown."""
    for log in rows.sorted_by("-created_at"):
        if log.unique_id in seen:
            return
        yield log


def _print(ctx: CliContext, logs: list[Log], *, head: bool) -> None:
    if ctx.as_json:
        for log in logs:
            write_json(log, indent=False)
    elif logs or head:
        drawn = render_logs(logs, ctx.out.width)
        drawn.show_header = head
        ctx.out.print(drawn)
