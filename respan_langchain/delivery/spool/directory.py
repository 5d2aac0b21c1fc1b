"""The directory that spools share: one file for each process, with a lock that dies with it.

A file whose lock is free is an orphan; whoever gets the lock moves its rows into his own file. One
that cannot be read to its end is set aside, one that cannot even be opened is left alone: neither
keeps anybody from the others. The directory and all in it belong to one user alone, from birth.
"""

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from respan_langchain.delivery.spool.file import SpoolFile, SpoolRow, cause_of, is_damage
from respan_langchain.errors import ConfigurationError

MINE_ALONE = 0o700
NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC


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


def create(directory: Path) -> tuple[SpoolFile, Lock]:
    """A new file of one's own.

    Raises:
        OSError, sqlite3.Error: The disk says no.
    """
    path = directory / f"{os.getpid()}-{uuid.uuid4().hex}.db"
    lock = Lock(path.with_suffix(".lock"))
    lock.acquire()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600))
        return SpoolFile(path), lock
    except (OSError, sqlite3.Error):
        # It is tried again and again for as long as the disk is full.
        remove(path)
        lock.release()
        raise


@dataclass(slots=True)
class Orphan:
    """A file that a process left, and what became of it."""

    path: Path
    damaged: list[SpoolRow] = field(default_factory=list)
    """Rows that are lost."""
    problem: str = ""
    """Why the rest of it, or all of it, could not be read."""

    def rows(self, spool: SpoolFile) -> Iterator[SpoolRow]:
        """Those that can be read."""
        try:
            for row in spool.rows():
                stranger = replace(row, owner=0)
                if row.damaged:
                    self.damaged.append(stranger)
                else:
                    yield stranger
        except sqlite3.Error as error:
            self.problem = cause_of(error)


def adopt_orphans(directory: Path, home: SpoolFile) -> Iterator[Orphan]:
    """Move the rows of processes that are gone into `home`; what became of each file.

    Raises:
        OSError, sqlite3.Error: The directory or `home` says no, never an orphan.
    """
    for path in sorted(directory.glob("*.db")):
        if path != home.path and not path.is_symlink():
            orphan = _adopt(path, home)
            if orphan is not None:
                yield orphan


def _adopt(path: Path, home: SpoolFile) -> Orphan | None:
    lock = Lock(path.with_suffix(".lock"))
    try:
        if not lock.acquire():
            return None
    except OSError as error:
        return Orphan(path, problem=cause_of(error))
    try:
        # Somebody else may have adopted it between our look at the directory and our lock.
        return _move_rows(Orphan(path), home) if path.exists() else None
    finally:
        lock.release()


def _move_rows(orphan: Orphan, home: SpoolFile) -> Orphan:
    """Copy all or nothing, then delete: a crash in between leaves doubles for the primary key."""
    try:
        spool = SpoolFile(orphan.path)
    except sqlite3.Error as error:
        orphan.problem = cause_of(error)
        if is_damage(error):
            set_aside(orphan.path)
        return orphan
    with closing(spool):
        home.add(orphan.rows(spool), held=False)
    if orphan.problem or orphan.damaged:
        set_aside(orphan.path)
    else:
        remove(orphan.path)
    return orphan


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
