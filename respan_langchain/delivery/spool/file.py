"""One SQLite file of rows: pending rows, rows sent without a clear response, dead letters.

Written by one process, which holds the lock beside it; read by anybody. SQLite, a checksum for each
row and a count of all rows find damage. Holds JSON only, and no API key.

SQLite maps the `-shm` file, so a program that shortens it ends the process that uses it (SIGBUS).
`locking_mode=EXCLUSIVE` needs no such file, but would lock out `spool list`, `export` and `forget`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.row import RowFilter
from respan_langchain.delivery.spool.errors import DamagedSpoolError, UnsupportedSpoolError
from respan_langchain.delivery.spool.lock import Record, SpoolLock
from respan_langchain.delivery.spool.rows import (
    COLUMNS,
    SCHEMA,
    VERSION,
    SpoolRow,
    SpoolState,
    column_values,
    read_spool_row,
)

CLOCK_WAS_SET: Final = 1_577_836_800.0
"""1 January 2020: an earlier time of capture comes from a clock that was not set yet."""

_inherited: Final[list[sqlite3.Connection]] = []
"""Connections that a fork has copied into this process."""


class SpoolFile:
    """An open file of rows. Every method is one transaction."""

    def __init__(self, path: Path, lock: SpoolLock | None = None) -> None:
        """Open the file, which must exist; `lock` is held by the process that writes it.

        Raises:
            sqlite3.Error: It is damaged, of another version, or the disk fails.
        """
        self.path = path
        self.lock = lock or SpoolLock(path.with_suffix(".lock"))
        # The worker's lock serializes its thread, an exit hook and an inline flush.
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except sqlite3.Error:
            self.connection.close()
            raise
        except UnicodeDecodeError:  # in an error message, which quotes the damaged schema
            self.connection.close()
            raise DamagedSpoolError from None

    def _prepare(self) -> None:
        # Bytes that are no text make the checksum wrong, and so damage only their own row.
        self.connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        for pragma in ("synchronous=FULL", "busy_timeout=2000"):
            self.connection.execute(f"PRAGMA {pragma}")
        if self._pragma("schema_version") == 0:
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.executescript(SCHEMA)
        version, encoding = self._pragma("user_version"), self._pragma("encoding")
        if version != VERSION or encoding != "UTF-8":
            raise UnsupportedSpoolError(f"format {version} in {encoding}, not {VERSION}")

    def _pragma(self, name: str) -> Any:
        return self.connection.execute(f"PRAGMA {name}").fetchone()[0]

    def close(self) -> None:
        """Close the file; its rows stay."""
        self.connection.close()

    def leave_to_parent(self) -> None:
        """In a forked child: never close the file, which would touch the parent's and drop locks.

        Python has no public way to leak an object past the end of the interpreter, which clears
        modules and closes what they hold; its C API has (`Py_IncRef`, documented). Tested with
        CPython 3.11 to 3.13. Without ctypes the connection lives until the interpreter ends.
        """
        try:
            import ctypes
        except ImportError:
            _inherited.append(self.connection)
        else:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.connection))

    def add(self, rows: Iterable[SpoolRow], *, in_memory: bool) -> None:
        """Write rows; an existing one keeps its place and takes the new state and body.

        `in_memory`: they are not to be loaded, since this process has them in memory, too.
        """
        now = CLOCK.time()
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO rows (key, id, dataset, body, checksum, state, reason, attempts,"
                " in_memory, captured, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET body = excluded.body,"
                " checksum = excluded.checksum, state = excluded.state,"
                " reason = excluded.reason, in_memory = excluded.in_memory,"
                " changed = excluded.changed",
                (column_values(row, in_memory=in_memory, now=now) for row in rows),
            )

    def remove(self, keys: Iterable[str]) -> None:
        """Delete rows."""
        with self._transaction() as cursor:
            cursor.executemany("DELETE FROM rows WHERE key = ?", ((key,) for key in keys))

    def mark(self, keys: Iterable[str], state: SpoolState, *, attempt: bool) -> None:
        """Give rows another state; `attempt` counts one more sending."""
        now = CLOCK.time()
        with self._transaction() as cursor:
            cursor.executemany(
                "UPDATE rows SET state = ?, attempts = attempts + ?, changed = ? WHERE key = ?",
                ((state, attempt, now, key) for key in keys),
            )

    def load(self, max_rows: int, max_bytes: int) -> tuple[list[SpoolRow], int]:
        """Return the oldest rows that are not in memory, and mark them as loaded.

        Returns them, and how many were damaged: those are deleted.
        """
        loaded: list[SpoolRow] = []
        damaged: list[tuple[int]] = []
        size = 0
        with self._transaction() as cursor:
            cursor.execute(
                f"SELECT number, {COLUMNS} FROM rows"  # noqa: S608  # names of columns
                " WHERE in_memory = 0 AND state != 'dead'"
                " ORDER BY number LIMIT ?",
                (max_rows,),
            )
            for number, *columns in cursor:
                row = read_spool_row(columns)
                size += len(row.body)
                if loaded and size > max_bytes:
                    break
                if row.damaged:
                    damaged.append((number,))
                else:
                    loaded.append(row)
            keys = [(row.key,) for row in loaded]
            cursor.executemany("UPDATE rows SET in_memory = 1 WHERE key = ?", keys)
            cursor.executemany("DELETE FROM rows WHERE number = ?", damaged)
        return loaded, len(damaged)

    def loadable(self) -> int:
        """Return how many rows are only on disk."""
        query = "SELECT count(*) FROM rows WHERE in_memory = 0 AND state != 'dead'"
        return int(self.connection.execute(query).fetchone()[0])

    def keys(self) -> set[str]:
        """Return the keys of all rows."""
        return {key for (key,) in self.connection.execute("SELECT key FROM rows")}

    def rows(self) -> Iterator[SpoolRow]:
        """Return all rows, the oldest first, damaged ones included."""
        query = f"SELECT {COLUMNS} FROM rows ORDER BY number"  # noqa: S608  # names of columns
        with closing(self.connection.execute(query)) as cursor:
            yield from map(read_spool_row, cursor)

    def find(self, chosen: RowFilter) -> list[SpoolRow]:
        """Return the chosen rows; a damaged one cannot be read."""
        return [row for row in self.rows() if not row.damaged and chosen(row.id, row.body)]

    def erase_removed(self) -> None:
        """Overwrite what is left of removed rows in the file and in its write-ahead log.

        Raises:
            sqlite3.Error: Another process uses the file.
        """
        self.connection.execute("VACUUM")
        if self._pragma("wal_checkpoint(TRUNCATE)"):
            raise sqlite3.OperationalError("the write-ahead log is in use")

    def record(self) -> Record:
        """Return how often the file was changed, and how many rows it holds by its own count."""
        match self.connection.execute("SELECT changes, rows FROM record").fetchone():
            case (int(changes), int(rows)) if changes >= 0 and rows >= 0:
                return Record(changes, rows)
            case _:
                raise DamagedSpoolError

    def counts(self) -> dict[str, int]:
        """Return the number of rows by state."""
        query = "SELECT state, count(*) FROM rows GROUP BY state"
        return dict(self.connection.execute(query).fetchall())

    def bytes(self) -> int:
        """Return the size of all bodies."""
        query = "SELECT coalesce(sum(length(body)), 0) FROM rows"
        return int(self.connection.execute(query).fetchone()[0])

    def requeue_dead_letters(self) -> int:
        """Have the dead letters sent again; return how many there were."""
        query = "UPDATE rows SET state = 'pending', in_memory = 0, changed = ? WHERE state = 'dead'"
        with self._transaction() as cursor:
            return cursor.execute(query, (CLOCK.time(),)).rowcount

    def purge(self, states: Sequence[SpoolState], before: float = float("inf")) -> int:
        """Delete rows in these states that were captured before a moment; return how many."""
        marks = ", ".join("?" * len(states))
        query = f"DELETE FROM rows WHERE state IN ({marks}) AND captured < ?"  # noqa: S608  # names of columns
        with self._transaction() as cursor:
            return cursor.execute(query, (*states, before)).rowcount

    def expire(self, before: float) -> list[SpoolRow]:
        """Delete rows that were captured before a moment; return them without their bodies."""
        where = "captured < ? AND captured > ?"
        with self._transaction() as cursor:
            cursor.execute(
                f"SELECT key, id, dataset, state FROM rows WHERE {where}",  # noqa: S608  # names of columns
                (before, CLOCK_WAS_SET),
            )
            expired = [
                SpoolRow(key, row_id, dataset, b"", state) for key, row_id, dataset, state in cursor
            ]
            cursor.execute(f"DELETE FROM rows WHERE {where}", (before, CLOCK_WAS_SET))  # noqa: S608  # names of columns
        return expired

    def drop_oldest_dead(self) -> int:
        """Delete the oldest tenth of the dead letters, at least one; return how many."""
        dead = self.counts().get("dead", 0)
        query = (
            "DELETE FROM rows WHERE number IN"
            " (SELECT number FROM rows WHERE state = 'dead' ORDER BY number LIMIT ?)"
        )
        with self._transaction() as cursor:
            return cursor.execute(query, (-(-dead // 10),)).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self.connection, closing(self.connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("UPDATE record SET changes = changes + 1")
            record = self.record()
        self.lock.write(record)
