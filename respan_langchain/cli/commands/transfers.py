"""`transfers`: the progress files of push, pull and import."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from respan_langchain._display import UNKNOWN, format_bytes, format_count
from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.context import EXIT_OK, EXIT_PROBLEMS, CliContext
from respan_langchain.cli.formatting import escape_controls, format_date, pluralize
from respan_langchain.cli.options import YesOption, number_from
from respan_langchain.cli.tables import Column, number_column, render_records
from respan_langchain.datasets.transfer.progress_file import (
    ProgressFileInfo,
    delete_progress_files,
    list_progress_files,
)

DAY: Final = 86_400.0
"""Seconds."""


group = new_group(
    "transfers",
    "List and delete the progress files of push, pull and import.",
    examples=["transfers list"],
)


@command("list", examples=["transfers list"], group=group)
def list_all(ctx: CliContext) -> int:
    """List the progress files of past transfers."""
    files = list_progress_files()
    empty = Text("No transfers yet.")
    ctx.output_list(files, lambda: _render(files, ctx.out.width) if files else empty)
    return EXIT_OK


@command("clear", examples=["transfers clear --older-than 30 --yes"], group=group)
def clear(
    ctx: CliContext,
    days: Annotated[
        float,
        typer.Option(
            "--older-than",
            metavar="DAYS",
            parser=number_from(0.0),
            help="Only those unused this long.",
        ),
    ] = 0.0,
    yes: YesOption = False,
) -> int:
    """Delete progress files; the next transfer asks the platform which rows it has."""
    if not ctx.confirm("Delete the progress files of past transfers?", yes=yes):
        ctx.print("Nothing was deleted.")
        return EXIT_PROBLEMS
    deleted = delete_progress_files(older_than=days * DAY, now=time.time())
    size = sum(file.bytes for file in deleted)
    files = pluralize(len(deleted), "progress file", "progress files")
    ctx.output(
        {"deleted": len(deleted), "bytes": size},
        Text(f"Deleted {files} ({format_bytes(size)})."),
    )
    return EXIT_OK


def _render(files: Sequence[ProgressFileInfo], width: int) -> RenderableType:
    return render_records(
        files,
        [
            (Column("source", min_width=12, is_kept=True), lambda file: _cell(file.source)),
            (Column("target", min_width=12, is_kept=True), lambda file: _cell(file.target)),
            (number_column("rows"), lambda file: format_count(file.rows)),
            (number_column("size"), lambda file: format_bytes(file.bytes)),
            (Column("last used"), lambda file: format_date(_time(file.modified_at))),
            (Column("state"), lambda file: "running" if file.in_use else ""),
        ],
        width,
    )


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _cell(text: str | None) -> Text:
    return Text(escape_controls(text or UNKNOWN), no_wrap=True, overflow="ellipsis")
