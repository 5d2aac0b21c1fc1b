"""Opens connections to one SQLite file, for writing or for reading only.

Each is prepared for the store: its SQL functions, its journal mode, and the schema.
"""

import os
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.embedded.private_file import create_private_file, describe_untrusted_file
from respan_langchain.embedded.store.errors import ForeignFileError
from respan_langchain.embedded.store.schema import create_schema, has_schema

BUSY_TIMEOUT = 30.0
"""Seconds that one process waits for another's transaction."""


class PooledConnection(sqlite3.Connection):
    """A connection that remembers which file it opened, and how."""

    file_id: tuple[int, int] | None = None
    """Device and inode; None in memory, and where nothing notices that the file changes."""
    read_only = False


def open_connection(path: str) -> PooledConnection:
    """Open a connection to a path: a file, or ":memory:".

    Raises:
        sqlite3.Error: The file cannot be opened, or is not ours.
    """
    connection = _connect(path) if path == ":memory:" else _open_file(path)
    with ExitStack() as cleanup:
        cleanup.callback(connection.close)
        _prepare(connection)
        cleanup.pop_all()
    return connection


def get_file_id(path: str) -> tuple[int, int] | None:
    """Return device and inode of a file; None in memory, and when there is no file."""
    if path == ":memory:":
        return None
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path would double the time of each checkout
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_file(path: str) -> PooledConnection:
    file = Path(path)
    if (refusal := describe_untrusted_file(file)) is not None:
        raise ForeignFileError(refusal)
    if file.exists() and not (_can_write(file) and _can_write(file.parent)):
        return _open_read_only(path)
    create_private_file(file)
    connection = _connect(path)
    connection.file_id = get_file_id(path)
    return connection


def _open_read_only(path: str) -> PooledConnection:
    # SQLite reads a file in WAL mode only with the shared memory file beside it. Where that neither
    # exists nor can be created, `immutable` reads without it, and without noticing a writer: such
    # a connection has no file_id, so that the pool opens a new one for each use.
    immutable = not Path(f"{path}-shm").exists() and not _can_write(Path(path).parent)
    connection = _connect(f"file:{quote(path)}?mode=ro{'&immutable=1' * immutable}", uri=True)
    connection.read_only = True
    connection.file_id = None if immutable else get_file_id(path)
    return connection


def _connect(database: str, *, uri: bool = False) -> PooledConnection:
    return sqlite3.connect(
        database,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        factory=PooledConnection,
        uri=uri,
    )


def _can_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _prepare(connection: PooledConnection) -> None:
    connection.row_factory = sqlite3.Row
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.create_function("metadata_value", 2, _metadata_value, deterministic=True)
    is_empty = not has_schema(connection)
    if not connection.read_only:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: `forget` promises that it is gone.
        connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -32768")
    if is_empty:
        create_schema(connection)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite ignores its busy timeout when several processes switch a new file at once.
    deadline = CLOCK.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or CLOCK.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _casefold(text: object) -> str | None:
    return text.casefold() if isinstance(text, str) else None


def _metadata_value(metadata: object, key: object) -> str | int | float | None:
    """Do what json_extract does for one key of an object."""
    found = orjson.loads(metadata).get(key) if isinstance(metadata, str) else None
    if isinstance(found, int) and abs(found) >= 2**63:
        return float(found)
    if found is None or isinstance(found, str | int | float):
        return found
    return orjson.dumps(found).decode()
