"""`spool`: rows that are pending or were rejected: on disk, with `via` those in Redis too."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

from rich.console import RenderableType
from rich.text import Text

from respan_langchain._display import format_bytes, format_count
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command, new_group
from respan_langchain.cli.fleet_options import ViaOption, open_broker
from respan_langchain.cli.formatting import pluralize, safe_text
from respan_langchain.cli.options import OutputOption, YesOption, choice_option, number_option
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Cell, Column, FittingTable, number_column, table_of
from respan_langchain.datasets.export.files import open_output
from respan_langchain.datasets.export.rows import json_text
from respan_langchain.delivery.spool import maintenance
from respan_langchain.delivery.spool.maintenance import SpoolFileInfo, spool_files
from respan_langchain.delivery.spool.rows import STATES, SpoolState
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.settings.settings import Settings

DAY: Final = 86_400.0
"""Seconds."""
StateOption = Annotated[
    list[str] | None,
    choice_option("Only {}. Repeatable.", "--state", among=SpoolState, metavar="STATE"),
]

group = new_group(
    "spool",
    "List, requeue, export and delete rows on disk.",
    examples=["spool list", "spool requeue"],
)


def spool_root(settings: Settings) -> Path:
    """Return the folder above the spool folders of all platforms."""
    return spool_directory(settings).parent


@command("list", examples=["spool list"], group=group)
def list_files(ctx: CliContext, via: ViaOption = None) -> int:
    """List the spool files of all platforms, and count dead letters in Redis."""
    settings = ctx.settings_without_key(via=via)
    folder = spool_root(settings)
    files = spool_files(folder)
    dead = _count_dead_letters(settings)
    in_redis = {} if dead is None else {"dead_in_redis": dead}
    ctx.output(
        {"count": len(files), "results": files} | in_redis, *_render_list(folder, files, dead)
    )
    has_problems = dead or any(file.dead or file.damaged for file in files)
    return EXIT_PROBLEMS if has_problems else EXIT_OK


@command("requeue", examples=["spool requeue"], group=group)
def requeue(ctx: CliContext, via: ViaOption = None) -> int:
    """Queue dead letters again; the next process with this spool, or a forwarder, sends them."""
    damaged: list[Path] = []
    settings = ctx.settings_without_key(via=via)
    count = maintenance.requeue(spool_root(settings), damaged.append)
    if settings.via is not None:
        with open_broker(settings) as broker:
            from respan_langchain.fleet.dead_letters import requeue_dead_letters

            count += requeue_dead_letters(broker)
    ctx.output({"requeued": count}, f"Queued {pluralize(count, 'row')} again.")
    return _report_damaged(ctx, damaged)


@command("export", examples=["spool export -o rejected.jsonl --state dead"], group=group)
def export(
    ctx: CliContext,
    output: OutputOption = "-",
    state: StateOption = None,
    via: ViaOption = None,
) -> int:
    """Write the rows and their history as JSON lines."""
    written = 0
    damaged: list[Path] = []
    states, settings = _in_order(state or STATES), ctx.settings_without_key(via=via)
    rows = maintenance.export(spool_root(settings), states, damaged.append)
    dead = _dead_letters(settings) if "dead" in states else ()
    with open_output(output) as file:
        for row in chain(rows, dead):
            file.write(json_text(row) + "\n")
            written += 1
    if output != "-":
        text = f"Wrote {pluralize(written, 'row')} to {output}."
        ctx.output({"rows": written, "file": output}, text)
    return _report_damaged(ctx, damaged)


@command("purge", examples=["spool purge --older-than 30 --yes"], group=group)
def purge(
    ctx: CliContext,
    state: StateOption = None,
    days: Annotated[
        float, number_option("Only rows this old.", "--older-than", least=0.0, metavar="DAYS")
    ] = 0.0,
    via: ViaOption = None,
    yes: YesOption = False,
) -> int:
    """Delete rows from disk, by default dead letters; with `via` those in Redis too."""
    states, settings = _in_order(state or ("dead",)), ctx.settings_without_key(via=via)
    ctx.confirm_deletion(f"Delete all {' and '.join(states)} rows?", yes=yes)
    damaged: list[Path] = []
    count = maintenance.purge(
        spool_root(settings), states, time.time() - days * DAY, damaged.append
    )
    if "dead" in states and settings.via is not None:
        with open_broker(settings) as broker:
            from respan_langchain.fleet.dead_letters import purge_dead_letters

            count += purge_dead_letters(broker, days * DAY)
    ctx.output({"purged": count}, f"Deleted {pluralize(count, 'row')}.")
    return _report_damaged(ctx, damaged)


def _count_dead_letters(settings: Settings) -> int | None:
    """Return how many dead letters are in Redis; None without `via`."""
    if settings.via is None:
        return None
    with open_broker(settings) as broker:
        from respan_langchain.fleet.dead_letters import count_dead_letters

        return count_dead_letters(broker)


def _dead_letters(settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the dead letters in Redis; none without `via`."""
    if settings.via is None:
        return
    with open_broker(settings) as broker:
        from respan_langchain.fleet.dead_letters import read_dead_letters

        yield from read_dead_letters(broker)


def _in_order(names: Sequence[str]) -> tuple[SpoolState, ...]:
    return tuple(state for state in STATES if state in names)


def _report_damaged(ctx: CliContext, damaged: Sequence[Path]) -> int:
    if not damaged:
        return EXIT_OK
    files = pluralize(len(damaged), "file")
    ctx.error(f"Skipped {files} that cannot be read; see `{ctx.command_line('spool', 'list')}`.")
    return EXIT_PROBLEMS


def _render_list(
    folder: Path, files: Sequence[SpoolFileInfo], dead: int | None
) -> Iterator[RenderableType]:
    if files:
        yield safe_text(str(folder), "dim")
        yield _tabulate(folder, files)
    else:
        yield f"No spool files in {folder}."
    if dead is not None:
        yield f"{pluralize(dead, 'dead letter')} in Redis."


def _tabulate(folder: Path, files: Sequence[SpoolFileInfo]) -> FittingTable:
    return table_of(
        files,
        [
            (Column("file", is_kept=True), lambda file: str(file.path.relative_to(folder))),
            (number_column("pending"), lambda file: format_count(file.pending)),
            (number_column("unconfirmed"), lambda file: format_count(file.unconfirmed)),
            (number_column("dead"), lambda file: format_count(file.dead)),
            (number_column("size"), lambda file: format_bytes(file.bytes)),
            (Column("process"), _process_cell),
        ],
    )


def _process_cell(file: SpoolFileInfo) -> Cell:
    if file.damaged:
        return Text("damaged", style="red")
    return "running" if file.in_use else "ended"
