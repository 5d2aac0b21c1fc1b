"""Migrations: whose file it is, which version it has, and how it comes to the newest.

The steps stand in steps.py.
"""

import sqlite3

from respan_langchain.embedded.store.migrations import MIGRATIONS

APPLICATION_ID = 0x52_53_50_4C
"""SQLite's mark for whose file it is."""


class ForeignFileError(sqlite3.DatabaseError):
    """A file that nothing here may touch."""


def describe_error(error: sqlite3.Error) -> str:
    """What may be told of an error: those without a code of SQLite's may quote a row."""
    is_told = isinstance(error, ForeignFileError) or hasattr(error, "sqlite_errorcode")
    return str(error) if is_told else type(error).__name__


def check_owner(connection: sqlite3.Connection) -> None:
    """Look at a file before anything in it is touched.

    Raises:
        NotOursError: It is another program's, or a newer version's.
        sqlite3.DatabaseError: It is no database.
    """
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark != APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise ForeignFileError("it holds the tables of another program")
    if get_version(connection) > len(MIGRATIONS):
        raise ForeignFileError("it was made by a newer version of respan-langchain")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the store to the newest version, once, however many processes try."""
    if get_version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply_migrations(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def get_version(connection: sqlite3.Connection) -> int:
    """Read the store's version; 0 is an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _apply_migrations(connection: sqlite3.Connection) -> None:
    for step in MIGRATIONS[get_version(connection) :]:
        step(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
