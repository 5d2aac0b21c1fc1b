"""Files that hold prompts belong to their owner alone, from birth."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def create_private_file(path: Path) -> None:
    """Create an empty file where there is none, for SQLite to open; its log files take its mode.

    What cannot be done here is left to SQLite, which says in its own words what it cannot do; on a
    file system that has no links it makes the file as it makes any.
    """
    with suppress(OSError):
        if path.exists():
            return
        # Born under another name: to close a file drops all locks that this process has on it,
        # also those of a thread that has found it there meanwhile.
        descriptor, born = tempfile.mkstemp(prefix=".respan-", dir=path.parent)
        os.close(descriptor)
        try:
            path.hardlink_to(born)
        finally:
            Path(born).unlink()
