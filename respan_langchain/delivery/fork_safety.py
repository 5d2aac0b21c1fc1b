"""Who must forget the parent process after a fork.

The hook cannot be taken back, so there is one for all, over weak references. It may only replace
things: a lock that some thread of the parent held stays locked for ever in the child, and a file
or a connection belongs to the parent.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that holds locks, threads, or what belongs to one process."""

    def after_fork(self) -> None:
        """In the child: begin anew; close nothing, start nothing, wait for nothing."""


class ForkHooks:
    """What the hooks do."""

    def __init__(self, longest_wait: float = 2.0) -> None:
        """A fork waits at most so many seconds for what should not be cut in two."""
        self.longest_wait = longest_wait
        self.watched: WeakSet[Forkable] = WeakSet()
        self.hooked = False
        self.whole = threading.RLock()
        self.waited: set[int] = set()
        """Threads that fork now and hold `whole`; two may fork at a time."""

    def before(self) -> None:
        """Wait for what is undivided, and let nothing else begin."""
        if self.whole.acquire(timeout=self.longest_wait):
            self.waited.add(get_ident())

    def in_parent(self) -> None:
        """Go on."""
        if get_ident() in self.waited:
            self.waited.discard(get_ident())
            self.whole.release()

    def in_child(self) -> None:
        """Tell everybody."""
        self.whole, self.waited = threading.RLock(), set()
        for forkable in list(self.watched):
            forkable.after_fork()


_forks = ForkHooks()


@contextmanager
def fork_guard() -> Iterator[None]:
    """Have forks wait for this, a moment at most.

    For what imports modules on a thread of ours: a child that is born in the middle of an import
    finds half a module, and its lock held for ever by a thread that it does not have.
    """
    with _forks.whole:
        yield


def register(forkable: Forkable) -> None:
    """Have it told of each fork, for as long as it lives."""
    if not _forks.hooked:
        _forks.hooked = True
        os.register_at_fork(
            before=_forks.before,
            after_in_parent=_forks.in_parent,
            after_in_child=_forks.in_child,
        )
    _forks.watched.add(forkable)
