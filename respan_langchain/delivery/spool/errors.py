"""Errors of a spool file: which of them mean that it is damaged, and what may be logged of them.

SQLite's error messages may quote a row, so log lines have the names of errors alone.
"""

import sqlite3
from typing import Final

DAMAGED: Final = frozenset({
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_IOERR_SHORT_READ,
})  # fmt: skip
"""SQLite's codes for a file whose content is not what was written."""


class UnsupportedSpoolError(sqlite3.DatabaseError):
    """The file was written by another version, or by another program."""


class DamagedSpoolError(sqlite3.DatabaseError):
    """The file can be opened, but what it holds is not what was written."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is broken, as opposed to the disk being full or read-only."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code in DAMAGED or code & 0xFF in DAMAGED)


def cause_of(error: Exception) -> str:
    """Return what may be logged of an error: its class, and the system's name for it."""
    kind = type(error).__name__
    match error:
        case UnsupportedSpoolError():
            return str(error)
        case sqlite3.Error():
            return f"{kind}: {getattr(error, 'sqlite_errorname', 'no code')}"
        case OSError():
            return f"{kind}: {error.strerror}"
        case _:
            return f"{kind}: {error}"
