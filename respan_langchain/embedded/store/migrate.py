"""Migrations: whose file it is, which version it has, and how it comes to the newest.

The steps stand in steps.py.
"""

import sqlite3

from respan_langchain.embedded.store.migrations import STEPS

OURS = 0x52_53_50_4C
"""SQLite's mark for whose file it is."""


class NotOursError(sqlite3.DatabaseError):
    """A file that nothing here may touch."""


def words_of(error: sqlite3.Error) -> str:
    """What may be told of an error: those without a code of SQLite's may quote a row."""
    is_told = isinstance(error, NotOursError) or hasattr(error, "sqlite_errorcode")
    return str(error) if is_told else type(error).__name__


def check_is_ours(connection: sqlite3.Connection) -> None:
    """Look at a file before anything in it is touched.

    Raises:
        NotOursError: It is another program's, or a newer version's.
        sqlite3.DatabaseError: It is no database.
    """
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark != OURS and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise NotOursError("it holds the tables of another program")
    if version_of(connection) > len(STEPS):
        raise NotOursError("it was made by a newer version of respan-langchain")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the store to the newest version, once, however many processes try."""
    if version_of(connection) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _take_steps(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def version_of(connection: sqlite3.Connection) -> int:
    """Read the store's version; 0 is an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _take_steps(connection: sqlite3.Connection) -> None:
    for step in STEPS[version_of(connection) :]:
        step(connection)
    connection.execute(f"PRAGMA application_id = {OURS}")
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
