"""`push` and `pull`: copy a dataset from the local platform to Respan, or back."""

from typing import Annotated, Final

import typer

from respan_langchain._connect import open_client, require_database_file
from respan_langchain._display import format_count
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.filters import WhereOption, parse_filters
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import DatasetArgument
from respan_langchain.cli.platform import CALL_TIMEOUT, CliContext
from respan_langchain.cli.progress import transfer_progress
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.datasets.transfer.copy import copy_dataset, platform_location
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings.settings import Settings

RESPAN_URL: Final[str] = Settings.model_fields["base_url"].default
AsOption = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Name at the destination.")
]


@command("push", examples=["push demo", "push demo --where status=success --as golden"])
def push(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="Source. [default: the local file]"),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="URL", help="Destination. [default: Respan]")
    ] = None,
    name: AsOption = None,
    where: WhereOption = None,
) -> int:
    """Upload rows missing from Respan. Resumable."""
    return _copy(ctx, dataset, source or ctx.local_url, to or _remote_url(ctx), name, where)


@command("pull", examples=["pull support-bot", "pull support-bot --to sqlite:///copy.db"])
def pull(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Source. [default: Respan]")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Destination. [default: the local file]"),
    ] = None,
    name: AsOption = None,
    where: WhereOption = None,
) -> int:
    """Download rows missing from the local file. Resumable."""
    return _copy(ctx, dataset, source or _remote_url(ctx), to or ctx.local_url, name, where)


def _remote_url(ctx: CliContext) -> str:
    configured = ctx.settings_without_key()
    return RESPAN_URL if configured.is_local else configured.base_url


def _copy(
    ctx: CliContext,
    dataset: str | None,
    source_url: str,
    target_url: str,
    name: str | None,
    where: list[str] | None,
) -> int:
    source_settings = ctx.settings_for(base_url=source_url)
    target_settings = ctx.settings_for(base_url=target_url)
    require_database_file(source_settings)
    filters = parse_filters(where)
    with open_client(source_settings, timeout=CALL_TIMEOUT) as source:
        rows = Dataset.of(source, source_settings, dataset, filters=filters)
        with open_client(target_settings, timeout=CALL_TIMEOUT) as client:
            target = find_dataset(client, target_settings, name or rows.name, create=True)
            places = {platform_location(each) for each in (source_settings, target_settings)}
            if len(places) == 1 and rows.id == target.id:
                raise ConfigurationError(
                    f"{rows.name} is both source and destination; pass --as NAME."
                )
            with transfer_progress(ctx, rows.name, len(rows)) as update:
                counts = copy_dataset(
                    rows, source_settings, client, target_settings, target.id, update
                )
    return print_counts(ctx, counts, f"{target.name} at {target_url}")


def print_counts(ctx: CliContext, counts: TransferCounts, destination: str) -> int:
    """Print how many rows a transfer sent, skipped and had rejected."""
    sent = pluralize(counts.sent, "row")
    skipped = pluralize(counts.already_there, "row")
    ctx.output(
        {"sent": counts.sent, "already_there": counts.already_there, "rejected": counts.rejected},
        f"Sent {sent} to {destination}; {skipped} already there.",
    )
    for reason, number in counts.rejected.items():
        ctx.error(f"{format_count(number)} rejected: {reason}")
    return EXIT_PROBLEMS if counts.rejected else EXIT_OK
