"""The worker's thread: it starts when there is something to do, and ends with its last source.

Where no thread can be started, a flush does its work on the caller's thread.
"""

import threading
from collections.abc import Callable
from threading import get_ident

from respan_langchain._clock import NEVER
from respan_langchain.delivery import threads
from respan_langchain.delivery.flush import FlushRequest
from respan_langchain.delivery.worker_state import WAKE, Message, WorkerState

PAUSE_AFTER_ERROR = 1.0
RETRY_THREAD_AFTER = 1.0
"""Seconds until the next try to start a thread, after the system refused one."""


class WorkerThread:
    """Runs the steps of a worker, on one thread at a time."""

    def __init__(
        self,
        state: WorkerState,
        *,
        is_unused: Callable[[], bool],
        on_busy: Callable[[], object],
        on_idle: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        """Start nothing.

        Args:
            state: Has the step that is run.
            is_unused: Whether nothing waits and no source is left: then the thread ends.
            on_busy: Called before each message, also where the thread runs already.
            on_idle: Called when the thread ends.
            clock: Returns the time in seconds.
        """
        self._state = state
        self._is_unused = is_unused
        self._on_busy = on_busy
        self._on_idle = on_idle
        self._clock = clock
        self._closed = False
        self._refused_at = float("-inf")
        self._starting = threading.Lock()
        self.is_running = False
        self.number: int | None = None
        """Identifies the thread that runs the loop."""
        self.step_lock = threading.RLock()
        """Held during a step."""

    def notify(self, message: Message) -> bool:
        """Leave a message for the thread; False when none can be started."""
        if not self.ensure():
            return False
        self._state.messages.put(message)
        # The thread may have ended before it could read the message.
        return self.ensure()

    def ensure(self) -> bool:
        """Start the thread if it does not run; False when none can be started."""
        self._on_busy()
        if self.is_running:
            return True
        if self._clock() < self._refused_at + RETRY_THREAD_AFTER:
            return False
        # Does not wait: the holder is starting the thread, possibly on this same thread.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            self._state.sender.prepare()
            self.is_running = self.is_running or threads.start("respan-delivery", self._run)
            if not self.is_running:
                self._refused_at = self._clock()
            return self.is_running
        finally:
            self._starting.release()

    def close(self) -> None:
        """End the thread after the step that is under way."""
        self._closed = True
        self._state.messages.put(WAKE)

    def work_inline(self, request: FlushRequest, timeout: float) -> None:
        """Do the thread's work on the calling one until this flush is done."""
        if self.number is not None or not self.step_lock.acquire(timeout=lock_timeout(timeout)):
            return
        try:
            self.number = get_ident()
            message: Message | None = WAKE
            while not request.finished:
                wait = min(self._state.step(message, inline=True), request.deadline - self._clock())
                message = self._state.take_message(0.0 if request.finished else lock_timeout(wait))
        finally:
            self.number = None
            self.step_lock.release()

    def _run(self) -> None:
        self.number = get_ident()
        message: Message | None = WAKE
        while not self._closed:
            try:
                with self.step_lock:
                    wait = self._state.step(message)
            except BaseException as error:  # noqa: BLE001  # this loop must never end: log it, go on
                wait = PAUSE_AFTER_ERROR
                self._state.log.unexpected_error(error, self._clock())
            if self._is_unused():
                self._end()
                return
            message = self._state.take_message(None if wait == NEVER else lock_timeout(wait))
        self.is_running = False

    def _end(self) -> None:
        """Close what is open; a message that comes from now on starts a new thread."""
        try:
            with self.step_lock:
                self._state.release()
        finally:
            self.number = None
            self._on_idle()
            self.is_running = False
            # The author of a message that came meanwhile expects this thread to read it.
            if not self._state.is_idle:
                self.ensure()


def lock_timeout(seconds: float) -> float:
    """Return a timeout that locks and queues accept."""
    return min(max(0.0, seconds), threading.TIMEOUT_MAX)
