"""Which rows of a worker were sent to the platform directly, and which of them it has."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from respan_langchain.fleet.encoding import digest_body

REMEMBERED: Final = 100_000
"""Rows; more than wait in a process as a rule."""


class DirectRows:
    """Written by the sender thread, read by any; without a lock, which a fork could leave held."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start with no rows, in a child process."""
        self._is_stored: OrderedDict[bytes, bool] = OrderedDict()
        """By the digest of a row: whether the platform has it."""
        self.stored = 0
        """Number of rows that the platform stored."""

    def was_sent(self, body: bytes) -> bool:
        """Whether this row was sent directly the last time."""
        return digest_body(body) in self._is_stored

    def has_stored(self, digest: bytes) -> bool:
        """Whether the platform stored the row of this digest."""
        return self._is_stored.get(digest, False)

    def on_sent(self, bodies: Iterable[bytes]) -> None:
        """Note rows that are about to be sent."""
        for body in bodies:
            self._is_stored[digest_body(body)] = False
        while len(self._is_stored) > REMEMBERED:
            self._is_stored.popitem(last=False)

    def on_stored(self, bodies: Iterable[bytes]) -> None:
        """Note rows that the platform stored."""
        for digest in map(digest_body, bodies):
            self.stored += not self._is_stored.get(digest, False)
            self._is_stored[digest] = True

    def on_lookup(self, bodies: Sequence[bytes], counts: Sequence[int]) -> None:
        """Note which unconfirmed rows a lookup shows."""
        shown = (body for body, count in zip(bodies, counts, strict=False) if count)
        self.on_stored(body for body in shown if self.was_sent(body))  # no marker row

    def on_added(self, bodies: Iterable[bytes]) -> None:
        """Forget rows that are added to the stream instead."""
        for body in bodies:
            self._is_stored.pop(digest_body(body), None)
