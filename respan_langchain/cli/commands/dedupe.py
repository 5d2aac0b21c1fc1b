"""`dedupe`: find and delete rows that were delivered twice."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import RenderableType

from respan_langchain._display import format_count
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.formatting import pluralize, short_id
from respan_langchain.cli.options import DatasetArgument, YesOption
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, number_column, table_of
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import NotFoundError

MAX_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class DuplicateLogs:
    """Logs with the same custom identifier and contents."""

    custom_identifier: str
    kept: str
    """The id of the oldest."""
    duplicates: list[str]
    """The ids of the others."""


@command("dedupe", examples=["dedupe demo", "dedupe demo --remove --yes"])
def dedupe(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete all but the oldest of each.")
    ] = False,
    yes: YesOption = False,
) -> int:
    """Find rows with the same custom identifier and contents."""
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset)
        found = list(find_duplicates(rows))
        extra = [unique_id for each in found for unique_id in each.duplicates]
        if found and not ctx.as_json:
            ctx.out.print(_table(found))
        removed = 0
        if remove and extra:
            question = f"Delete {pluralize(len(extra), 'row')} of {rows.name!r}?"
            ctx.confirm_deletion(question, yes=yes)
            for unique_id in extra:
                with suppress(NotFoundError):
                    client.delete_log(rows.id, unique_id)
            removed = len(extra)
    ctx.output({"duplicates": found, "removed": removed}, _summarize(len(extra), removed))
    return EXIT_OK if removed == len(extra) else EXIT_PROBLEMS


def find_duplicates(logs: Iterable[Log]) -> Iterator[DuplicateLogs]:
    """Find logs equal to an older one; one that was reviewed since is not a duplicate."""
    ids: dict[tuple[str, bytes], list[str]] = {}
    for log in logs:
        if log.custom_identifier is not None and log.unique_id is not None:
            ids.setdefault((log.custom_identifier, _digest(log)), []).append(log.unique_id)
    for (identifier, _), (kept, *others) in ids.items():
        if others:
            yield DuplicateLogs(identifier, kept, others)


def _digest(log: Log) -> bytes:
    span = (log.metadata or {}).get("span_unique_id")
    contents: list[Any] = [span, log.input, log.output, log.expected_output, log.scores or None]
    return blake2b(
        orjson.dumps(contents, default=str, option=orjson.OPT_SORT_KEYS), digest_size=16
    ).digest()


def _table(found: Sequence[DuplicateLogs]) -> RenderableType:
    identifier = Column("custom identifier", min_width=20, is_kept=True)
    return table_of(
        found[:MAX_LISTED],
        [
            (identifier, lambda each: each.custom_identifier),
            (number_column("duplicates"), lambda each: format_count(len(each.duplicates))),
            (Column("kept", style="dim"), lambda each: short_id(each.kept)),
        ],
    )


def _summarize(number: int, removed: int) -> str:
    if not number:
        return "No duplicates."
    extra = pluralize(number, "duplicate row")
    return f"Deleted {extra}." if removed else f"{extra}; use --remove to delete them."
