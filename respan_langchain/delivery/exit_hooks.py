"""One worker for each destination in a process, and what happens to them when the process ends.

At exit all workers get one last flush, within `exit_timeout` seconds in all; the remaining rows are
counted and logged in one line. Only `leave_on_sigterm` installs a signal handler.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Hashable
from types import FrameType

from respan_langchain._clock import CLOCK
from respan_langchain.delivery import fork_safety
from respan_langchain.delivery.worker import Worker

FOR_FLUSHES = 0.95
"""The part of `exit_timeout` for flushes. In the rest of it the worker writes the remaining rows to
disk or counts them, and the interpreter shuts down."""


class WorkerRegistry:
    """The workers of this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._workers: dict[Hashable, Worker] = {}
        self._hooked: tuple[int, bool] | None = None

    def worker_for(self, key: Hashable, make: Callable[[], Worker]) -> Worker:
        """Return the open worker of this destination; make one if there is none."""
        with self._lock:
            worker = self._workers.get(key)
            if worker is None or worker.closed:
                worker = self._workers[key] = make()
            worker.on_start = self.hook_exit
            self.hook_exit()
            return worker

    def hook_exit(self) -> None:
        """Register a last flush at the exit of this process; each child process needs its own."""
        processes = sys.modules.get("multiprocessing.process")
        is_child = processes is not None and processes.parent_process() is not None
        # A handler that is passed to a child as an argument is unpickled before multiprocessing has
        # set up the child, which clears the hook: the first row registers it again.
        if self._hooked == (os.getpid(), is_child):
            return
        self._hooked = os.getpid(), is_child
        if is_child:
            # Children of multiprocessing leave through os._exit; up to 3.12 without atexit.
            from multiprocessing.util import Finalize

            Finalize(None, self.finish, exitpriority=100)
        else:
            atexit.register(self.finish)

    def finish(self) -> None:
        """Flush all workers at the same time, for the last time; Ctrl-C ends it at once."""
        workers = [worker for worker in list(self._workers.values()) if not worker.closed]
        try:
            _flush(workers)
        except KeyboardInterrupt:
            for worker in workers:
                worker.discard_pending("interrupted at exit")

    def after_fork(self) -> None:
        """In a forked child: replace the lock, which a thread of the parent may hold."""
        self._lock = threading.RLock()


def _flush(workers: list[Worker]) -> None:
    started = CLOCK.monotonic()
    for worker in workers:
        worker.begin_flush(worker.limits.exit_timeout * FOR_FLUSHES)
    for worker in workers:
        left = worker.limits.exit_timeout * FOR_FLUSHES - (CLOCK.monotonic() - started)
        result = worker.flush(max(0.0, left))
        if result.all_counted and not result.pending:
            worker.send_inline_after_exit(max(0.0, left))
        else:
            worker.discard_pending("no time was left at exit")


_registry = WorkerRegistry()


def worker_for(key: Hashable, make: Callable[[], Worker]) -> Worker:
    """Return this process's worker for a destination; `make` is called if there is none."""
    fork_safety.register(_registry)
    return _registry.worker_for(key, make)


def leave_on_sigterm() -> None:
    """Turn SIGTERM into a normal exit with its last flush; call it from the main thread.

    The library never calls it: signal handlers belong to the application.
    """
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)
