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

from respan_langchain.cli.commands.push_pull import Named
from respan_langchain.cli.context import FINDINGS, OK, Desk, command
from respan_langchain.cli.formatting import count, counted, plain
from respan_langchain.cli.tables import Column, number, table
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import NotFoundError


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "dedupe")(dedupe)


@dataclass(frozen=True)
class Repeated:
    """Rows that say the same."""

    custom_identifier: str
    kept: str
    """The oldest one's id."""
    others: list[str]


def dedupe(
    desk: Desk,
    dataset: Named = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete all of them but the oldest.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Find rows with the same custom identifier and the same contents."""
    with desk.client() as client:
        rows = Dataset.of(client, desk.settings, dataset)
        found = list(repeated(rows))
        extra = [unique_id for each in found for unique_id in each.others]
        removed = 0
        question = f"Delete {counted(len(extra), 'row', 'rows')} of {rows.name!r}?"
        if remove and extra and desk.agrees(question, yes=yes):
            for unique_id in extra:
                removed += _deleted(client, rows.id, unique_id)
    desk.give({"repeated": found, "removed": removed}, lambda: _shown(found, removed))
    return OK if removed == len(extra) else FINDINGS


def repeated(logs: Iterable[Log]) -> Iterator[Repeated]:
    """Find rows that say the same as an older one; one that was worked on since is another row."""
    seen: dict[tuple[str, bytes], list[str]] = {}
    for log in logs:
        if log.custom_identifier is not None and log.unique_id is not None:
            seen.setdefault((log.custom_identifier, _digest(log)), []).append(log.unique_id)
    for (identifier, _), ids in seen.items():
        if len(ids) > 1:
            yield Repeated(identifier, ids[0], ids[1:])


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


def _shown(found: list[Repeated], removed: int) -> RenderableType:
    if not found:
        return Text("No row is there twice.")
    drawn = table(
        [Column("custom identifier", share=1), Column("kept", style="dim"), number("others")]
    )
    for each in found[:50]:
        drawn.add_row(Text(plain(each.custom_identifier)), each.kept[-8:], count(len(each.others)))
    extra = sum(len(each.others) for each in found)
    words = (
        f"{counted(removed, 'row is', 'rows are')} deleted."
        if removed
        else f"{counted(extra, 'row', 'rows')} too many: --remove deletes them."
    )
    return Group(drawn, Text(words))
