"""`curate`: apply rules to the rows of a dataset, and copy those of kept traces."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import RenderableType

from respan_langchain._connect import open_client
from respan_langchain._display import format_count
from respan_langchain._foreign_code import allow_modules_here, load_object
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.commands.push_pull import AsOption
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import RequiredDataset
from respan_langchain.cli.platform import CALL_TIMEOUT, CliContext
from respan_langchain.cli.progress import transfer_progress
from respan_langchain.cli.tables import Column, FittingTable, number_column
from respan_langchain.datasets.curate import CurationPlan, curate, plan_curation
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules.rule import Rules


@command(
    "curate",
    examples=[
        "curate prod --rules app.rules:rules --dry-run",
        "curate prod --rules app.rules:rules --as prod-sample",
    ],
)
def curate_rows(
    ctx: CliContext,
    dataset: RequiredDataset,
    rules: Annotated[
        str, typer.Option(metavar="MODULE:NAME", help="The Rules, such as app.rules:rules.")
    ],
    name: AsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what each rule would keep.")
    ] = False,
) -> int:
    """Copy the traces that rules keep to other datasets. Resumable.

    Rows go to the dataset that their rule names by to=, else to that of --as; without --as they
    stay where they are.
    """
    loaded = load_rules(rules)
    with open_client(ctx.settings, timeout=CALL_TIMEOUT) as client:
        source = Dataset.of(client, ctx.settings, dataset)
        failures: Counter[str] = Counter()

        def count_failure(condition: str, error: Exception) -> None:
            failures[f"{condition} raised {type(error).__name__}"] += 1

        plan = plan_curation(source, loaded, name=name, on_error=count_failure)
        for problem, number in failures.items():
            ctx.error(f"{problem} ({pluralize(number, 'trace')})")
        done: Mapping[str, TransferCounts] = {}
        if not dry_run:
            total = sum(map(len, plan.copies.values()))
            with transfer_progress(ctx, source.name, total) as update:
                done = curate(source, client, ctx.settings, plan, update)
    ctx.output(_to_json(plan, done), *_render(plan, done))
    rejected = any(counts.rejected for counts in done.values())
    return EXIT_PROBLEMS if rejected else EXIT_OK


def load_rules(path: str) -> Rules:
    """Load rules by `module:name`.

    Raises:
        ConfigurationError: There is nothing of this name, or something else.
    """
    allow_modules_here()
    loaded = load_object(path, "rules")
    if not isinstance(loaded, Rules):
        raise ConfigurationError(f"rules {path!r}: expected Rules(...), got {loaded!r}")
    return loaded


def _to_json(plan: CurationPlan, done: Mapping[str, TransferCounts]) -> dict[str, object]:
    return {
        "rules": {name: asdict(counts) for name, counts in plan.rules.items()},
        "rows": {name: len(rows) for name, rows in plan.copies.items()},
        "rows_without_root": plan.rows_without_root,
        "copied": {name: asdict(counts) for name, counts in done.items()},
    }


def _render(plan: CurationPlan, done: Mapping[str, TransferCounts]) -> Iterator[RenderableType]:
    columns = [Column("rule", is_kept=True), *map(number_column, ("seen", "kept", "left out"))]
    cells = [
        [name, *map(format_count, (each.seen, each.kept, each.left_out))]
        for name, each in plan.rules.items()
    ]
    yield FittingTable(columns, cells)
    yield ""
    for name, rows in plan.copies.items():
        yield _describe(name, len(rows), done.get(name))
    if plan.rows_without_root:
        number = pluralize(plan.rows_without_root, "row")
        yield f"{number} without the root of their trace: nothing is decided."


def _describe(name: str, number: int, counts: TransferCounts | None) -> str:
    rows = pluralize(number, "row")
    if counts is None:
        return f"{rows} for {name}; run without --dry-run to copy them."
    rejected = "".join(f"; {count} rejected: {why}" for why, count in counts.rejected.items())
    sent, there = format_count(counts.sent), format_count(counts.already_there)
    return f"{rows} for {name}: {sent} copied, {there} already there{rejected}."
