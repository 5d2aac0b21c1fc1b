"""The checkpoint files that transfers leave behind: list and delete them.

A checkpoint lets the next push, pull or import of the same dataset skip rows without asking the
platform for each. Without it, the platform is asked; no row is sent twice.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from respan_langchain.datasets.transfer.checkpoint import FOLDER


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """One checkpoint."""

    path: Path
    source: str | None
    target: str | None
    rows: int | None
    """Rows that are known to be at the target; None if the file cannot be read."""
    bytes: int
    modified_at: float
    """Unix time in seconds."""
    in_use: bool
    """Whether a transfer is running with it."""


def list_checkpoints() -> list[CheckpointFile]:
    """List the checkpoints of this user, the most recently used first."""
    folder = Path.home() / FOLDER
    files = [_read(path) for path in folder.glob("*.db")]
    return sorted(files, key=lambda file: -file.modified_at)


def delete_checkpoints(*, older_than: float, now: float) -> list[CheckpointFile]:
    """Delete checkpoints that no transfer uses; return them.

    Args:
        older_than: Seconds since the last use, at least.
        now: Unix time in seconds.
    """
    deleted = []
    for file in list_checkpoints():
        if not file.in_use and now - file.modified_at >= older_than:
            for path in _files_of(file.path):
                path.unlink(missing_ok=True)
            deleted.append(file)
    return deleted


def _read(path: Path) -> CheckpointFile:
    size = sum(each.stat().st_size for each in _files_of(path) if each.exists())
    source = target = rows = None
    in_use = False
    try:
        with closing(sqlite3.connect(path, timeout=0.0)) as db:
            (rows,) = db.execute(
                "SELECT count(*) FROM row_states WHERE state = 'delivered'"
            ).fetchone()
            source, target = db.execute("SELECT source, target FROM transfer").fetchone()
    except sqlite3.OperationalError as error:
        in_use = "locked" in str(error)
    except (sqlite3.DatabaseError, TypeError):
        pass  # a damaged file, or one without a description
    return CheckpointFile(path, source, target, rows, size, path.stat().st_mtime, in_use)


def _files_of(path: Path) -> Iterator[Path]:
    """The database and the files that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        yield path.with_name(path.name + suffix)
