"""`dedupe`: rows that are there twice, because a delivery was repeated that had arrived."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import orjson
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from respan_langchain.cli.commands.push_pull import DatasetArgument
from respan_langchain.cli.context import EXIT_OK, EXIT_PROBLEMS, CliContext, command
from respan_langchain.cli.formatting import escape_controls, format_count, pluralize
from respan_langchain.cli.tables import Column, new_table, number_column
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import NotFoundError


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "dedupe")(dedupe)


@dataclass(frozen=True)
class Duplicates:
    """Rows that say the same."""

    custom_identifier: str
    kept: str
    """The oldest one's id."""
    duplicates: list[str]


def dedupe(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete all of them but the oldest.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Find rows with the same custom identifier and the same contents."""
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset)
        found = list(find_duplicates(rows))
        extra = [unique_id for each in found for unique_id in each.duplicates]
        removed = 0
        question = f"Delete {pluralize(len(extra), 'row', 'rows')} of {rows.name!r}?"
        if remove and extra and ctx.confirm(question, yes=yes):
            for unique_id in extra:
                removed += _deleted(client, rows.id, unique_id)
    ctx.output({"repeated": found, "removed": removed}, lambda: _shown(found, removed))
    return EXIT_OK if removed == len(extra) else EXIT_PROBLEMS


def find_duplicates(logs: Iterable[Log]) -> Iterator[Duplicates]:
    """Find rows that say the same as an older one; one that was worked on since is another row."""
    seen: dict[tuple[str, bytes], list[str]] = {}
    for log in logs:
        if log.custom_identifier is not None and log.unique_id is not None:
            seen.setdefault((log.custom_identifier, _digest(log)), []).append(log.unique_id)
    for (identifier, _), ids in seen.items():
        if len(ids) > 1:
            yield Duplicates(identifier, ids[0], ids[1:])


def _digest(log: Log) -> bytes:
    span = (log.metadata or {}).get("span_unique_id")
    said: list[Any] = [span, log.input, log.output, log.expected_output, log.scores or None]
    return blake2b(
        orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS), digest_size=16
    ).digest()


def _deleted(client: Any, dataset_id: str, unique_id: str) -> int:
    with suppress(NotFoundError):
        client.delete_log(dataset_id, unique_id)
    return 1


def _shown(found: list[Duplicates], removed: int) -> RenderableType:
    if not found:
        return Text("No row is there twice.")
    drawn = new_table(
        [Column("custom identifier", ratio=1), Column("kept", style="dim"), number_column("others")]
    )
    for each in found[:50]:
        drawn.add_row(
            Text(escape_controls(each.custom_identifier)),
            each.kept[-8:],
            format_count(len(each.duplicates)),
        )
    extra = sum(len(each.duplicates) for each in found)
    words = (
        f"{pluralize(removed, 'row is', 'rows are')} deleted."
        if removed
        else f"{pluralize(extra, 'row', 'rows')} too many: --remove deletes them."
    )
    return Group(drawn, Text(words))
