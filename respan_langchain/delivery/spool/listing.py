"""Lists the files of a spool directory, which other processes may be writing.

A spool directory may have one level of directories below it, one for each destination.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.lock import SpoolLock


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
    aside = find_files(directory, "*.db*.corrupt-*")
    return [
        *(_file(path) for path in find_files(directory, "*.db")),
        *(
            SpoolFileInfo(path, in_use=False, bytes=path.stat().st_size, damaged=True)
            for path in aside
        ),
    ]


def find_files(directory: Path, pattern: str) -> list[Path]:
    """Return the files in a spool directory and one level below it."""
    found = [*directory.glob(pattern), *directory.glob(f"*/{pattern}")]
    return sorted(path for path in found if not path.is_symlink())


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
    lock.forget()
    return not free
