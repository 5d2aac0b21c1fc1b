"""Lists, exports, requeues and deletes rows on disk, dead letters among them.

Works beside the processes that write the files: `disk_spool.py` decides which rows become dead
letters. A spool directory may have one
level of directories below it, one for each destination.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from respan_langchain.delivery.row import RowFilter
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.lock import SpoolLock
from respan_langchain.delivery.spool.rows import STATES, SpoolState

Result = TypeVar("Result")
OnUnreadable: TypeAlias = Callable[[Path], object]
"""Called with a file that cannot be read in full, or not changed; the other files are processed."""


def ignore(path: Path) -> None:
    """Do nothing about an unreadable file."""


@dataclass(frozen=True, slots=True)
class SpoolFileInfo:
    """One file and what it holds."""

    path: Path
    in_use: bool
    """Whether the process that writes it is alive."""
    pending: int = 0
    unconfirmed: int = 0
    """Sent without a clear response."""
    dead: int = 0
    bytes: int = 0
    damaged: bool = False
    """It was set aside, or cannot be read."""


def spool_files(directory: Path) -> list[SpoolFileInfo]:
    """Return every file, damaged ones included."""
    aside = _find_files(directory, "*.db*.corrupt-*")
    return [
        *(_file(path) for path in _find_files(directory, "*.db")),
        *(
            SpoolFileInfo(path, in_use=False, bytes=path.stat().st_size, damaged=True)
            for path in aside
        ),
    ]


def export(
    directory: Path,
    states: Sequence[SpoolState] = STATES,
    on_unreadable: OnUnreadable = ignore,
) -> Iterator[dict[str, Any]]:
    """Return every row with its history, as JSON values; `log` is the row itself."""
    for row in _from_all(directory, SpoolFile.rows, on_unreadable):
        if row.state in states and not row.damaged:
            history = asdict(row)
            for name in ("body", "damaged", "key"):
                del history[name]
            yield {**history, "log": json.loads(row.body)}


def requeue(directory: Path, on_unreadable: OnUnreadable = ignore) -> int:
    """Mark dead letters to be sent again by the next worker of this directory; return how many."""
    return sum(_from_all(directory, lambda spool: [spool.requeue_dead_letters()], on_unreadable))


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

    for path in _find_files(directory, "*.db*.corrupt-*"):
        on_unreadable(path)
    return dict(_from_all(directory, remove, on_unreadable))


def _file(path: Path) -> SpoolFileInfo:
    try:
        with closing(SpoolFile(path)) as spool:
            counts, size = spool.counts(), spool.bytes()
    except sqlite3.DatabaseError:
        return SpoolFileInfo(path, in_use=_in_use(path), bytes=path.stat().st_size, damaged=True)
    return SpoolFileInfo(
        path,
        in_use=_in_use(path),
        pending=counts.get("pending", 0),
        unconfirmed=counts.get("unconfirmed", 0),
        dead=counts.get("dead", 0),
        bytes=size,
    )


def _in_use(path: Path) -> bool:
    lock = SpoolLock(path.with_suffix(".lock"))
    if not lock.path.exists() or lock.path.is_symlink():
        return False
    free = lock.acquire()
    lock.close()
    return not free


def _from_all(
    directory: Path,
    read: Callable[[SpoolFile], Iterable[Result]],
    on_unreadable: OnUnreadable,
) -> Iterator[Result]:
    for path in _find_files(directory, "*.db"):
        try:
            with closing(SpoolFile(path)) as spool:
                yield from read(spool)
        except sqlite3.DatabaseError:
            on_unreadable(path)


def _find_files(directory: Path, pattern: str) -> list[Path]:
    """Return the files in a spool directory and one level below it."""
    found = [*directory.glob(pattern), *directory.glob(f"*/{pattern}")]
    return sorted(path for path in found if not path.is_symlink())
