"""What people may do with spools: look, take away, throw away, have the dead letters sent again.

For the command line; works beside running processes. A spool directory may have one level of
directories below it, one for each destination.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from respan_langchain.delivery.spool.directory import Lock
from respan_langchain.delivery.spool.file import STATES, SpoolFile, SpoolRow, SpoolState

Told = TypeVar("Told")
OnUnreadable: TypeAlias = Callable[[Path], object]
"""Hears of a file that cannot be read to its end, or not be changed; the others are still done."""


def ignore(path: Path) -> None:
    """Say nothing of it."""


@dataclass(frozen=True, slots=True)
class SpoolFileInfo:
    """One file, for people to look at."""

    path: Path
    in_use: bool
    """Whether the process that writes it is alive."""
    waiting: int = 0
    sent: int = 0
    """Sent without a clear answer."""
    dead: int = 0
    bytes: int = 0
    damaged: bool = False
    """It was set aside, or cannot be read."""


def spool_files(directory: Path) -> list[SpoolFileInfo]:
    """Every file, damaged ones included."""
    aside = _walk(directory, "*.db.corrupt-*")
    return [
        *(_file(path) for path in _walk(directory, "*.db")),
        *(
            SpoolFileInfo(path, in_use=False, bytes=path.stat().st_size, damaged=True)
            for path in aside
        ),
    ]


def export(
    directory: Path, states: Sequence[SpoolState] = STATES, odd: OnUnreadable = ignore
) -> Iterator[dict[str, Any]]:
    """Every row with its history, ready for a line of JSON; `log` is what the platform takes."""
    for row in _from_all(directory, SpoolFile.rows, odd):
        if row.state in states and not row.damaged:
            yield _exported(row)


def replay(directory: Path, odd: OnUnreadable = ignore) -> int:
    """Mark the dead letters to be sent again by the next worker on this directory; how many."""
    return sum(_from_all(directory, lambda spool: [spool.revive()], odd))


def purge(
    directory: Path,
    states: Sequence[SpoolState] = ("dead",),
    before: float = float("inf"),
    odd: OnUnreadable = ignore,
) -> int:
    """Delete rows in these states that were captured before a moment; how many."""
    return sum(_from_all(directory, lambda spool: [spool.purge(states, before)], odd))


def _from_all(
    directory: Path, ask: Callable[[SpoolFile], Iterable[Told]], odd: OnUnreadable
) -> Iterator[Told]:
    for path in _walk(directory, "*.db"):
        try:
            with closing(SpoolFile(path)) as spool:
                yield from ask(spool)
        except sqlite3.DatabaseError:
            odd(path)


def _file(path: Path) -> SpoolFileInfo:
    try:
        with closing(SpoolFile(path)) as spool:
            counts, size = spool.counts(), spool.bytes()
    except sqlite3.DatabaseError:
        return SpoolFileInfo(path, in_use=_in_use(path), bytes=path.stat().st_size, damaged=True)
    return SpoolFileInfo(
        path,
        in_use=_in_use(path),
        waiting=counts.get("waiting", 0),
        sent=counts.get("sent", 0),
        dead=counts.get("dead", 0),
        bytes=size,
    )


def _in_use(path: Path) -> bool:
    lock = Lock(path.with_suffix(".lock"))
    if not lock.path.exists() or lock.path.is_symlink():
        return False
    free = lock.acquire()
    lock.forget()
    return not free


def _exported(row: SpoolRow) -> dict[str, Any]:
    described = {
        name: value
        for name, value in asdict(row).items()
        if name not in {"body", "owner", "damaged"}
    }
    return {**described, "log": json.loads(row.body)}


def _walk(directory: Path, pattern: str) -> list[Path]:
    found = [*directory.glob(pattern), *directory.glob(f"*/{pattern}")]
    return sorted(path for path in found if not path.is_symlink())
