"""Connections to one SQLite file: lent out one user at a time, and never carried across a fork.

Every connection belongs to the process that opened it. SQLite keeps a process-wide table of its
open files and locks; a child that inherits it believes to hold locks that it does not hold, and
could write into a log file that its parent has already thrown away. So before a fork everything
lent out comes back and is closed, and both sides open anew.

A file that was deleted stays open, and takes rows that nobody will find. So before each loan it is
seen to that what is idle has the file open that the path names now.
"""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from respan_langchain._private_file import create_private_file
from respan_langchain.embedded.store.migrate import check_owner, migrate

BUSY_TIMEOUT = 30.0
"""How long one process waits for another's transaction."""
FORK_TIMEOUT = 10.0
"""How long a fork waits for transactions of other threads."""


class ConnectionPool:
    """A pool of connections to one place: a file's path, or ":memory:"."""

    def __init__(self, place: str) -> None:
        self.path = place
        self._idle: list[_Connection] = []
        self._checked_out = 0
        self._changed = threading.Condition()
        _pools.add(self)
        end = weakref.finalize(self, _close_all, self._idle)
        # Whoever writes at the interpreter's exit may come later, and memory cannot be reopened.
        end.atexit = not self.in_memory

    @property
    def in_memory(self) -> bool:
        """Whether the rows live in this process alone."""
        return self.path == ":memory:"

    @contextmanager
    def acquire(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to this thread for the length of the block.

        Raises:
            sqlite3.Error: The file cannot be opened, or is not one of ours.
        """
        connection = self._check_out()
        try:
            yield connection
        finally:
            self._check_in(connection)

    def close(self) -> None:
        """Close what is idle; a later use opens the file again. Rows in memory stay."""
        if self.in_memory:
            return
        with self._changed:
            _close_all(self._idle)

    def _check_out(self) -> "_Connection":
        with self._changed:
            # In memory there is one connection, since each would be a database of its own.
            self._changed.wait_for(lambda: not (self.in_memory and self._checked_out))
            self._checked_out += 1
            self._close_stale()
            if self._idle:
                return self._idle.pop()
        try:
            return _open(self.path)
        except BaseException:
            with self._changed:
                self._checked_out -= 1
                self._changed.notify_all()
            raise

    def _close_stale(self) -> None:
        there = _get_file_id(self.path)
        others = [each for each in self._idle if each.file_id != there]
        for each in others:
            self._idle.remove(each)
        _close_all(others)

    def _check_in(self, connection: "_Connection") -> None:
        with self._changed:
            self._checked_out -= 1
            self._idle.append(connection)
            self._changed.notify_all()

    def before_fork(self) -> None:
        """Wait until nothing is lent out, close what is idle, and hold the door shut."""
        self._changed.acquire()
        self._changed.wait_for(lambda: not self._checked_out, timeout=FORK_TIMEOUT)
        if not self.in_memory:
            _close_all(self._idle)

    def after_fork_in_parent(self) -> None:
        """Open the door again."""
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Start afresh: the threads that borrowed are not here."""
        self._changed = threading.Condition()
        self._checked_out = 0


class _Connection(sqlite3.Connection):
    """A connection that knows its file, wherever the path leads by now."""

    file_id: tuple[int, int] | None = None
    """Its device and number; None in memory."""


def _get_file_id(place: str) -> tuple[int, int] | None:
    if place == ":memory:":
        return None
    try:
        there = os.stat(place)  # noqa: PTH116  # a Path would cost as much again, at every loan
    except OSError:
        return None
    return there.st_dev, there.st_ino


def _close_all(idle: list[_Connection]) -> None:
    while idle:
        idle.pop().close()


def _open(place: str) -> _Connection:
    if place != ":memory:":
        create_private_file(Path(place))
    connection = sqlite3.connect(
        place,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    try:
        _prepare(connection)
        migrate(connection)
        connection.file_id = _get_file_id(place)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.create_function("metadata_value", 2, _metadata_value, deterministic=True)
    check_owner(connection)
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32768")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait its busy timeout when several processes switch a new file at once.
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _casefold(text: object) -> str | None:
    return text.casefold() if isinstance(text, str) else None


def _metadata_value(metadata: object, key: object) -> str | int | float | None:
    """Do what json_extract does with a key of an object."""
    found = orjson.loads(metadata).get(key) if isinstance(metadata, str) else None
    if isinstance(found, int) and abs(found) >= 2**63:
        return float(found)
    if found is None or isinstance(found, str | int | float):
        return found
    return orjson.dumps(found).decode()


_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()
_locked_pools: dict[int, list[ConnectionPool]] = {}
"""What each thread holds that forks now; two may fork at a time."""


def _before_fork() -> None:
    held = _locked_pools[threading.get_ident()] = list(_pools)
    for pool in held:
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
