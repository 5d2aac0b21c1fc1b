"""`transfers`: the progress files of push, pull and import."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import Annotated, Final

from respan_langchain._display import UNKNOWN, format_bytes, format_count
from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.formatting import format_date, pluralize
from respan_langchain.cli.options import YesOption, number_option
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, FittingTable, number_column, table_of
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
def list_all(ctx: CliContext) -> None:
    """List the progress files of past transfers."""
    files = list_progress_files()
    ctx.output_list(files, _tabulate(files) if files else "No transfers yet.")


@command("clear", examples=["transfers clear --older-than 30 --yes"], group=group)
def clear(
    ctx: CliContext,
    days: Annotated[
        float,
        number_option("Only those unused this long.", "--older-than", least=0.0, metavar="DAYS"),
    ] = 0.0,
    yes: YesOption = False,
) -> None:
    """Delete progress files; the next transfer asks the platform which rows it has."""
    ctx.confirm_deletion("Delete the progress files of past transfers?", yes=yes)
    deleted = delete_progress_files(older_than=days * DAY, now=time.time())
    size = sum(file.bytes for file in deleted)
    files = pluralize(len(deleted), "progress file")
    text = f"Deleted {files} ({format_bytes(size)})."
    ctx.output({"deleted": len(deleted), "bytes": size}, text)


def _tabulate(files: Sequence[ProgressFileInfo]) -> FittingTable:
    return table_of(
        files,
        [
            (Column("source", min_width=12, is_kept=True), lambda file: file.source or UNKNOWN),
            (Column("target", min_width=12, is_kept=True), lambda file: file.target or UNKNOWN),
            (number_column("rows"), lambda file: format_count(file.rows)),
            (number_column("size"), lambda file: format_bytes(file.bytes)),
            (Column("last used"), _last_used),
            (Column("state"), lambda file: "running" if file.in_use else ""),
        ],
    )


def _last_used(file: ProgressFileInfo) -> str:
    return format_date(dt.datetime.fromtimestamp(file.modified_at, dt.UTC))
