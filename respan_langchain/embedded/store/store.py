"""The store: one SQLite file that several threads and processes use at once, and its transactions.

A reader sees one moment of the file; a writer waits for the writer before it. The tables are
created in schema.py and used in the modules named after them.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from respan_langchain.embedded.store import search_index
from respan_langchain.embedded.store.errors import ReadOnlyError, describe_error
from respan_langchain.embedded.store.pool import ConnectionPool
from respan_langchain.errors import ConfigurationError

ERASE_TIMEOUT: Final = 0.5
"""Seconds that `erase_deleted` waits for readers."""


class Store:
    """The datasets and logs of one file, or of one process's memory."""

    def __init__(self, path: str | Path) -> None:
        """Open the store; create its file if there is none.

        Args:
            path: A file, or ":memory:" for rows that live as long as this object.

        Raises:
            ConfigurationError: The file cannot be opened, or is not ours.
        """
        self.path = str(path)
        self._pool = ConnectionPool(self.path)
        try:
            with self._pool.acquire() as connection:
                self.read_only = connection.read_only
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"{self.path} is not usable as a local store: {describe_error(error)}"
            ) from error

    @property
    def in_memory(self) -> bool:
        """Whether the rows exist in this process only."""
        return self._pool.in_memory

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that sees one moment of the store."""
        with self._pool.acquire() as connection, connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open the only transaction that may write; its changes are dropped if the block raises.

        Raises:
            ReadOnlyError: This process cannot write the file.
        """
        with self._pool.acquire() as connection:
            if connection.read_only:
                raise ReadOnlyError(f"{Path(self.path).name} is read-only.")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection

    def erase_deleted(self) -> bool:
        """Overwrite what is left of deleted logs beside the tables; False while others read."""
        if self.in_memory or self.read_only:
            return True
        with self.writing() as connection:
            search_index.erase_deleted(connection)
        # The connections of the pool wait far longer for readers.
        with closing(sqlite3.connect(self.path, timeout=ERASE_TIMEOUT)) as connection:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy

    def close(self) -> None:
        """Close the file; a later use opens it again. Rows in memory stay."""
        self._pool.close()


def open_store(url: str) -> Store:
    """Return the store of a URL; each file is opened once in a process.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `sqlite:///:memory:`.

    Raises:
        ConfigurationError: The URL has another form, or its file cannot be opened.
    """
    path = parse_store_url(url)
    with _stores_lock:
        if path not in _stores:
            _stores[path] = Store(path)
        return _stores[path]


_stores_lock = threading.Lock()
_stores: dict[str, Store] = {}


def parse_store_url(url: str) -> str:
    """Return the path that a URL names, without opening it; raises as `open_store` does."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    if not url.startswith(prefix) or not path or "?" in path or "\0" in path:
        raise ConfigurationError(
            f"base_url {url!r}: a local store is sqlite:///relative.db, sqlite:////absolute.db"
            " or sqlite:///:memory:"
        )
    if path == ":memory:":
        return path
    file = Path(path).expanduser().resolve()
    if not file.parent.is_dir():
        raise ConfigurationError(f"base_url {url!r}: there is no folder {file.parent}")
    return str(file)
