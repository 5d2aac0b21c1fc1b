"""One SQLite file of rows: what waits, what was sent without an answer, and the dead letters.

Written by one process, which holds the lock beside it; read by anybody. The engine and a checksum
find damage, the primary key finds doubles. Holds JSON only, and no key.

What SQLite says when something is wrong may quote a row: people are told the names of errors alone.
"""

import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

SpoolState = Literal["waiting", "sent", "dead"]
STATES: tuple[SpoolState, ...] = get_args(SpoolState)

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    address TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    owner INTEGER NOT NULL DEFAULT 0,
    captured REAL NOT NULL,
    changed REAL NOT NULL,
    UNIQUE (id, address)
);
CREATE INDEX IF NOT EXISTS loadable ON rows (held, state, number);
PRAGMA user_version = 1;
COMMIT;
"""
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A row as it lies on disk."""

    id: str
    address: str
    body: bytes
    state: SpoolState = "waiting"
    reason: str = ""
    """Why it is dead, in the platform's words."""
    attempts: int = 0
    """How often it was sent."""
    captured: float = 0.0
    """When it was put on disk first, in seconds since the epoch."""
    changed: float = 0.0
    """When its state changed last."""
    owner: int = 0
    """Whose it is in this process; 0 when it came from another one."""
    damaged: bool = False
    """It is not what was written; the body is empty."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is broken, as opposed to the disk being full or read-only."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGED


def cause_of(error: Exception) -> str:
    """What may be told of an error: its class, and what the system calls it."""
    kind = type(error).__name__
    match error:
        case sqlite3.Error():
            return f"{kind}: {getattr(error, 'sqlite_errorname', 'no code')}"
        case OSError():
            return f"{kind}: {error.strerror}"
        case _:
            return f"{kind}: {error}"


class SpoolFile:
    """An open file of rows. Every method is one transaction."""

    def __init__(self, path: Path) -> None:
        """Open the file, which must exist.

        Raises:
            sqlite3.Error: It is damaged, or the disk says no.
        """
        self.path = path
        # The worker's thread, an exit hook and an inline flush take turns by a lock of theirs.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except sqlite3.Error:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        # A letter that is none makes the checksum wrong, and so spoils its own row alone.
        self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        for pragma in ("synchronous=FULL", "busy_timeout=2000"):
            self._connection.execute(f"PRAGMA {pragma}")
        # A file of another program's is not to be made into one of ours.
        if self._connection.execute("PRAGMA schema_version").fetchone() == (0,):
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._connection.close()

    def add(self, rows: Iterable[SpoolRow], *, held: bool) -> None:
        """Write rows; one that is there already keeps its place and takes the new state."""
        now = time.time()
        values = (
            (
                row.id, row.address, row.body, _checksum(row.id, row.address, row.body),
                row.state, row.reason, row.attempts, held, row.owner, row.captured or now, now,
            )
            for row in rows
        )  # fmt: skip
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO rows (id, address, body, checksum, state, reason, attempts, held,"
                " owner, captured, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id, address) DO UPDATE SET state = excluded.state,"
                " reason = excluded.reason, held = excluded.held, changed = excluded.changed",
                values,
            )

    def remove(self, keys: Iterable[tuple[str, str]]) -> None:
        """Delete rows by id and address."""
        with self._transaction() as cursor:
            cursor.executemany("DELETE FROM rows WHERE id = ? AND address = ?", keys)

    def mark(self, keys: Iterable[tuple[str, str]], state: SpoolState, *, attempt: bool) -> None:
        """Give rows another state; `attempt` counts one more sending."""
        now = time.time()
        changes = ((state, attempt, now, *key) for key in keys)
        with self._transaction() as cursor:
            cursor.executemany(
                "UPDATE rows SET state = ?, attempts = attempts + ?, changed = ?"
                " WHERE id = ? AND address = ?",
                changes,
            )

    def load(self, most_rows: int, most_bytes: int) -> list[SpoolRow]:
        """Take the oldest rows that nobody holds in memory; they are held from now on.

        A damaged one is held and never comes.
        """
        loaded: list[SpoolRow] = []
        numbers: list[tuple[int]] = []
        size = 0
        with self._transaction() as cursor:
            cursor.execute(
                f"SELECT number, {COLUMNS} FROM rows WHERE held = 0 AND state != 'dead'"  # noqa: S608
                " ORDER BY number LIMIT ?",
                (most_rows,),
            )
            for number, *columns in cursor:
                row = _row(columns)
                size += len(row.body)
                if loaded and size > most_bytes:
                    break
                loaded += [] if row.damaged else [row]
                numbers.append((number,))
            cursor.executemany("UPDATE rows SET held = 1 WHERE number = ?", numbers)
        return loaded

    def loadable(self) -> int:
        """How many rows wait on disk alone."""
        query = "SELECT count(*) FROM rows WHERE held = 0 AND state != 'dead'"
        return int(self._connection.execute(query).fetchone()[0])

    def rows(self) -> Iterator[SpoolRow]:
        """All rows, the oldest first, and those that are damaged."""
        query = f"SELECT {COLUMNS} FROM rows ORDER BY number"  # noqa: S608
        with closing(self._connection.execute(query)) as cursor:
            yield from map(_row, cursor)

    def counts(self) -> dict[str, int]:
        """Rows by state."""
        query = "SELECT state, count(*) FROM rows GROUP BY state"
        return dict(self._connection.execute(query).fetchall())

    def bytes(self) -> int:
        """The size of all bodies."""
        query = "SELECT coalesce(sum(length(body)), 0) FROM rows"
        return int(self._connection.execute(query).fetchone()[0])

    def revive(self) -> int:
        """Have the dead letters sent again; how many there were."""
        # Whoever they were of has counted them as dead: they come back as if from another process.
        query = (
            "UPDATE rows SET state = 'waiting', held = 0, owner = 0, changed = ?"
            " WHERE state = 'dead'"
        )
        return self._connection.execute(query, (time.time(),)).rowcount

    def purge(self, states: Sequence[SpoolState], before: float = float("inf")) -> int:
        """Delete rows in these states that were captured before a moment; how many."""
        marks = ", ".join("?" * len(states))
        query = f"DELETE FROM rows WHERE state IN ({marks}) AND captured < ?"  # noqa: S608
        return self._connection.execute(query, (*states, before)).rowcount

    def expire(self, before: float) -> list[SpoolRow]:
        """Delete rows that were captured before a moment; those that were, without their bodies."""
        with self._transaction() as cursor:
            cursor.execute(
                "SELECT id, address, state, owner FROM rows WHERE captured < ?", (before,)
            )
            gone = [
                SpoolRow(name, address, b"", state, owner=owner)
                for name, address, state, owner in cursor
            ]
            cursor.execute("DELETE FROM rows WHERE captured < ?", (before,))
        return gone

    def drop_oldest_dead(self) -> int:
        """Delete the oldest tenth of the dead letters, at least one; how many."""
        dead = self.counts().get("dead", 0)
        query = (
            "DELETE FROM rows WHERE number IN"
            " (SELECT number FROM rows WHERE state = 'dead' ORDER BY number LIMIT ?)"
        )
        return self._connection.execute(query, (-(-dead // 10),)).rowcount

    @property
    def connection(self) -> sqlite3.Connection:
        """What a forked child must neither use nor close."""
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise


COLUMNS = "id, address, body, checksum, state, reason, attempts, captured, changed, owner"
TYPES = [str, str, bytes, int, str, str, int, float, float, int]
"""Theirs, unless the file is damaged."""


def _row(columns: Sequence[Any]) -> SpoolRow:
    name, address, body, checksum, state, *more = columns
    well_formed = [type(value) for value in columns] == TYPES and state in STATES
    if not well_formed or _checksum(name, address, body) != checksum:
        return SpoolRow(str(name), str(address), b"", state, damaged=True)
    return SpoolRow(name, address, body, state, *more)


def _checksum(name: str, address: str, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(f"{name} {address}".encode()))
