"""Creates files that only their owner can read, since they will hold prompts."""

import os
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
