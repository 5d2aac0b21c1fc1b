"""A pool of connections to one SQLite file; no connection is carried across a fork.

A connection belongs to the process that opened it. SQLite keeps a process-wide table of open files
and locks; a forked child inherits the table without the locks, and could write into a log file that
its parent has already dropped. So before a fork all connections are returned and closed, and parent
and child open new ones.

A deleted file stays open and takes rows that nobody will find. So before a connection is handed
out, the pool closes idle connections to any other file than the one that the path names now.
"""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.embedded.private_file import create_private_file, describe_untrusted_file
from respan_langchain.embedded.store.migrate import ForeignFileError, check_owner, migrate

BUSY_TIMEOUT = 30.0
"""Seconds that one process waits for another's transaction."""
FORK_TIMEOUT = 10.0
"""Seconds that a fork waits for transactions of other threads."""


class ConnectionPool:
    """A pool of connections to one path: a file, or ":memory:"."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._idle: list[PooledConnection] = []
        self._checked_out = 0
        self._changed = threading.Condition()
        _pools.add(self)
        finalizer = weakref.finalize(self, _close_all, self._idle)
        # Threads may still write while the interpreter exits, and memory cannot be reopened.
        finalizer.atexit = not self.in_memory

    @property
    def in_memory(self) -> bool:
        """Whether the rows exist in this process only."""
        return self.path == ":memory:"

    @contextmanager
    def acquire(self) -> Iterator["PooledConnection"]:
        """Give this thread a connection for the length of the block.

        Raises:
            sqlite3.Error: The file cannot be opened, or is not ours.
        """
        connection = self._check_out()
        try:
            yield connection
        finally:
            self._check_in(connection)

    def close(self) -> None:
        """Close idle connections; a later use opens the file again. Rows in memory stay."""
        if self.in_memory:
            return
        with self._changed:
            _close_all(self._idle)

    def _check_out(self) -> "PooledConnection":
        with self._changed:
            # In memory there is one connection, since each would be a database of its own.
            self._changed.wait_for(lambda: not (self.in_memory and self._checked_out))
            self._checked_out += 1
            self._close_stale()
            if self._idle:
                return self._idle.pop()
        with ExitStack() as cleanup:
            cleanup.callback(self._check_in, None)
            connection = _open(self.path)
            cleanup.pop_all()
        return connection

    def _close_stale(self) -> None:
        current = _get_file_id(self.path)
        stale = [each for each in self._idle if each.file_id != current]
        for each in stale:
            self._idle.remove(each)
        _close_all(stale)

    def _check_in(self, connection: "PooledConnection | None") -> None:
        """Return a connection; None when it could not be opened."""
        with self._changed:
            self._checked_out -= 1
            self._idle += [] if connection is None else [connection]
            self._changed.notify_all()

    def before_fork(self) -> None:
        """Wait until every connection is returned, close them, and block new checkouts."""
        self._changed.acquire()
        self._changed.wait_for(lambda: not self._checked_out, timeout=FORK_TIMEOUT)
        if not self.in_memory:
            _close_all(self._idle)

    def after_fork_in_parent(self) -> None:
        """Allow checkouts again."""
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Reset the state: the threads that held connections do not exist here."""
        self._changed = threading.Condition()
        self._checked_out = 0


class PooledConnection(sqlite3.Connection):
    """A connection that remembers which file it opened, and how."""

    file_id: tuple[int, int] | None = None
    """Device and inode; None in memory, and where nothing notices that the file changes."""
    read_only = False


def _get_file_id(path: str) -> tuple[int, int] | None:
    if path == ":memory:":
        return None
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path would double the time of each checkout
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _close_all(idle: list[PooledConnection]) -> None:
    while idle:
        idle.pop().close()


def _open(path: str) -> PooledConnection:
    refusal = None if path == ":memory:" else describe_untrusted_file(Path(path))
    if refusal is not None:
        raise ForeignFileError(refusal)
    is_read_only = path != ":memory:" and _is_read_only(Path(path))
    connection = _open_read_only(path) if is_read_only else _open_writable(path)
    with ExitStack() as cleanup:
        cleanup.callback(connection.close)
        _prepare(connection)
        cleanup.pop_all()
    return connection


def _open_writable(path: str) -> PooledConnection:
    if path != ":memory:":
        create_private_file(Path(path))
    connection = _connect(path)
    connection.file_id = _get_file_id(path)
    return connection


def _open_read_only(path: str) -> PooledConnection:
    # SQLite reads a file in WAL mode only with the shared memory file beside it. Where that neither
    # exists nor can be created, `immutable` reads without it, and without noticing a writer: such
    # a connection has no file_id, so that the pool opens a new one for each use.
    immutable = not Path(f"{path}-shm").exists() and not _can_write(Path(path).parent)
    connection = _connect(f"file:{quote(path)}?mode=ro{'&immutable=1' * immutable}", uri=True)
    connection.read_only = True
    connection.file_id = None if immutable else _get_file_id(path)
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


def _is_read_only(path: Path) -> bool:
    return path.exists() and not (_can_write(path) and _can_write(path.parent))


def _can_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _prepare(connection: PooledConnection) -> None:
    connection.row_factory = sqlite3.Row
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.create_function("metadata_value", 2, _metadata_value, deterministic=True)
    check_owner(connection)
    if not connection.read_only:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: `forget` promises that it is gone.
        connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -32768")
    migrate(connection, read_only=connection.read_only)


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


_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()
_locked_pools: dict[int, list[ConnectionPool]] = {}
"""The pools that each forking thread has locked; two threads may fork at a time."""


def _before_fork() -> None:
    locked = _locked_pools[threading.get_ident()] = list(_pools)
    for pool in locked:
        pool.before_fork()


def _after_fork_in_parent() -> None:
    for pool in _locked_pools.pop(threading.get_ident(), []):
        pool.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for pool in _locked_pools.pop(threading.get_ident(), []):
        pool.after_fork_in_child()
    _locked_pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
