"""Creates files that only their owner can read, and refuses files that others can have written."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def create_private_file(path: Path) -> None:
    """Create an empty file of mode 0600 for SQLite to open, unless one exists.

    SQLite gives its journal files the same mode. When this fails, SQLite reports the reason; on a
    file system without hard links, SQLite creates the file with the default mode.
    """
    with suppress(OSError):
        if path.exists():
            return
        # Create it under another name and link it: closing `path` itself would drop every lock that
        # this process holds on it, also a lock of a thread that has opened it meanwhile.
        descriptor, temporary = tempfile.mkstemp(prefix=".respan-", dir=path.parent)
        os.close(descriptor)
        try:
            path.hardlink_to(temporary)
        finally:
            Path(temporary).unlink()


def describe_untrusted_file(path: Path) -> str | None:
    """Say why a file is refused; None where it is trusted, missing, or has no owner (Windows).

    The superuser can write every file, so its files are trusted.
    """
    if os.name != "posix":
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    if found.st_uid not in (os.geteuid(), 0):
        return "it belongs to another user; chown it"
    if found.st_mode & stat.S_IWOTH:
        return "everybody may write to it; chmod o-w it"
    return None
