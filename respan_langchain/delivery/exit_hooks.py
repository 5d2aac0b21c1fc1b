"""One worker for each destination in a process, and what happens to them when the process ends.

A worker is kept by the handlers that use it, and here while it has something to deliver.
At exit all workers get one last flush, within `exit_timeout` seconds in all; the remaining rows are
counted and logged in one line. Rows of exit hooks that run later are sent in the time that is left;
those that are not delivered are logged in one line by a hook that was registered at the import of
this module, and so runs after most others.

No signal handler is installed (`sigterm.py` has one that an app may ask for); Ctrl-C is ignored
while rows are discarded.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from weakref import WeakValueDictionary

from respan_langchain._clock import CLOCK
from respan_langchain.delivery import _server_compat, fork_safety
from respan_langchain.delivery.flush import FlushResult
from respan_langchain.delivery.threads import run_in_thread
from respan_langchain.delivery.worker import Worker

FOR_FLUSHES = 0.95
"""The part of `exit_timeout` for flushes. In the rest of it the worker writes the remaining rows to
disk or counts them, and the interpreter shuts down."""


class WorkerRegistry:
    """The workers of a process, by their destination."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._workers: WeakValueDictionary[Hashable, Worker] = WeakValueDictionary()
        self._busy: set[Worker] = set()
        self._hooked: tuple[int, bool] | None = None
        self._finished_at: float | None = None
        self._late: set[Worker] = set()
        self._late_is_logged = False

    def get(self, key: Hashable, make: Callable[[], Worker]) -> Worker:
        """Return the open worker of this destination; make one if there is none."""
        fork_safety.register(self)
        with self._lock:
            worker = self._workers.get(key)
            if worker is None or worker.closed:
                worker = self._workers[key] = make()
                if self._finished_at is not None:
                    # An exit hook that runs after ours made a handler.
                    worker.send_inline_after_exit(_time_left(worker, self._finished_at))
            worker.on_busy, worker.on_idle = self._keep, self._busy.discard
            worker.on_late = self._keep_late
            self._hook_exit()
            return worker

    def _keep(self, worker: Worker) -> None:
        self._busy.add(worker)
        self._hook_exit()

    def _keep_late(self, worker: Worker) -> bool:
        """Keep a worker for `finish_late`; False when that hook does not follow."""
        follows = self._finished_at is not None and not self._late_is_logged
        if follows:
            self._late.add(worker)
        return follows

    def _hook_exit(self) -> None:
        """Register a last flush at the exit of this process; each child process needs its own."""
        _server_compat.flush_after_server_shutdown(self.close_open_and_flush)
        processes = sys.modules.get("multiprocessing.process")
        is_child = processes is not None and processes.parent_process() is not None
        # A handler that is passed to a child as an argument is unpickled before multiprocessing has
        # set up the child, which clears the hook: the first row registers it again.
        if self._hooked == (os.getpid(), is_child):
            return
        self._hooked = os.getpid(), is_child
        _server_compat.flush_in_celery_children(self.finish)
        if is_child:
            # Children of multiprocessing leave through os._exit; up to 3.12 without atexit.
            from multiprocessing.util import Finalize

            Finalize(None, self.finish, exitpriority=100)
            Finalize(None, self.finish_late, exitpriority=-100)
        else:
            atexit.register(self.finish)

    def flush(self) -> None:
        """Flush all workers at the same time, within `exit_timeout`; they and open runs go on."""
        for _ in _flush(self._open_workers()):
            pass

    def close_open_and_flush(self) -> None:
        """Close all open runs, then flush; the workers continue."""
        for worker in self._open_workers():
            worker.close_open_runs()
        self.flush()

    def finish(self) -> None:
        """Flush all workers for the last time; Ctrl-C ends the flush at once."""
        workers = self._open_workers()
        self._finished_at = CLOCK.monotonic()
        try:
            for worker in workers:
                worker.close_open_runs()
            for worker, result, left in _flush(workers):
                if result.is_complete:
                    worker.send_inline_after_exit(left)
                else:
                    with _ctrl_c_ignored():
                        worker.discard_at_exit()
        except KeyboardInterrupt:
            with _ctrl_c_ignored():
                for worker in workers:
                    worker.discard_pending("interrupted at exit")

    def finish_late(self) -> None:
        """Discard and log the rows that came after the last flush and are not delivered."""
        self._late_is_logged = True
        with _ctrl_c_ignored():
            while self._late:
                worker = self._late.pop()
                worker.discard_at_exit()
                worker.log_unlogged()

    def after_fork(self) -> None:
        """In a forked child: replace the lock, which a thread of the parent may hold."""
        self._lock = threading.RLock()

    def _open_workers(self) -> list[Worker]:
        return [worker for worker in list(self._workers.values()) if not worker.closed]


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Ignore Ctrl-C while rows are discarded and logged, a second per worker at most."""
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or previous is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _flush(workers: Sequence[Worker]) -> Iterator[tuple[Worker, FlushResult, float]]:
    """Flush all of them at the same time; yield each with the seconds that are left then."""
    started = CLOCK.monotonic()
    for worker in workers:
        worker.begin_flush(worker.limits.exit_timeout * FOR_FLUSHES)
    for worker in workers:
        left = _time_left(worker, started)
        yield worker, worker.flush(left), left


def _time_left(worker: Worker, started: float) -> float:
    """Return the seconds for flushes that are left since the last flush of all began."""
    deadline = started + worker.limits.exit_timeout * FOR_FLUSHES
    return max(0.0, deadline - CLOCK.monotonic())


WORKERS: Final = WorkerRegistry()
"""Those of this process."""
# Exit hooks run in reverse order: this one after those that are registered from now on.
atexit.register(WORKERS.finish_late)


@asynccontextmanager
async def flush_at_shutdown(_app: object = None) -> AsyncIterator[None]:
    """Deliver pending rows when a web app shuts down, within `exit_timeout` seconds.

    A lifespan of FastAPI and Starlette: `FastAPI(lifespan=flush_at_shutdown)`. An app that has a
    lifespan of its own uses it in there: `async with flush_at_shutdown(): yield`.
    """
    try:
        yield
    finally:
        await run_in_thread(WORKERS.flush, lambda: None)
