"""One worker for each destination in a process, and what happens to them when the process ends.

At exit every worker gets one last flush, all of them together `exit_timeout` seconds; what is left
is counted and said in one line. No signal handler is installed unless `leave_on_sigterm` is called.
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
"""The part of `exit_timeout` that flushes may take; the rest is for what they leave undone, which
goes to disk or is counted, and for the interpreter to take itself apart."""


class WorkerRegistry:
    """The workers of this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._workers: dict[Hashable, Worker] = {}
        self._hooked: tuple[int, bool] | None = None

    def worker_for(self, key: Hashable, make: Callable[[], Worker]) -> Worker:
        """The worker of this destination, made if there is none that is open."""
        with self._lock:
            worker = self._workers.get(key)
            if worker is None or worker.closed:
                worker = self._workers[key] = make()
            worker.on_start = self.hook_exit
            self.hook_exit()
            return worker

    def hook_exit(self) -> None:
        """Have this process end with a last flush; each child needs its own hook."""
        processes = sys.modules.get("multiprocessing.process")
        is_child = processes is not None and processes.parent_process() is not None
        # A handler that comes as an argument is there before its process knows itself for a child,
        # and what it hooked by then is forgotten: it is hooked again when the first row comes.
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
        """The last flush of all workers at a time; Ctrl-C ends it at once."""
        workers = [worker for worker in list(self._workers.values()) if not worker.closed]
        try:
            _flush(workers)
        except KeyboardInterrupt:
            for worker in workers:
                worker.discard_pending("interrupted at exit")

    def after_fork(self) -> None:
        """In the child: the lock may be held by a thread that is not there."""
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
    """The one worker of this process for a destination; `make` is called if there is none yet."""
    fork_safety.register(_registry)
    return _registry.worker_for(key, make)


def leave_on_sigterm() -> None:
    """Turn SIGTERM into a normal exit with its last flush; call it from the main thread.

    Nothing calls it for you: what a signal does belongs to the application.
    """
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)
