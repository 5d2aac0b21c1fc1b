"""The spool file that this process writes: made when it is needed, and again when it is lost.

While the disk fails, the file is left alone for a while, and rows stay in memory.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from respan_langchain.delivery.fork_safety import ForkGuard
from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.errors import cause_of, is_damage
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.errors import ConfigurationError

FIRST_RETRY: Final = 1.0
MAX_RETRY: Final = 30.0
"""Seconds that a failing disk is left alone."""


class OwnFile:
    """One file at a time."""

    def __init__(self, place: Path) -> None:
        """Make nothing yet; `place` is the directory."""
        self._place = place
        self._broken: SpoolFile | None = None
        self._failures = 0
        self._retry_at = float("-inf")
        self._fork_guard = ForkGuard()
        self.file: SpoolFile | None = None
        self.last_error: str | None = None
        """Why the disk is not used now."""

    def open(self, now: float) -> SpoolFile | None:
        """Return the file, made if there is none; None while the disk fails."""
        if now < self._retry_at:
            return None
        if self.file is not None and not self.file.path.exists():
            self._broken, self.file = self.file or self._broken, None
        if self.file is None:
            with self.using(now):
                directory.prepare(self._place)
                self.file = directory.create(self._place)
        return self.file

    @contextmanager
    def using(self, now: float) -> Iterator[None]:
        """Continue in memory when the disk fails; forks wait, since SQLite has locks."""
        try:
            with self._fork_guard:
                yield
        except (sqlite3.Error, OSError, ConfigurationError) as error:
            self.last_error = cause_of(error)
            self._retry_at = now + min(MAX_RETRY, FIRST_RETRY * 2**self._failures)
            self._failures += 1
            if isinstance(error, sqlite3.Error) and is_damage(error):
                self._broken, self.file = self.file or self._broken, None
                self._retry_at = float("-inf")  # a new file may work
        else:
            self.last_error, self._failures = None, 0

    def retry_now(self) -> None:
        """Use the disk again at once after a failure."""
        self._retry_at = float("-inf")

    def take_broken(self) -> SpoolFile | None:
        """Return, once, a file that is no longer used because it is damaged or was removed."""
        broken, self._broken = self._broken, None
        return broken

    def close(self) -> None:
        """Leave the file for another process, or delete it where it is empty."""
        file, self.file = self.file, None
        if file is None:
            return
        is_empty = False
        with self.using(0.0):
            is_empty = not file.counts()
            file.close()
        if is_empty:
            directory.remove(file.path)
            file.lock.release()
        else:
            file.lock.close()

    def leave_to_parent(self) -> None:
        """In a forked child: neither use nor close the file, which is the parent's."""
        if self.file is not None:
            self.file.leave_to_parent()
            self.file.lock.close()
