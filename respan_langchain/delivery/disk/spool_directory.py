"""The directory that spools share: one file for each process, with a lock that dies with it.

A file whose lock is free is an orphan; whoever gets the lock moves its rows into his own file. The
directory and everything in it belong to one user alone, from birth.
"""

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from respan_langchain.delivery.disk.spool import Spool, SpoolRow, is_damage
from respan_langchain.errors import ConfigurationError

MINE_ALONE = 0o700
NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC
BUNDLE = 500


def prepare(directory: Path) -> None:
    """Make the directory, or make sure that it is fit to hold prompts.

    Raises:
        ConfigurationError: It is a link, someone else's, or others may look into it.
    """
    try:
        directory.mkdir(mode=MINE_ALONE, parents=True, exist_ok=True)
        seen = directory.lstat()
    except OSError as error:
        raise ConfigurationError(f"spool_dir {directory}: {error.strerror}") from error
    if not stat.S_ISDIR(seen.st_mode):
        raise ConfigurationError(f"spool_dir {directory}: it is not a directory")
    if seen.st_uid != os.geteuid():
        raise ConfigurationError(f"spool_dir {directory}: it belongs to another user")
    if seen.st_mode & 0o077:
        raise ConfigurationError(f"spool_dir {directory}: others may look into it; chmod 700 it")


class Lock:
    """Held for as long as the process lives; other processes see when it is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take it; False when another process has it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_LINKS, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give it up, and remove its file; also in a forked child, whose copy would outlive us."""
        self.path.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Close our copy of it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def create(directory: Path) -> tuple[Spool, Lock]:
    """A new file of one's own.

    Raises:
        OSError, sqlite3.Error: The disk says no.
    """
    path = directory / f"{os.getpid()}-{uuid.uuid4().hex}.db"
    lock = Lock(path.with_suffix(".lock"))
    lock.acquire()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600))
        return Spool(path), lock
    except (OSError, sqlite3.Error):
        # It is tried again and again for as long as the disk is full.
        remove(path)
        lock.release()
        raise


def adopt_orphans(directory: Path, home: Spool) -> int:
    """Move the rows of processes that are gone into `home`; how many files there were."""
    adopted = 0
    for path in sorted(directory.glob("*.db")):
        if path != home.path and not path.is_symlink():
            adopted += _adopt(path, home)
    return adopted


def _adopt(path: Path, home: Spool) -> bool:
    lock = Lock(path.with_suffix(".lock"))
    if not lock.acquire():
        return False
    try:
        # Somebody else may have adopted it between our look at the directory and our lock.
        if path.exists():
            _move_rows(path, home)
            return True
    finally:
        lock.release()
    return False


def _move_rows(path: Path, home: Spool) -> None:
    """Copy, then delete: a crash in between leaves doubles, which the primary key will find."""
    try:
        orphan = Spool(path)
        try:
            for rows in _bundles(orphan.rows()):
                home.add((_strange(row) for row in rows), held=False)
        finally:
            orphan.close()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        set_aside(path)
        return
    remove(path)


def _strange(row: SpoolRow) -> SpoolRow:
    return SpoolRow(
        row.id, row.address, row.body, row.state, row.reason, row.attempts, row.captured
    )  # fmt: skip


def _bundles(rows: Iterator[SpoolRow]) -> Iterator[list[SpoolRow]]:
    bundle: list[SpoolRow] = []
    for row in rows:
        bundle.append(row)
        if len(bundle) == BUNDLE:
            yield bundle
            bundle = []
    yield bundle


def set_aside(path: Path) -> None:
    """Keep a damaged file for people to look at, out of the way."""
    suffix = f".corrupt-{int(time.time())}-{uuid.uuid4().hex[:8]}"
    for part in _parts(path):
        with contextlib.suppress(FileNotFoundError):
            part.rename(part.with_name(part.name + suffix))


def remove(path: Path) -> None:
    """Delete a file that is done with."""
    for part in _parts(path):
        part.unlink(missing_ok=True)


def _parts(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "")]
