"""A lock on a spool file that ends with its process, and a record of what the file holds.

The lock file is beside the database. After each commit its first bytes are set to how often the
database was changed, and how many rows it holds. Where the database differs from them, commits were
lost in a crash or by damage, which SQLite itself does not detect.
"""

import contextlib
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_RECORD: Final = struct.Struct("<QQ")
_LOCKED_BYTE: Final = 1 << 30
"""Windows locks bytes against reading: one far beyond the record."""


class Record(NamedTuple):
    """What a database held after a commit."""

    changes: int = 0
    rows: int = 0


class SpoolLock:
    """Held for as long as the process lives; other processes see when it is gone."""

    def __init__(self, path: Path) -> None:
        """Take nothing yet; `path` is the lock file."""
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process has it, or had it and removed the file.

        Raises:
            OSError: The file cannot be opened, or this system has no locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_LINKS, 0o600)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(os.close, descriptor)
            # The process that had the lock may have removed the file between the two calls.
            if not _lock(descriptor) or not os.fstat(descriptor).st_nlink:
                return False
            cleanup.pop_all()
        self._descriptor = descriptor
        return True

    def write(self, record: Record) -> None:
        """Record what the database holds, after a commit."""
        if self._descriptor is not None:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, _RECORD.pack(*record))

    def read(self) -> Record:
        """Return the last record; zeros when there is none."""
        if self._descriptor is None:
            return Record()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        found = os.read(self._descriptor, _RECORD.size)
        return Record(*_RECORD.unpack(found)) if len(found) == _RECORD.size else Record()

    def release(self) -> None:
        """Give the lock up, and remove its file."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close this process's copy; a forked child's copy would outlive the parent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting; False when another process has it."""
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(descriptor: int) -> bool:
    try:
        import msvcrt
    except ImportError:
        raise OSError(0, "this system has no file locks") from None
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # Windows only
    except OSError:
        return False
    return True
