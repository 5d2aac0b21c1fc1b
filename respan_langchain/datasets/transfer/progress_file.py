"""The progress file of a transfer: the state of each row, in a SQLite file.

A row is recorded as unconfirmed before it is sent, and as delivered when the target confirms or
lists it. After a kill in between, the next run looks it up. Without the file, the next run asks the
platform for each row; no row is sent twice.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, Self

import orjson

from respan_langchain.datasets.transfer.transfer_row import ExistingRow, TransferRow
from respan_langchain.embedded.private_file import create_private_file
from respan_langchain.errors import ConfigurationError

FOLDER: Final = Path(".respan") / "transfers"
"""Under the home directory."""
LOCK_AND_CREATE_TABLES: Final = """
PRAGMA locking_mode = EXCLUSIVE;
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS row_states(
    source_id TEXT PRIMARY KEY,
    identifier TEXT NOT NULL,
    discriminator TEXT,
    state TEXT NOT NULL CHECK (state IN ('unconfirmed', 'delivered', 'rejected')),
    at REAL NOT NULL,
    reason TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS row_states_identifier ON row_states(identifier);
CREATE TABLE IF NOT EXISTS transfer(source TEXT NOT NULL, target TEXT NOT NULL);
COMMIT;
"""
TransferState = Literal["unconfirmed", "delivered", "rejected"]


class ProgressFile:
    """The progress of one transfer, locked by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create it.

        Raises:
            ConfigurationError: Another process uses it, or the file cannot be opened.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private_file(path)
        try:
            self._db = sqlite3.connect(path, timeout=0.0)
        except sqlite3.Error as error:
            raise ConfigurationError(f"cannot open {path}: {error}") from error
        try:
            self._db.executescript(LOCK_AND_CREATE_TABLES)
        except sqlite3.Error as error:
            self._db.close()
            if "locked" in str(error):
                raise ConfigurationError("another process is running this transfer") from error
            raise ConfigurationError(f"cannot use {path}: {error}") from error

    def describe(self, source: str, target: str) -> None:
        """Store what is transferred and where to, for `transfers list`."""
        with self._db:
            self._db.execute("DELETE FROM transfer")
            self._db.execute("INSERT INTO transfer VALUES (?, ?)", (source, target))

    def states(self, rows: Sequence[TransferRow]) -> dict[str, tuple[str, float]]:
        """Return the state of known rows and when it was recorded, by source id."""
        found = self._db.execute(
            "SELECT source_id, state, at FROM row_states"
            " WHERE source_id IN (SELECT value FROM json_each(?))",
            (_json_list(row.source_id for row in rows),),
        )
        return {source_id: (state, at) for source_id, state, at in found}

    def owned_by_others(self, rows: Sequence[TransferRow]) -> dict[str, ExistingRow]:
        """Return delivered rows that share an identifier with these but are none of them."""
        own = {row.source_id for row in rows}
        found = self._db.execute(
            "SELECT source_id, identifier, discriminator FROM row_states"
            " WHERE state = 'delivered' AND identifier IN (SELECT value FROM json_each(?))",
            (_json_list({row.identifier for row in rows}),),
        )
        return {source_id: ExistingRow(*row) for source_id, *row in found if source_id not in own}

    def record(
        self,
        rows: Iterable[TransferRow],
        state: TransferState,
        at: float,
        reason: str | None = None,
    ) -> None:
        """Store the state of rows on disk; `at` is in seconds since the epoch."""
        values = [
            (row.source_id, row.identifier, row.discriminator, state, at, reason) for row in rows
        ]
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO row_states VALUES (?, ?, ?, ?, ?, ?)", values
            )

    def invalidate(self) -> None:
        """Mark delivered rows as unconfirmed, since the target does not list them."""
        with self._db:
            self._db.execute(
                "UPDATE row_states SET state = 'unconfirmed' WHERE state = 'delivered'"
            )

    def close(self) -> None:
        """Release it for other processes."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def progress_path(*parts: str) -> Path:
    """Return the file for the transfer between these platforms and datasets."""
    digest = blake2b(orjson.dumps(parts), digest_size=12).hexdigest()
    return Path.home() / FOLDER / f"{digest}.db"


@dataclass(frozen=True, slots=True)
class ProgressFileInfo:
    """One progress file."""

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


def list_progress_files() -> list[ProgressFileInfo]:
    """List the progress files of this user, the most recently used first."""
    folder = Path.home() / FOLDER
    files = [_read(path) for path in folder.glob("*.db")]
    return sorted(files, key=lambda file: -file.modified_at)


def delete_progress_files(*, older_than: float, now: float) -> list[ProgressFileInfo]:
    """Delete files that no transfer has used for `older_than` seconds; return them."""
    deleted = []
    for file in list_progress_files():
        if not file.in_use and now - file.modified_at >= older_than:
            for path in _files_of(file.path):
                path.unlink(missing_ok=True)
            deleted.append(file)
    return deleted


def _read(path: Path) -> ProgressFileInfo:
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
    return ProgressFileInfo(path, source, target, rows, size, path.stat().st_mtime, in_use)


def _files_of(path: Path) -> Iterator[Path]:
    """Return the database and the files that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        yield path.with_name(path.name + suffix)


def _json_list(values: Iterable[str]) -> str:
    return orjson.dumps(list(values)).decode()
