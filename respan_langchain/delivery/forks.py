"""Who must forget the parent process after a fork.

The hook cannot be taken back, so there is one for all, over weak references. It may only replace
things: a lock that some thread of the parent held stays locked for ever in the child, and a file
or a connection belongs to the parent.
"""

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that holds locks, threads, or what belongs to one process."""

    def after_fork(self) -> None:
        """In the child: begin anew; close nothing, start nothing, wait for nothing."""


_watched: WeakSet[Forkable] = WeakSet()
_hooked: list[bool] = []


def watch(forkable: Forkable) -> None:
    """Have it told of each fork, for as long as it lives."""
    if not _hooked:
        _hooked.append(True)
        os.register_at_fork(after_in_child=_tell_all)
    _watched.add(forkable)


def _tell_all() -> None:
    for forkable in list(_watched):
        forkable.after_fork()
