"""A pool of connections to one SQLite file; no connection is carried across a fork.

A connection belongs to the process that opened it. SQLite keeps a process-wide table of open files
and locks; a forked child inherits the table without the locks, and could write into a log file that
its parent has already dropped. So before a fork all connections are returned and closed, and parent
and child open new ones.

A deleted file stays open and takes rows that nobody will find. So before a connection is handed
out, the pool closes idle connections to any other file than the one that the path names now.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from respan_langchain.embedded.store.connection import (
    PooledConnection,
    get_file_id,
    open_connection,
)

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
    def acquire(self) -> Iterator[PooledConnection]:
        """Give this thread a connection for the length of the block.

        Raises:
            sqlite3.Error: The file cannot be opened, or is not ours.
        """
        with self._changed:
            # In memory there is one connection, since each would be a database of its own.
            self._changed.wait_for(lambda: not (self.in_memory and self._checked_out))
            self._checked_out += 1
            self._close_stale()
            connection = self._idle.pop() if self._idle else None
        try:
            connection = connection or open_connection(self.path)
            yield connection
        finally:
            with self._changed:
                self._checked_out -= 1
                self._idle += [] if connection is None else [connection]
                self._changed.notify_all()

    def close(self) -> None:
        """Close idle connections; a later use opens the file again. Rows in memory stay."""
        if self.in_memory:
            return
        with self._changed:
            _close_all(self._idle)

    def _close_stale(self) -> None:
        current = get_file_id(self.path)
        stale = [each for each in self._idle if each.file_id != current]
        for each in stale:
            self._idle.remove(each)
        _close_all(stale)

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


def _close_all(idle: list[PooledConnection]) -> None:
    while idle:
        idle.pop().close()


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
