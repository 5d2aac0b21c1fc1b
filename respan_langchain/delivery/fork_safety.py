"""What happens to our threads, locks and files when the process forks.

Registered hooks cannot be removed, so one set of hooks serves all objects, through weak references.
In a child they only replace objects: a lock that a thread of the parent held stays locked for ever
in the child, and files and connections belong to the parent. Systems without `fork` need no hooks.
"""

import os
import threading
from threading import get_ident
from typing import Final, Protocol, Self
from weakref import WeakSet

from respan_langchain._clock import CLOCK

MAX_FORK_WAIT: Final = 2.0
"""Seconds that a fork waits at most for guarded work to end."""


class Forkable(Protocol):
    """An object with locks, threads or other state that belongs to one process."""

    def after_fork(self) -> None:
        """In a forked child: reset the state; close nothing, start nothing, wait for nothing."""


class ForkHooks:
    """The hooks that run before and after a fork."""

    def __init__(self, max_wait: float = MAX_FORK_WAIT) -> None:
        self.max_wait = max_wait
        self.registered: WeakSet[Forkable] = WeakSet()
        self.guards: WeakSet[ForkGuard] = WeakSet()
        self._held: dict[int, list[ForkGuard]] = {}
        """Guards that a thread holds while it forks; two threads may fork at the same time."""

    def before(self) -> None:
        """Wait up to `max_wait` for guarded work to end, and prevent new guarded work."""
        deadline = CLOCK.monotonic() + self.max_wait
        guards = list(self.guards)
        held = [guard for guard in guards if guard.acquire(deadline - CLOCK.monotonic())]
        self._held[get_ident()] = held

    def in_parent(self) -> None:
        """Allow guarded work again."""
        for guard in self._held.pop(get_ident(), ()):
            guard.release()

    def in_child(self) -> None:
        """Reset all guards and registered objects."""
        self._held = {}
        for guard in list(self.guards):
            guard.after_fork()
        for forkable in list(self.registered):
            forkable.after_fork()


_hooks = ForkHooks()
_is_hooked = False


class ForkGuard:
    """`with guard:` makes forks wait for the work inside, for `MAX_FORK_WAIT` seconds at most.

    For imports on our threads, since a child that is forked during an import has a partial module
    whose lock is never released; and for SQLite, whose locks a fork does not reset.
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
        """Prevent new guarded work; False when running work has not ended in time."""
        return self._lock.acquire(timeout=max(0.0, timeout))

    def release(self) -> None:
        """Allow guarded work again, for the thread that called `acquire`."""
        self._lock.release()

    def after_fork(self) -> None:
        """In a forked child: replace the lock, since its holder does not exist here."""
        self._lock = threading.RLock()


def register(forkable: Forkable) -> None:
    """Call its `after_fork` in each forked child, until it is deleted."""
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
