"""Errors of the store; `embedded/http.py` maps those of a call to HTTP."""

import sqlite3


class StoreError(Exception):
    """The store does not carry out a call, and nothing was changed."""


class MissingRecordError(StoreError):
    """There is no such dataset, log or evaluation run."""


def require(found: sqlite3.Row | None, kind: str) -> sqlite3.Row:
    """Return a record that was looked for; raise MissingRecordError when there is none."""
    if found is None:
        raise MissingRecordError(f"{kind} not found.")
    return found


class ReadOnlyError(StoreError):
    """The file can be read, but this process cannot write it."""


class InvalidFieldError(StoreError):
    """A filter or a value cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ForeignFileError(sqlite3.DatabaseError):
    """A file that this version must not touch."""


def describe_error(error: sqlite3.Error) -> str:
    """Return the message of an error, or its type: only SQLite's own errors never quote a row."""
    is_safe = isinstance(error, ForeignFileError) or hasattr(error, "sqlite_errorcode")
    return str(error) if is_safe else type(error).__name__
