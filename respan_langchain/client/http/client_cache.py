"""One connection pool per process and event loop, replaced after the machine was suspended.

Two processes that share a connection read each other's responses, and a connection that was open
while the machine slept has probably been closed by its server. There is no lock, since a fork may
happen while another thread holds it.
"""

import os
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from respan_langchain._clock import CLOCK

Client = TypeVar("Client")

SUSPEND_THRESHOLD = 1.0
"""Seconds that the wall clock must gain: the monotonic clock stands still during a suspension."""


class ClientKey(NamedTuple):
    """Where, and between which suspensions, a client may be used."""

    process: int
    loop: object
    resumes: int


def clock_offset() -> float:
    """Return the seconds between the monotonic and the wall clock."""
    return CLOCK.time() - CLOCK.monotonic()


class ClientCache(Generic[Client]):
    """Creates clients when they are first needed, and keeps them."""

    def __init__(
        self,
        create: Callable[[], Client],
        process: Callable[[], int] = os.getpid,
        clock_offset: Callable[[], float] = clock_offset,
        loop: Callable[[], object] = lambda: None,
    ) -> None:
        """`process` and `loop` identify the current process and the running event loop."""
        self._create = create
        self._process = process
        self._clock_offset = clock_offset
        self._loop = loop
        self._last_offset = clock_offset()
        self._resumes = 0
        self._clients: dict[ClientKey, Client] = {}

    def current(self) -> tuple[Client, list[Client]]:
        """Return the client to use, and outdated clients that the caller must close.

        A client inherited through a fork is in neither: closing it could close a descriptor that
        the child has opened under the same number, so it stays in the cache unused.
        """
        key = self._current_key()
        if key in self._clients:
            return self._clients[key], []
        created = self._create()
        kept = self._clients.setdefault(key, created)
        outdated = self._remove(lambda other: other[:2] == key[:2] and other != key)
        # Two threads may have created one each; the second returns its own to be closed.
        return kept, outdated if kept is created else [*outdated, created]

    def take_all(self) -> list[Client]:
        """Remove and return every client of this process; the caller must close them."""
        return self._remove(lambda other: other.process == self._process())

    def _current_key(self) -> ClientKey:
        offset, before = self._clock_offset(), self._last_offset
        self._last_offset = offset
        if abs(offset - before) > SUSPEND_THRESHOLD:
            self._resumes += 1
        return ClientKey(self._process(), self._loop(), self._resumes)

    def _remove(self, is_old: Callable[[ClientKey], bool]) -> list[Client]:
        old = [self._clients.pop(key, None) for key in list(self._clients) if is_old(key)]
        return [client for client in old if client is not None]
