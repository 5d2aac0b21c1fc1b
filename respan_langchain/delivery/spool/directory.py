"""The directory that spools share: one file for each process, with a lock that ends with it.

A file whose lock is free is an orphan; the process that gets the lock moves its rows into its own
file. A damaged file is set aside once its readable rows are moved; one that cannot be opened, or is
of another version, is left alone. The directory and its files are created for one user only.
"""

import contextlib
import os
import sqlite3
import stat
import uuid
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.spool.errors import UnsupportedSpoolError, cause_of, is_damage
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.lock import NO_LINKS, SpoolLock
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.errors import ConfigurationError

OWNER_ONLY = 0o700
MISSING = "the database is missing"


def prepare(directory: Path) -> None:
    """Create the directory, or check that it is private.

    Raises:
        ConfigurationError: It is a link, no directory, someone else's, or open to others.
        OSError: It cannot be made.
    """
    with contextlib.suppress(FileExistsError, NotADirectoryError):
        _make(directory)
    check(directory)


def check(directory: Path) -> None:
    """Check that an existing directory is private, since it will hold prompts.

    Raises:
        ConfigurationError: It is a link, no directory, someone else's, or open to others.
    """
    try:
        found = directory.lstat()
    except OSError:
        return  # it is made with the first row; until that is possible, rows stay in memory
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigurationError(f"spool_dir {directory}: it is not a directory")
    if os.name != "posix":
        return  # Windows has no modes: a directory below the user's own is the user's
    if found.st_uid != os.geteuid():
        raise ConfigurationError(f"spool_dir {directory}: it belongs to another user")
    if found.st_mode & 0o077:
        raise ConfigurationError(f"spool_dir {directory}: others may read it; chmod 700 it")


def _make(directory: Path) -> None:
    if directory.exists():
        return
    _make(directory.parent)
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=OWNER_ONLY)
        directory.chmod(OWNER_ONLY)  # whatever the umask is


def create(directory: Path) -> SpoolFile:
    """Make a new file for this process, with its lock.

    Raises:
        OSError, sqlite3.Error: The disk fails.
    """
    path = directory / f"{os.getpid()}-{uuid.uuid4().hex}.db"
    lock = SpoolLock(path.with_suffix(".lock"))
    if not lock.acquire():
        return create(directory)  # another process took the new lock file for an orphan's
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600)
        os.close(descriptor)
        for file in (path, lock.path):
            file.chmod(0o600)  # whatever the umask is
        return SpoolFile(path, lock)
    except (OSError, sqlite3.Error):
        # The caller retries while the disk is full, so nothing may be left behind.
        remove(path)
        lock.release()
        raise


def has_files(directory: Path) -> bool:
    """Whether any process has written here."""
    return any(directory.glob("*.db")) or any(directory.glob("*.lock"))


@dataclass(slots=True)
class Orphan:
    """A file of a process that has ended, and the result of its adoption."""

    path: Path
    damaged: list[SpoolRow] = field(default_factory=list)
    """Rows whose content is not what was written."""
    lost: int = 0
    """Rows that were committed and are missing: at least so many, if it has lost commits."""
    problem: str = ""
    """Why the file could not be read in full."""
    has_lost_commits: bool = False
    """Whether its rows may have been sent, or deleted, in commits that are missing."""
    keys: list[str] = field(default_factory=list)
    """Rows that were read."""

    def rows(self, spool: SpoolFile, skipped: Collection[str]) -> Iterator[SpoolRow]:
        """Return the rows that can be read, except those that are `skipped`."""
        try:
            for row in spool.rows():
                if row.damaged:
                    self.damaged.append(row)
                    continue
                self.keys.append(row.key)
                if row.key not in skipped:
                    maybe_sent = self.has_lost_commits and row.state == "pending"
                    yield replace(row, state="unconfirmed") if maybe_sent else row
        except sqlite3.Error as error:
            self.problem = cause_of(error)


def adopt_orphans(directory: Path, home: SpoolFile) -> Iterator[Orphan]:
    """Move the rows of processes that have ended into `home`; return the result for each file.

    Raises:
        OSError, sqlite3.Error: The directory or `home` fails, never an orphan.
    """
    locks = {path.with_suffix(".db") for path in directory.glob("*.lock")}
    for path in sorted({*directory.glob("*.db"), *locks}):
        if path != home.path and not path.is_symlink():
            orphan = _adopt(path, home)
            if orphan is not None:
                yield orphan


def _adopt(path: Path, home: SpoolFile) -> Orphan | None:
    lock = SpoolLock(path.with_suffix(".lock"))
    try:
        if not lock.acquire():
            return None
    except OSError as error:
        return Orphan(path, problem=cause_of(error))
    keeps_lock = False
    try:
        if path.exists():
            orphan = _move_file(Orphan(path), lock, home)
        elif lock.read().rows:
            orphan = Orphan(path, lost=lock.read().rows, problem=MISSING)
            set_aside(path)
        else:
            return None  # adopted by another process since the directory was read
        # A file that is left alone keeps its record, for the version that can read it.
        keeps_lock = path.exists()
        return orphan
    finally:
        if keeps_lock:
            lock.close()
        else:
            lock.release()


def _move_file(orphan: Orphan, lock: SpoolLock, home: SpoolFile) -> Orphan:
    """Move its rows, then delete the file, or set it aside if some are damaged."""
    try:
        spool = SpoolFile(orphan.path, lock)
    except UnsupportedSpoolError as error:
        orphan.problem = cause_of(error)
        return orphan
    except sqlite3.Error as error:
        orphan.problem = cause_of(error)
        if is_damage(error):
            orphan.lost = lock.read().rows
            set_aside(orphan.path)
        return orphan
    with closing(spool):
        move_rows(orphan, spool, home)
        if orphan.problem:
            set_aside(orphan.path)  # before it is closed: closing it would rewrite what is left
            return orphan
    remove(orphan.path)
    return orphan


def move_rows(
    orphan: Orphan, spool: SpoolFile, home: SpoolFile, skipped: Collection[str] = ()
) -> None:
    """Copy all rows or none; after a crash before the file is deleted, keys prevent duplicates.

    Rows that are `skipped` are in memory as well, or done, and so are never lost.
    """
    expected = _count_rows(orphan, spool)
    home.add(orphan.rows(spool, skipped), in_memory=False)
    seen = len(set(orphan.keys)) + len(orphan.damaged)  # a damaged tree may lead to a page twice
    safe = set(skipped).difference(orphan.keys, [row.key for row in orphan.damaged])
    orphan.lost = max(0, expected - seen - len(safe))
    orphan.damaged = [row for row in orphan.damaged if row.key not in set(skipped)]
    # Rows that were removed in lost commits are seen again, and hide as many that are missing.
    if orphan.damaged or orphan.lost or orphan.has_lost_commits:
        orphan.problem = orphan.problem or "rows are damaged or missing"


def _count_rows(orphan: Orphan, spool: SpoolFile) -> int:
    """Return how many rows the file should have, by its own count and by the lock's record."""
    recorded = spool.lock.read()
    try:
        own = spool.record()
    except sqlite3.Error as error:
        orphan.problem = orphan.problem or cause_of(error)
        return recorded.rows
    orphan.has_lost_commits = recorded.changes > own.changes
    return recorded.rows if orphan.has_lost_commits else own.rows


def set_aside(path: Path) -> None:
    """Rename a damaged file, which is kept for inspection."""
    suffix = f".corrupt-{int(CLOCK.time())}-{uuid.uuid4().hex[:8]}"
    for part in _parts(path):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            part.rename(part.with_name(part.name + suffix))


def remove(path: Path) -> None:
    """Delete a file whose rows are all moved or done."""
    for part in _parts(path):
        part.unlink(missing_ok=True)


def _parts(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "")]
