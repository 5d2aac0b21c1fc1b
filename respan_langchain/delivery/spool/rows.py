"""A row on disk, and its table.

Each row has a key of its own, since two rows may have the same `custom_identifier`, and a checksum.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

SpoolState = Literal["pending", "unconfirmed", "dead"]
STATES: tuple[SpoolState, ...] = get_args(SpoolState)

VERSION: Final = 4
SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE rows (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    dataset TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    in_memory INTEGER NOT NULL DEFAULT 0,
    captured REAL NOT NULL,
    changed REAL NOT NULL
);
CREATE INDEX loadable ON rows (number) WHERE in_memory = 0 AND state != 'dead';
CREATE TABLE record (changes INTEGER NOT NULL, rows INTEGER NOT NULL);
INSERT INTO record VALUES (0, 0);
CREATE TRIGGER row_added AFTER INSERT ON rows BEGIN UPDATE record SET rows = rows + 1; END;
CREATE TRIGGER row_removed AFTER DELETE ON rows BEGIN UPDATE record SET rows = rows - 1; END;
PRAGMA user_version = 4;
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A row on disk."""

    key: str
    id: str
    dataset: str
    body: bytes
    state: SpoolState = "pending"
    reason: str = ""
    """Why it is a dead letter: the platform's message."""
    attempts: int = 0
    """How often it was sent."""
    captured: float = 0.0
    """When it was first written, in seconds since the epoch; 0 for a new row."""
    changed: float = 0.0
    """When its state last changed."""
    damaged: bool = False
    """Its content is not what was written; the body is empty."""


COLUMNS = "key, id, dataset, body, checksum, state, reason, attempts, captured, changed"
TYPES = [str, str, str, bytes, int, str, str, int, float, float]
"""Their types, unless the file is damaged."""


def read_spool_row(columns: Sequence[Any]) -> SpoolRow:
    """Read a row of `COLUMNS`; a damaged one has no body."""
    key, row_id, dataset, body, checksum, state, *more = columns
    well_formed = [type(value) for value in columns] == TYPES and state in STATES
    if not well_formed or _checksum(key, row_id, dataset, body) != checksum:
        return SpoolRow(str(key), str(row_id), str(dataset), b"", state, damaged=True)
    return SpoolRow(key, row_id, dataset, body, state, *more)


def column_values(row: SpoolRow, *, in_memory: bool, now: float) -> tuple[Any, ...]:
    """Return the values of a row to be written."""
    checksum = _checksum(row.key, row.id, row.dataset, row.body)
    return (
        row.key, row.id, row.dataset, row.body, checksum,
        row.state, row.reason, row.attempts, in_memory, row.captured or now, now,
    )  # fmt: skip


def _checksum(key: str, row_id: str, dataset: str, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(f"{key} {row_id} {dataset}".encode()))
