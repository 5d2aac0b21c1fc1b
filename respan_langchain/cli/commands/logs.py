"""`logs`: list, show, change and follow the logs of a dataset."""

import datetime as dt
import time
from collections import deque
from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final, Literal

import typer

from respan_langchain._display import format_count
from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.filters import WhereOption, parse_filters, parse_since, search_logs
from respan_langchain.cli.log_arguments import (
    ExpectedOption,
    LogArguments,
    find_in_dataset,
    read_expected,
)
from respan_langchain.cli.log_fields import (
    field_column,
    parse_fields,
    render_field,
    select_fields,
    write_csv,
)
from respan_langchain.cli.options import DatasetArgument, choice_option, number_option
from respan_langchain.cli.output import write_json
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.row_view import render_row
from respan_langchain.cli.tables import FittingTable, render_logs
from respan_langchain.client.feedback import DEFAULT_NAME
from respan_langchain.client.models import Log
from respan_langchain.client.workflows import promote_log
from respan_langchain.datasets.dataset import NEWEST_FIRST, Dataset
from respan_langchain.datasets.export import files
from respan_langchain.errors import ConfigurationError

ListFormat = Literal["table", "json", "jsonl", "csv"]
MIN_SEEN: Final = 50
"""Newest logs that `tail` remembers at least, since some may be deleted meanwhile."""
MAX_OUTAGE: Final = 60.0
"""Seconds that the platform may be unavailable while new logs are shown."""
MAX_SEEN: Final = 1_000

group = new_group(
    "logs",
    "List, show, change and follow the logs of a dataset.",
    examples=["logs list demo", "logs show demo 9f31c2aa", "logs tail demo --follow"],
)


@command(
    "list",
    examples=[
        "logs list demo --where status=error",
        "logs list demo --search refund --since 2d",
        "logs list demo --fields id,input,cost --format csv",
    ],
    group=group,
)
def list_logs(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    where: WhereOption = None,
    search: Annotated[
        str | None,
        typer.Option("--search", "-s", metavar="TEXT", help="Only logs that contain this text."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only newer ones: 30m, 12h, 2d or 2026-11-23."),
    ] = None,
    limit: Annotated[int, number_option("Number of logs.", "--limit", "-n", least=1)] = 20,
    sort: Annotated[
        str, typer.Option(metavar="FIELD", help="Sort field; - for descending.")
    ] = NEWEST_FIRST,
    fields: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Fields between commas; see `fields list`."),
    ] = None,
    output_format: Annotated[
        ListFormat | None,
        choice_option("{}. [default: table]", "--format", among=ListFormat, metavar="FORMAT"),
    ] = None,
) -> None:
    """List logs of a dataset, newest first."""
    format_name = output_format or ("json" if ctx.as_json else "table")
    names = parse_fields(fields) if fields is not None else None
    oldest = parse_since(since, dt.datetime.now(dt.UTC)) if since is not None else None
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=parse_filters(where))
        if search is None and oldest is None:
            logs = list(islice(rows.sorted_by(sort), limit))
            total: int | None = len(rows)
        else:
            logs = search_logs(rows, text=search, since=oldest, sort_by=sort, limit=limit)
            total = None if len(logs) == limit else len(logs)
    _write_logs(ctx, logs, names, format_name, total)


def _write_logs(
    ctx: CliContext,
    logs: Sequence[Log],
    names: Sequence[str] | None,
    format_name: str,
    total: int | None,
) -> None:
    results: list[Any] = [log if names is None else select_fields(log, names) for log in logs]
    match format_name:
        case "json":
            write_json({"count": total, "results": results})
        case "jsonl":
            for result in results:
                write_json(result, indent=False)
        case "csv" if names is not None:
            write_csv(logs, names)
        case "csv":
            files.write_csv(logs, "-")
        case _:
            ctx.out.print(_tabulate(logs, names, ctx.out.width))
            ctx.print(_describe_number(len(logs), total), "dim")


def _tabulate(logs: Sequence[Log], names: Sequence[str] | None, width: int) -> FittingTable:
    if names is None:
        return render_logs(logs, width)
    columns = [field_column(name, is_kept=index == 0) for index, name in enumerate(names)]
    return FittingTable(columns, [[render_field(log, name) for name in names] for log in logs])


def _describe_number(shown: int, total: int | None) -> str:
    noun = "log" if (shown if total is None else total) == 1 else "logs"
    of_total = f" of {format_count(total)}" if total is not None else ""
    return f"{shown}{of_total} {noun}"


@command("show", examples=["logs show demo 9f31c2aa"], group=group)
def show(ctx: CliContext, words: LogArguments) -> None:
    """Show one log: conversation, numbers and metadata."""
    with ctx.client() as client:
        log = find_in_dataset(ctx, client, words)[1]
    ctx.output(log, render_row(log))


@command(
    "set",
    examples=[
        "logs set demo 9f31c2aa --expected 'Within 30 days, unworn.'",
        "logs set demo 9f31c2aa --promote",
    ],
    group=group,
)
def set_expected(
    ctx: CliContext,
    words: LogArguments,
    expected: ExpectedOption = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Take the log's own output, which was right.")
    ] = False,
) -> None:
    """Set the expected output of a log."""
    if promote is (expected is not None):
        raise ConfigurationError("Pass either --expected TEXT or --promote.")
    with ctx.client() as client:
        dataset_id, log = find_in_dataset(ctx, client, words)
        log_id = str(log.unique_id)
        if expected is None:
            client.run(promote_log(client.options, dataset_id, log_id, name=DEFAULT_NAME))
        else:
            client.update_log(dataset_id, log_id, expected_output=read_expected(expected))
        changed = client.log(dataset_id, log_id)
    ctx.output(changed, f"Set the expected output of {log.unique_id}.")


@command("tail", examples=["logs tail demo --follow", "logs tail demo -f --json"], group=group)
def tail(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    where: WhereOption = None,
    limit: Annotated[int, number_option("Logs to show first.", "--limit", "-n", least=0)] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show new logs until interrupted.")
    ] = False,
    interval: Annotated[
        float, number_option("Seconds between two checks.", least=0.1, metavar="SECONDS")
    ] = 2.0,
) -> None:
    """Show the newest logs of a dataset, oldest of them first."""
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=parse_filters(where))
        newest = rows.latest(max(limit, MIN_SEEN))
        _print_logs(ctx, newest[:limit][::-1], has_header=True)
        seen = deque((log.unique_id for log in newest[::-1]), maxlen=MAX_SEEN)
        rows.retry_for(MAX_OUTAGE)
        while follow:
            time.sleep(interval)
            arrived = list(_read_unseen(rows, seen))[::-1]
            seen.extend(log.unique_id for log in arrived)
            _print_logs(ctx, arrived, has_header=False)


def _read_unseen(rows: Dataset, seen: Container[str | None]) -> Iterator[Log]:
    """Read from the newest log back to the first that was shown."""
    for log in rows.sorted_by(NEWEST_FIRST):
        if log.unique_id in seen:
            return
        yield log


def _print_logs(ctx: CliContext, logs: Sequence[Log], *, has_header: bool) -> None:
    if ctx.as_json:
        for log in logs:
            write_json(log, indent=False)
    elif logs or has_header:
        ctx.out.print(render_logs(logs, ctx.out.width, has_header=has_header))
