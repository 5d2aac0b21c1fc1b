"""Dead letters and other rows on disk: exported, deleted, and sent again.

Works beside the processes that write the files.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from respan_langchain.delivery.row import RowFilter
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.listing import find_files
from respan_langchain.delivery.spool.rows import STATES, SpoolRow, SpoolState

Result = TypeVar("Result")
OnUnreadable: TypeAlias = Callable[[Path], object]
"""Called with a file that cannot be read in full, or not changed; the other files are processed."""


def ignore(path: Path) -> None:
    """Do nothing about an unreadable file."""


def export(
    directory: Path,
    states: Sequence[SpoolState] = STATES,
    on_unreadable: OnUnreadable = ignore,
) -> Iterator[dict[str, Any]]:
    """Return every row with its history, as JSON values; `log` is the row itself."""
    for row in _from_all(directory, SpoolFile.rows, on_unreadable):
        if row.state in states and not row.damaged:
            yield _exported(row)


def replay(directory: Path, on_unreadable: OnUnreadable = ignore) -> int:
    """Mark dead letters to be sent again by the next worker of this directory; return how many."""
    return sum(_from_all(directory, lambda spool: [spool.revive()], on_unreadable))


def purge(
    directory: Path,
    states: Sequence[SpoolState] = ("dead",),
    before: float = float("inf"),
    on_unreadable: OnUnreadable = ignore,
) -> int:
    """Delete rows in these states that were captured before a moment; return how many."""
    return sum(_from_all(directory, lambda spool: [spool.purge(states, before)], on_unreadable))


def forget(
    directory: Path, chosen: RowFilter, on_unreadable: OnUnreadable = ignore
) -> dict[Path, int]:
    """Delete chosen rows in every file; return how many, by file.

    Nothing is left of them in the files, nor of rows that were delivered before. Files that were
    set aside are not searched.
    """

    def remove(spool: SpoolFile) -> Iterator[tuple[Path, int]]:
        keys = [row.key for row in spool.find(chosen)]
        if keys:
            spool.remove(keys)
            yield spool.path, len(keys)
        spool.erase_removed()

    for path in find_files(directory, "*.db*.corrupt-*"):
        on_unreadable(path)
    return dict(_from_all(directory, remove, on_unreadable))


def _from_all(
    directory: Path,
    read: Callable[[SpoolFile], Iterable[Result]],
    on_unreadable: OnUnreadable,
) -> Iterator[Result]:
    for path in find_files(directory, "*.db"):
        try:
            with closing(SpoolFile(path)) as spool:
                yield from read(spool)
        except sqlite3.DatabaseError:
            on_unreadable(path)


def _exported(row: SpoolRow) -> dict[str, Any]:
    described = {
        name: value
        for name, value in asdict(row).items()
        if name not in {"body", "owner", "damaged", "key"}
    }
    return {**described, "log": json.loads(row.body)}
