"""`datasets`: list, create, show, delete."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from respan_langchain.cli.context import EXIT_OK, EXIT_PROBLEMS, CliContext, command
from respan_langchain.cli.formatting import (
    format_cost,
    format_count,
    format_date,
    format_datetime,
    format_duration,
    pluralize,
    preview,
    preview_line,
)
from respan_langchain.cli.tables import Column, new_table, number_column, render_pairs
from respan_langchain.client.filters import metadata
from respan_langchain.client.models import Dataset, Summary
from respan_langchain.datasets.dataset import find_dataset

DatasetArgument = Annotated[str, typer.Argument(metavar="DATASET", help="Its name or id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="List, create, show and delete datasets.")
    command(group, "list")(list_datasets)
    command(group, "create")(create)
    command(group, "show")(show)
    command(group, "delete")(delete)
    app.add_typer(group, name="datasets")


def list_datasets(ctx: CliContext) -> int:
    """List all datasets, the newest first."""
    with ctx.client() as client:
        found = list(client.datasets(sort_by="-created_at"))
    ctx.output(found, lambda: _table(found) if found else Text("There is no dataset yet."))
    return EXIT_OK


def create(
    ctx: CliContext,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    description: Annotated[
        str | None, typer.Option("--description", help="A word on what is in it.")
    ] = None,
) -> int:
    """Create an empty dataset."""
    with ctx.client(may_be_new=True) as client:
        is_second = any(each.name == name for each in client.datasets())
        made = client.create_dataset(name, description=description)
    if is_second:
        ctx.error(f"{name!r} names an older dataset too: this one is found by its id alone")
    ctx.output(made, lambda: render_pairs([("name", made.name), ("id", made.id)]))
    return EXIT_OK


def show(ctx: CliContext, name: DatasetArgument) -> int:
    """Show a dataset and the totals of its rows, each call counted once."""
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, name)
        rows = client.summary(found.id).number_of_requests
        # A call within a chain is a row of its own, and its numbers are in the chain's row too.
        summary = client.summary(found.id, filters=metadata("span_parent_id").isnull())
    ctx.output(
        {"dataset": found, "rows": rows, "roots": summary}, lambda: _shown(found, rows, summary)
    )
    return EXIT_OK


def delete(
    ctx: CliContext,
    name: DatasetArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete a dataset with all its rows."""
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, name)
        rows = client.summary(found.id).number_of_requests
        question = f"Delete {found.name!r} ({found.id}) with its {pluralize(rows, 'row', 'rows')}?"
        if not ctx.confirm(question, yes=yes):
            ctx.print("Nothing was deleted.")
            return EXIT_PROBLEMS
        client.delete_dataset(found.id)
    ctx.output(
        {"deleted": found.id, "rows": rows},
        Text(f"{found.name} is deleted, with {pluralize(rows, 'row', 'rows')}."),
    )
    return EXIT_OK


def _table(found: list[Dataset]) -> RenderableType:
    drawn = new_table(
        [
            Column("name", ratio=1),
            number_column("rows"),
            Column("status"),
            Column("created"),
            Column("id", style="dim"),
        ]
    )
    for each in found:
        drawn.add_row(
            preview_line(each.name),
            format_count(each.log_count),
            preview_line(each.status),
            format_date(each.created_at),
            each.id,
        )
    return drawn


def _shown(found: Dataset, rows: int | None, summary: Summary) -> RenderableType:
    tokens_in, tokens_out = summary.total_prompt_tokens, summary.total_completion_tokens
    halves = f"{format_count(tokens_in)} in, {format_count(tokens_out)} out"
    first = f"first token after {format_duration(summary.avg_ttft)}"
    pairs = {
        "name": found.name,
        "id": found.id,
        "description": found.description or None,
        "status": found.status,
        "created": format_datetime(found.created_at),
        "updated": format_datetime(found.updated_at),
        "rows": f"{format_count(rows)}, {format_count(summary.number_of_requests)} of them roots",
        "tokens": f"{format_count(summary.total_tokens)} ({halves})",
        "cost": format_cost(summary.total_cost),
        "latency": f"{format_duration(summary.avg_latency)} on average, {first}",
        "scores": preview(summary.scores) if summary.scores else None,
    }
    return render_pairs((name, value) for name, value in pairs.items() if value is not None)
