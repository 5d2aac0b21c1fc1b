"""`spool`: rows that wait on disk, and those that were refused."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from respan_langchain.cli.context import FINDINGS, NO_KEY, OK, Desk, command
from respan_langchain.cli.formatting import count, counted
from respan_langchain.cli.tables import Column, number, table
from respan_langchain.datasets.export.files import json_text, opened
from respan_langchain.delivery.spool import admin
from respan_langchain.delivery.spool.admin import SpoolFile
from respan_langchain.delivery.spool.file import STATES, SpoolState
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.settings import Settings

DAY: Final = 86_400.0
"""Seconds."""
States = Annotated[
    list[str] | None,
    typer.Option("--state", help=f"Only rows that are {', '.join(STATES)}."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="Look after the rows that wait on disk.")
    command(group, "list")(list_all)
    command(group, "replay")(replay)
    command(group, "export")(export)
    command(group, "purge")(purge)
    app.add_typer(group, name="spool")


def folder_of(settings: Settings) -> Path:
    """The folder above those of all platforms."""
    return spool_directory(settings).parent


def list_all(desk: Desk) -> int:
    """List the files in which rows wait, of all platforms."""
    folder = _folder(desk)
    files = admin.spool_files(folder)
    desk.give({"folder": folder, "files": files}, lambda: _shown(folder, files))
    return FINDINGS if any(file.dead or file.damaged for file in files) else OK


def replay(desk: Desk) -> int:
    """Have refused rows sent again, by the next process that delivers to their platform."""
    odd: list[Path] = []
    revived = admin.replay(_folder(desk), odd.append)
    desk.give({"replayed": revived}, Text(f"{counted(revived, 'row', 'rows')} will be sent again."))
    return _complained(desk, odd)


def export(
    desk: Desk,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="`-` is the standard output.")
    ] = "-",
    state: States = None,
) -> int:
    """Write the rows with their history, one JSON object a line."""
    written = 0
    odd: list[Path] = []
    with opened(output) as file:
        for row in admin.export(_folder(desk), _states(state) or STATES, odd.append):
            file.write(json_text(row) + "\n")
            written += 1
    if output != "-":
        words = Text(f"{counted(written, 'row is', 'rows are')} in {output}.")
        desk.give({"rows": written, "file": output}, words)
    return _complained(desk, odd)


def purge(
    desk: Desk,
    state: States = None,
    days: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0, help="Only rows this old.")
    ] = 0.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete rows from disk, by default those that were refused."""
    states = _states(state) or ("dead",)
    if not desk.agrees(f"Delete the rows that are {' or '.join(states)}?", yes=yes):
        desk.say("Nothing was deleted.")
        return FINDINGS
    odd: list[Path] = []
    purged = admin.purge(_folder(desk), states, time.time() - days * DAY, odd.append)
    desk.give({"purged": purged}, Text(f"{counted(purged, 'row is', 'rows are')} deleted."))
    return _complained(desk, odd)


def _folder(desk: Desk) -> Path:
    return folder_of(desk.settings_for(api_key=desk.api_key or NO_KEY))


def _states(said: list[str] | None) -> tuple[SpoolState, ...]:
    known = {state: state for state in STATES}
    if wrong := [state for state in said or () if state not in known]:
        raise ConfigurationError(f"--state {wrong[0]!r}: there are {', '.join(known)}.")
    return tuple(state for name, state in known.items() if name in (said or ()))


def _complained(desk: Desk, odd: list[Path]) -> int:
    if not odd:
        return OK
    desk.complain(f"{counted(len(odd), 'file', 'files')} cannot be used: see `spool list`.")
    return FINDINGS


def _shown(folder: Path, files: list[SpoolFile]) -> RenderableType:
    if not files:
        return Text(f"Nothing waits in {folder}.")
    drawn = table(
        [
            Column("file", share=1),
            *map(number, ("waiting", "sent", "refused", "bytes")),
            Column("process"),
        ]
    )
    for file in files:
        state = "damaged" if file.damaged else "runs" if file.in_use else "ended"
        drawn.add_row(
            Text(str(file.path.relative_to(folder))),
            *map(count, (file.waiting, file.sent, file.dead, file.bytes)),
            Text(state, style="red" if file.damaged else ""),
        )
    return Group(Text(str(folder), style="dim"), drawn)
