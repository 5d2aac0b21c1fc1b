"""`datasets`: list, create, show, delete."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from respan_langchain.cli.context import FINDINGS, OK, Desk, command
from respan_langchain.cli.formatting import count, counted, day, line, moment, money, seconds, words
from respan_langchain.cli.tables import Column, facts, number, table
from respan_langchain.client.filters import metadata
from respan_langchain.client.models import Dataset, Summary
from respan_langchain.datasets.dataset import find

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Its name or id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="List, create, show and delete datasets.")
    command(group, "list")(list_all)
    command(group, "create")(create)
    command(group, "show")(show)
    command(group, "delete")(delete)
    app.add_typer(group, name="datasets")


def list_all(desk: Desk) -> int:
    """List all datasets, the newest first."""
    with desk.client() as client:
        found = list(client.datasets(sort_by="-created_at"))
    desk.give(found, lambda: _table(found) if found else Text("There is no dataset yet."))
    return OK


def create(
    desk: Desk,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    description: Annotated[
        str | None, typer.Option("--description", help="A word on what is in it.")
    ] = None,
) -> int:
    """Create an empty dataset."""
    with desk.client(may_be_new=True) as client:
        is_second = any(each.name == name for each in client.datasets())
        made = client.create_dataset(name, description=description)
    if is_second:
        desk.complain(f"{name!r} names an older dataset too: this one is found by its id alone")
    desk.give(made, lambda: facts([("name", made.name), ("id", made.id)]))
    return OK


def show(desk: Desk, name: Name) -> int:
    """Show a dataset and the totals of its rows, each call counted once."""
    with desk.client() as client:
        found = find(client, desk.settings, name)
        rows = client.summary(found.id).number_of_requests
        # A call within a chain is a row of its own, and its numbers are in the chain's row too.
        summary = client.summary(found.id, filters=metadata("span_parent_id").isnull())
    desk.give(
        {"dataset": found, "rows": rows, "roots": summary}, lambda: _shown(found, rows, summary)
    )
    return OK


def delete(
    desk: Desk,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete a dataset with all its rows."""
    with desk.client() as client:
        found = find(client, desk.settings, name)
        rows = client.summary(found.id).number_of_requests
        question = f"Delete {found.name!r} ({found.id}) with its {counted(rows, 'row', 'rows')}?"
        if not desk.agrees(question, yes=yes):
            desk.say("Nothing was deleted.")
            return FINDINGS
        client.delete_dataset(found.id)
    desk.give(
        {"deleted": found.id, "rows": rows},
        Text(f"{found.name} is deleted, with {counted(rows, 'row', 'rows')}."),
    )
    return OK


def _table(found: list[Dataset]) -> RenderableType:
    drawn = table(
        [
            Column("name", share=1),
            number("rows"),
            Column("status"),
            Column("created"),
            Column("id", style="dim"),
        ]
    )
    for each in found:
        drawn.add_row(
            line(each.name), count(each.log_count), line(each.status), day(each.created_at), each.id
        )
    return drawn


def _shown(found: Dataset, rows: int | None, summary: Summary) -> RenderableType:
    halves = (
        f"{count(summary.total_prompt_tokens)} in, {count(summary.total_completion_tokens)} out"
    )
    first = f"first token after {seconds(summary.avg_ttft)}"
    pairs = {
        "name": found.name,
        "id": found.id,
        "description": found.description or None,
        "status": found.status,
        "created": moment(found.created_at),
        "updated": moment(found.updated_at),
        "rows": f"{count(rows)}, {count(summary.number_of_requests)} of them roots",
        "tokens": f"{count(summary.total_tokens)} ({halves})",
        "cost": money(summary.total_cost),
        "latency": f"{seconds(summary.avg_latency)} on average, {first}",
        "scores": words(summary.scores) if summary.scores else None,
    }
    return facts((name, value) for name, value in pairs.items() if value is not None)
