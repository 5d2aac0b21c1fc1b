"""The store: one SQLite file that several threads and processes use at once, and its transactions.

Who reads sees one moment of the file; who writes waits for the writer before. Nothing here knows
what is stored: the tables are drawn in migrations.py and used in datasets_table.py and
logs_table.py.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from respan_langchain.embedded.store.migrate import describe_error
from respan_langchain.embedded.store.pool import ConnectionPool
from respan_langchain.errors import ConfigurationError


class Store:
    """The datasets and logs of one file, or of one process's memory."""

    def __init__(self, path: str | Path) -> None:
        """Open the store, creating or migrating it.

        Args:
            path: A file, or ":memory:" for rows that live as long as this object.

        Raises:
            ConfigurationError: The file cannot be opened, or is not one of ours.
        """
        self.path = str(path)
        self._pool = ConnectionPool(self.path)
        self._threads: list[threading.Thread] = []
        self._threads_lock = threading.Lock()
        try:
            with self._pool.acquire():
                pass
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"{self.path} is not usable as a local store: {describe_error(error)}"
            ) from error

    @property
    def in_memory(self) -> bool:
        """Whether the rows live in this process alone."""
        return self._pool.in_memory

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one moment of the store."""
        with self._pool.acquire() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that alone may write; what it wrote stays, unless the block raises."""
        with self._pool.acquire() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            yield connection

    def run_in_background(self, work: Callable[[], None]) -> None:
        """Do something beside the requests, on a thread that does not keep the process alive."""
        thread = threading.Thread(target=work, name="respan-local", daemon=True)
        with self._threads_lock:
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until what was started is done, for so many seconds each."""
        with self._threads_lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout)

    def close(self) -> None:
        """Close the file; a later use opens it again. Rows in memory stay."""
        self._pool.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed statement may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def open_store(url: str) -> Store:
    """Find the store that a URL names; one URL is one store in a process.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `sqlite:///:memory:`.

    Raises:
        ConfigurationError: The URL is none of these, or its file cannot be opened.
    """
    place = parse_store_url(url)
    with _stores_lock:
        if place not in _stores:
            _stores[place] = Store(place)
        return _stores[place]


_stores_lock = threading.Lock()
_stores: dict[str, Store] = {}


def parse_store_url(url: str) -> str:
    """Read which file a URL names, without opening it; raises as `open_store` does."""
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
