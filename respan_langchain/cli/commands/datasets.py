"""`datasets`: list, create, show, rename and delete datasets."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from respan_langchain._display import format_count
from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.formatting import (
    format_date,
    format_datetime,
    pluralize,
    preview,
    preview_line,
    short_id,
)
from respan_langchain.cli.options import RequiredDataset, YesOption
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, FittingTable, number_column, render_pairs, table_of
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.display import summary_figures
from respan_langchain.client.filters import field
from respan_langchain.client.models import DatasetInfo, Summary
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.errors import ConfigurationError

ForceOption = Annotated[
    bool, typer.Option("--force", help="Allow a name that another dataset has.")
]


group = new_group(
    "datasets",
    "List, create, show, rename and delete datasets.",
    examples=["datasets list", "datasets show demo"],
)


@command("list", examples=["datasets list", "datasets list --json"], group=group)
def list_datasets(ctx: CliContext) -> None:
    """List all datasets, newest first."""
    with ctx.client() as client:
        datasets = list(client.datasets(sort_by="-created_at"))
    ctx.output_list(datasets, _tabulate(datasets) if datasets else "No datasets yet.")


@command("create", examples=["datasets create golden --description 'Reviewed rows'"], group=group)
def create(
    ctx: CliContext,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the dataset.")],
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it contains.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Create an empty dataset."""
    with ctx.client(create=True) as client:
        _check_new_name(client, name, force=force)
        dataset = client.create_dataset(name, description=description)
    ctx.output(dataset, render_pairs([("name", dataset.name), ("id", dataset.id)]))


@command("rename", examples=["datasets rename demo support-bot"], group=group)
def rename(
    ctx: CliContext,
    dataset: RequiredDataset,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    force: ForceOption = False,
) -> None:
    """Rename a dataset."""
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, dataset)
        _check_new_name(client, name, force=force)
        renamed = client.update_dataset(found.id, name=name)
    ctx.output(renamed, f"Renamed {found.name} to {renamed.name}.")


def _check_new_name(client: DatasetClient, name: str, *, force: bool) -> None:
    """Raise a `ConfigurationError` for a name that another dataset has."""
    if not force and any(each.name == name for each in client.datasets()):
        raise ConfigurationError(
            f"A dataset named {name!r} already exists. Choose another name, or pass --force and "
            "address the new one by its id."
        )


@command("show", examples=["datasets show demo"], group=group)
def show(ctx: CliContext, dataset: RequiredDataset) -> None:
    """Show a dataset and the totals of its rows; nested calls are counted once."""
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, dataset)
        rows = client.summary(found.id).number_of_requests
        # A call within a chain is a row of its own, and its numbers are in the chain's row, too.
        roots = client.summary(found.id, filters=field("metadata.span_parent_id").isnull())
    ctx.output({"dataset": found, "rows": rows, "roots": roots}, _describe(found, rows, roots))


@command("delete", examples=["datasets delete demo", "datasets delete 1f3a9c --yes"], group=group)
def delete(ctx: CliContext, dataset: RequiredDataset, yes: YesOption = False) -> None:
    """Delete a dataset and all its rows."""
    with ctx.client() as client:
        found = find_dataset(client, ctx.settings, dataset)
        rows = client.summary(found.id).number_of_requests
        counted = pluralize(rows, "row")
        ctx.confirm_deletion(f"Delete {found.name!r} ({found.id}) and its {counted}?", yes=yes)
        client.delete_dataset(found.id)
    ctx.output({"deleted": found.id, "rows": rows}, f"Deleted {found.name} and its {counted}.")


def _tabulate(datasets: Sequence[DatasetInfo]) -> FittingTable:
    return table_of(
        datasets,
        [
            (Column("name", is_kept=True), lambda each: each.name or ""),
            (number_column("rows"), lambda each: format_count(each.log_count)),
            (Column("created"), lambda each: format_date(each.created_at)),
            (Column("status"), lambda each: preview_line(each.status)),
            (Column("id", style="dim"), lambda each: short_id(each.id)),
        ],
    )


def _describe(dataset: DatasetInfo, rows: int | None, roots: Summary) -> Table:
    pairs = {
        "name": dataset.name,
        "id": dataset.id,
        "description": dataset.description or None,
        "status": dataset.status,
        "created": format_datetime(dataset.created_at),
        "updated": format_datetime(dataset.updated_at),
        "rows": f"{format_count(rows)} ({format_count(roots.number_of_requests)} roots)",
        **dict(summary_figures(roots, unit="roots")),
        "scores": _format_scores(roots.scores),
    }
    return render_pairs((name, value) for name, value in pairs.items() if value is not None)


def _format_scores(scores: Any) -> str | None:
    """Format the mean of each evaluator; platforms return a mapping by evaluator."""
    if not isinstance(scores, Mapping):
        return preview(scores) if scores else None
    means = (
        f"{name} {score.get('avg_score')}" if isinstance(score, Mapping) else f"{name} {score}"
        for name, score in scores.items()
    )
    return ", ".join(means) or None
