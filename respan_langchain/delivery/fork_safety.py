"""What happens to our threads, locks and files when the process forks.

Registered hooks cannot be removed, so there is one set of them for all, over weak references. In a
child they only replace things: a lock that some thread of the parent held stays locked for ever in
the child, and a file or a connection belongs to the parent. Systems without `fork` need none.
"""

import os
import threading
from threading import get_ident
from typing import Final, Protocol, Self
from weakref import WeakSet

from respan_langchain._clock import CLOCK

MAX_WAIT: Final = 2.0
"""Seconds that a fork waits at most for guarded work to end."""


class Forkable(Protocol):
    """Something that holds locks, threads, or what belongs to one process."""

    def after_fork(self) -> None:
        """In the child: begin anew; close nothing, start nothing, wait for nothing."""


class ForkHooks:
    """What the hooks do."""

    def __init__(self, max_wait: float = MAX_WAIT) -> None:
        self.max_wait = max_wait
        self.registered: WeakSet[Forkable] = WeakSet()
        self.guards: WeakSet[ForkGuard] = WeakSet()
        self._held: dict[int, list[ForkGuard]] = {}
        """Guards that a thread holds while it forks; two may fork at a time."""

    def before(self) -> None:
        """Wait for guarded work, a moment at most, and let no other begin."""
        deadline = CLOCK.monotonic() + self.max_wait
        guards = list(self.guards)
        held = [guard for guard in guards if guard.acquire(deadline - CLOCK.monotonic())]
        self._held[get_ident()] = held

    def in_parent(self) -> None:
        """Let guarded work go on."""
        for guard in self._held.pop(get_ident(), ()):
            guard.release()

    def in_child(self) -> None:
        """Have everything begin anew."""
        self._held = {}
        for guard in list(self.guards):
            guard.after_fork()
        for forkable in list(self.registered):
            forkable.after_fork()


_hooks = ForkHooks()
_is_hooked = False


class ForkGuard:
    """`with guard:` makes forks wait for the work inside, a moment at most.

    For imports on a thread of ours, since a child that is born in the middle of one finds half a
    module and its lock held for ever; and for SQLite, which has locks that no fork resets.
    """

    def __init__(self, hooks: ForkHooks = _hooks) -> None:
        self._lock = threading.RLock()
        _hook()
        hooks.guards.add(self)

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def acquire(self, timeout: float) -> bool:
        """Keep work from beginning; False when some has not ended in time."""
        return self._lock.acquire(timeout=max(0.0, timeout))

    def release(self) -> None:
        """Let work begin again."""
        self._lock.release()

    def after_fork(self) -> None:
        """In the child: its holder, if any, is not there."""
        self._lock = threading.RLock()


def register(forkable: Forkable) -> None:
    """Have it begin anew in each child, for as long as it lives."""
    _hook()
    _hooks.registered.add(forkable)


def _hook() -> None:
    global _is_hooked  # noqa: PLW0603  # once for the process
    if not _is_hooked and hasattr(os, "register_at_fork"):
        _is_hooked = True
        os.register_at_fork(
            before=_hooks.before,
            after_in_parent=_hooks.in_parent,
            after_in_child=_hooks.in_child,
        )
