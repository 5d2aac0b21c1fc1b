"""Checks that a file is ours, and migrates it to the newest version.

The migrations themselves are in migrations.py.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from respan_langchain.embedded.store.migrations import MIGRATIONS

APPLICATION_ID = 0x52_53_50_4C
"""SQLite's mark of the program that a file belongs to."""


class ForeignFileError(sqlite3.DatabaseError):
    """A file that this version must not touch."""


def describe_error(error: sqlite3.Error) -> str:
    """Return the message of an error, or its type: only SQLite's own errors never quote a row."""
    is_safe = isinstance(error, ForeignFileError) or hasattr(error, "sqlite_errorcode")
    return str(error) if is_safe else type(error).__name__


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Run the block in a transaction, which is rolled back when the block raises."""
    with connection:
        connection.execute(begin)
        yield


def check_owner(connection: sqlite3.Connection) -> None:
    """Check that a file is new or ours, before anything in it is changed.

    Raises:
        ForeignFileError: It belongs to another program or to a newer version.
        sqlite3.DatabaseError: It is no database.
    """
    # One transaction sees one moment of the file. Without it another process may create the tables
    # between the two checks, so that they seem to belong to another program.
    with transaction(connection, "BEGIN"):
        _check_owner(connection)


def migrate(connection: sqlite3.Connection, *, read_only: bool = False) -> None:
    """Bring a file to the newest version, once, however many processes try at the same time.

    Raises:
        ForeignFileError: The file needs a migration and cannot be written, or is not ours.
    """
    if get_version(connection) == len(MIGRATIONS):
        return
    if read_only:
        raise ForeignFileError("it was made by an older version and cannot be written")
    with transaction(connection, "BEGIN IMMEDIATE"):
        _check_owner(connection)
        _apply_migrations(connection)


def get_version(connection: sqlite3.Connection) -> int:
    """Return the version of a file; 0 is an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _check_owner(connection: sqlite3.Connection) -> None:
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark != APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise ForeignFileError("it holds the tables of another program")
    if get_version(connection) > len(MIGRATIONS):
        raise ForeignFileError("it was made by a newer version of respan-langchain")


def _apply_migrations(connection: sqlite3.Connection) -> None:
    for migration in MIGRATIONS[get_version(connection) :]:
        migration(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
