"""One HTTP client per process, and a new one when the process was frozen and wakes up.

A connection that two processes share mixes up their answers, and one that slept through its
server's goodbye makes the next request ambiguous. No lock: a fork may come while another thread
holds it.
"""

import os
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

Client = TypeVar("Client")

SUSPEND_THRESHOLD = 1.0
"""Seconds by which the clocks must part: the monotonic one stands still while a machine sleeps."""


class ClientKey(NamedTuple):
    """Where and since when a client may be used."""

    process: int
    loop: object
    resumes: int


def clock_offset() -> float:
    """Seconds from the monotonic clock to the clock on the wall."""
    return time.time() - time.monotonic()


class ClientCache(Generic[Client]):
    """The client to use now, made when it is first needed."""

    def __init__(
        self,
        make: Callable[[], Client],
        process: Callable[[], int] = os.getpid,
        clock_offset: Callable[[], float] = clock_offset,
        loop: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare for the first use.

        Args:
            make: Makes a client.
            process: Tells one process from another.
            clock_offset: Tells how far the clocks are apart.
            loop: Tells one event loop from another, where clients belong to one.
        """
        self._make = make
        self._process = process
        self._clock_offset = clock_offset
        self._loop = loop
        self._last_offset = clock_offset()
        self._resumes = 0
        self._clients: dict[ClientKey, Client] = {}

    def current(self) -> tuple[Client, list[Client]]:
        """Return the client to use, and those that are to be closed now.

        A client that was inherited through a fork is in neither: it is kept and never touched,
        since closing it could close what the child has opened under the same number.
        """
        gap, before = self._clock_offset(), self._last_offset
        self._last_offset = gap
        if abs(gap - before) > SUSPEND_THRESHOLD:
            self._resumes += 1
        key = ClientKey(self._process(), self._loop(), self._resumes)
        if key in self._clients:
            return self._clients[key], []
        made = self._make()
        kept = self._clients.setdefault(key, made)
        # Two threads may have made one each; the second to come has to give up its own.
        outdated = self._remove(lambda other: other[:2] == key[:2] and other != key)
        return kept, outdated if kept is made else [*outdated, made]

    def take_all(self) -> list[Client]:
        """Give up every client of this process, to be closed."""
        return self._remove(lambda other: other.process == self._process())

    def _remove(self, is_old: Callable[[ClientKey], bool]) -> list[Client]:
        old = [self._clients.pop(key, None) for key in list(self._clients) if is_old(key)]
        return [client for client in old if client is not None]
