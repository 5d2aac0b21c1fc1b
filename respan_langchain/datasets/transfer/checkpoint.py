"""What became of each row so far, in a file that survives the process.

A row is written down before it is sent, and again when it is known to be there. In between it may
be there all the same: that is what the target is asked for.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

import orjson

from respan_langchain._private_file import create_private_file
from respan_langchain.datasets.transfer.transfer_row import ExistingRow, TransferRow
from respan_langchain.errors import ConfigurationError

FOLDER: Final = Path(".respan") / "transfers"
"""Under the home directory."""
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS rows(
    source_id TEXT PRIMARY KEY,
    identifier TEXT NOT NULL,
    mark TEXT,
    state TEXT NOT NULL CHECK (state IN ('sent', 'there', 'refused')),
    at REAL NOT NULL,
    reason TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_identifier ON rows(identifier);
CREATE TABLE IF NOT EXISTS transfer(source TEXT NOT NULL, target TEXT NOT NULL);
"""


class Checkpoint:
    """The state of one transfer, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or begin it.

        Raises:
            ConfigurationError: Another process is at it, or the file cannot be used.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private_file(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0.0)
        except sqlite3.Error as problem:
            raise ConfigurationError(f"{path} cannot be used: {problem}") from problem
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("BEGIN EXCLUSIVE")
            for statement in SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            self._db.close()
            if "locked" in str(problem):
                raise ConfigurationError("The same transfer is under way already.") from problem
            raise ConfigurationError(f"{path} cannot be used: {problem}") from problem

    def describe(self, source: str, target: str) -> None:
        """Store what is transferred and where to, for `transfers list`."""
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM transfer")
        self._db.execute("INSERT INTO transfer VALUES (?, ?)", (source, target))
        self._db.execute("COMMIT")

    def states(self, rows: Sequence[TransferRow]) -> dict[str, tuple[str, float]]:
        """Tell what is known of rows: their state, and since when."""
        found = self._db.execute(
            "SELECT source_id, state, at FROM rows"
            " WHERE source_id IN (SELECT value FROM json_each(?))",
            (_json_list(row.source_id for row in rows),),
        )
        return {source_id: (state, at) for source_id, state, at in found}

    def owned_by_others(self, rows: Sequence[TransferRow]) -> dict[str, ExistingRow]:
        """Find the rows that are there and have the identifiers of these, without these."""
        own = {row.source_id for row in rows}
        found = self._db.execute(
            "SELECT source_id, identifier, mark FROM rows"
            " WHERE state = 'there' AND identifier IN (SELECT value FROM json_each(?))",
            (_json_list({row.identifier for row in rows}),),
        )
        return {each: ExistingRow(name, mark) for each, name, mark in found if each not in own}

    def record(
        self, rows: Iterable[TransferRow], state: str, at: float, reason: str | None = None
    ) -> None:
        """Write down what became of rows; on disk when this returns."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            [(row.source_id, row.identifier, row.discriminator, state, at, reason) for row in rows],
        )
        self._db.execute("COMMIT")

    def invalidate(self) -> None:
        """Take what is there for sent only, since the target shows nothing of it."""
        self._db.execute("UPDATE rows SET state = 'sent' WHERE state = 'there'")

    def close(self) -> None:
        """Let another process have it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def checkpoint_path(*ends: str) -> Path:
    """Name the file for a transfer between these."""
    digest = blake2b(orjson.dumps(ends), digest_size=12).hexdigest()
    return Path.home() / FOLDER / f"{digest}.db"


def _json_list(values: Iterable[str]) -> str:
    return orjson.dumps(list(values)).decode()
