"""`spool`: rows that wait on disk, and those that were refused."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from respan_langchain.cli.context import (
    EXIT_OK,
    EXIT_PROBLEMS,
    PLACEHOLDER_KEY,
    CliContext,
    command,
)
from respan_langchain.cli.formatting import format_count, pluralize
from respan_langchain.cli.tables import Column, new_table, number_column
from respan_langchain.datasets.export.files import json_text, open_output
from respan_langchain.delivery.spool import admin
from respan_langchain.delivery.spool.admin import SpoolFileInfo
from respan_langchain.delivery.spool.file import STATES, SpoolState
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.settings import Settings

DAY: Final = 86_400.0
"""Seconds."""
StateOption = Annotated[
    list[str] | None,
    typer.Option("--state", help=f"Only rows that are {', '.join(STATES)}."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="Look after the rows that wait on disk.")
    command(group, "list")(list_files)
    command(group, "replay")(replay)
    command(group, "export")(export)
    command(group, "purge")(purge)
    app.add_typer(group, name="spool")


def spool_root(settings: Settings) -> Path:
    """The folder above those of all platforms."""
    return spool_directory(settings).parent


def list_files(ctx: CliContext) -> int:
    """List the files in which rows wait, of all platforms."""
    folder = _folder(ctx)
    files = admin.spool_files(folder)
    ctx.output({"folder": folder, "files": files}, lambda: _shown(folder, files))
    return EXIT_PROBLEMS if any(file.dead or file.damaged for file in files) else EXIT_OK


def replay(ctx: CliContext) -> int:
    """Have refused rows sent again, by the next process that delivers to their platform."""
    odd: list[Path] = []
    revived = admin.replay(_folder(ctx), odd.append)
    ctx.output(
        {"replayed": revived}, Text(f"{pluralize(revived, 'row', 'rows')} will be sent again.")
    )
    return _complained(ctx, odd)


def export(
    ctx: CliContext,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="`-` is the standard output.")
    ] = "-",
    state: StateOption = None,
) -> int:
    """Write the rows with their history, one JSON object a line."""
    written = 0
    odd: list[Path] = []
    with open_output(output) as file:
        for row in admin.export(_folder(ctx), _states(state) or STATES, odd.append):
            file.write(json_text(row) + "\n")
            written += 1
    if output != "-":
        words = Text(f"{pluralize(written, 'row is', 'rows are')} in {output}.")
        ctx.output({"rows": written, "file": output}, words)
    return _complained(ctx, odd)


def purge(
    ctx: CliContext,
    state: StateOption = None,
    days: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0, help="Only rows this old.")
    ] = 0.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete rows from disk, by default those that were refused."""
    states = _states(state) or ("dead",)
    if not ctx.confirm(f"Delete the rows that are {' or '.join(states)}?", yes=yes):
        ctx.print("Nothing was deleted.")
        return EXIT_PROBLEMS
    odd: list[Path] = []
    purged = admin.purge(_folder(ctx), states, time.time() - days * DAY, odd.append)
    ctx.output({"purged": purged}, Text(f"{pluralize(purged, 'row is', 'rows are')} deleted."))
    return _complained(ctx, odd)


def _folder(ctx: CliContext) -> Path:
    return spool_root(ctx.settings_for(api_key=ctx.api_key or PLACEHOLDER_KEY))


def _states(said: list[str] | None) -> tuple[SpoolState, ...]:
    known = {state: state for state in STATES}
    if wrong := [state for state in said or () if state not in known]:
        raise ConfigurationError(f"--state {wrong[0]!r}: there are {', '.join(known)}.")
    return tuple(state for name, state in known.items() if name in (said or ()))


def _complained(ctx: CliContext, odd: list[Path]) -> int:
    if not odd:
        return EXIT_OK
    ctx.error(f"{pluralize(len(odd), 'file', 'files')} cannot be used: see `spool list`.")
    return EXIT_PROBLEMS


def _shown(folder: Path, files: list[SpoolFileInfo]) -> RenderableType:
    if not files:
        return Text(f"Nothing waits in {folder}.")
    drawn = new_table(
        [
            Column("file", ratio=1),
            *map(number_column, ("waiting", "sent", "refused", "bytes")),
            Column("process"),
        ]
    )
    for file in files:
        state = "damaged" if file.damaged else "runs" if file.in_use else "ended"
        drawn.add_row(
            Text(str(file.path.relative_to(folder))),
            *map(format_count, (file.waiting, file.sent, file.dead, file.bytes)),
            Text(state, style="red" if file.damaged else ""),
        )
    return Group(Text(str(folder), style="dim"), drawn)
