"""The event queue: between the app's threads, which put events, and the worker, which drains them.

`put_event` runs inside the app's calls: it copies what the app may change, appends one tuple and
returns. Content is left out (`OMITTED`) when more bytes wait than the bounds allow.
`tracing/events.py` describes the tuple; `backpressure.py` decides the bounds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final
from uuid import UUID

from respan_langchain._clock import CLOCK
from respan_langchain.pipeline.backpressure import (
    EVENT_OVERHEAD,
    MAX_SMALL_EVENTS,
    MAX_UNMEASURED,
    SMALL_BYTES,
    Backpressure,
)
from respan_langchain.pipeline.callback_state import CallbackState
from respan_langchain.tracing.events import OMITTED, Event
from respan_langchain.tracing.size_estimate import estimate_size

if TYPE_CHECKING:
    from respan_langchain.delivery.worker import Worker

# How the queue keeps the content of an event (`content_mode`).
NO_COPY: Final = 0
"""As it is: nobody changes it."""
COPY: Final = 1
"""As a copy: the app may change it as soon as the callback returns."""
OMIT_FIRST: Final = 2
"""As it is, and the first to be left out: content that no row shows."""


class EventQueue:
    """Events of one handler that have not been processed."""

    _monotonic = staticmethod(CLOCK.monotonic)

    def __init__(
        self,
        worker: "Worker",
        backpressure: Backpressure,
        callback_state: CallbackState,
        *,
        copy: Callable[[object], object],
        drain_inline: Callable[[], None],
    ) -> None:
        """`drain_inline` is called on the app's thread when too many events wait."""
        self._worker = worker
        self._wakeup = worker.wakeup
        self._backpressure = backpressure
        self._callback_state = callback_state
        self._copy = copy
        self._drain_inline = drain_inline
        self._events: deque[Event] = deque()
        self.is_closed = False
        """Whether no further events are accepted."""
        self.content_bytes = 0
        """Estimated content of the queued events that were measured."""

    def __len__(self) -> int:
        return len(self._events)

    # On the app's threads

    def put_event(
        self,
        kind: int,
        run_id: UUID,
        content: object = None,
        details: tuple[object, ...] = (),
        content_mode: int = NO_COPY,
    ) -> None:
        """Append an event; wake the worker, or drain inline if the worker is behind."""
        if self.is_closed:
            self._callback_state.discard(run_id)
            return
        events, bounds, size = self._events, self._backpressure, None
        waiting = len(events)
        if waiting > bounds.unmeasured:
            content, size = self._measure(content, content_mode)
        elif content_mode == COPY:
            content = self._copy(content)
        elif content_mode == OMIT_FIRST:
            size = 0
        events.append((kind, size, self._monotonic(), run_id, content, details))
        if size:
            self.content_bytes += size
        if self._wakeup.idle:
            self._worker.wake()
        if waiting >= bounds.inline_from:
            self._drain_inline()

    def close(self) -> None:
        """Accept no further events."""
        self.is_closed = True

    # On the thread that drains

    def drain(
        self, limit: int, stop_before: Callable[[Event], bool] | None = None
    ) -> Iterator[Event]:
        """Remove up to `limit` events, oldest first; end at one that `stop_before` accepts."""
        events = self._events
        for _ in range(min(limit, len(events))):
            if stop_before is not None and stop_before(events[0]):
                return
            event = events.popleft()
            _, size, _, _, _, _ = event
            if size:
                self.content_bytes -= size
            yield event
        if not events:
            self.content_bytes = 0

    def oldest_at(self) -> float | None:
        """Return when the oldest event was put; None when none waits."""
        if not self._events:
            return None
        _, _, at, _, _, _ = self._events[0]
        return at

    def clear(self) -> None:
        """Remove all events, in a child process: its parent processes them."""
        self._events.clear()
        self.content_bytes = 0

    def _measure(self, content: object, content_mode: int) -> tuple[object, int]:
        """Return the content to keep, and its size; `OMITTED` if too many bytes wait."""
        if content is None:
            return None, 0
        size, queued = estimate_size(content), len(self._events)
        is_kept = size <= SMALL_BYTES and queued < MAX_SMALL_EVENTS
        if (content_mode == OMIT_FIRST and queued > MAX_UNMEASURED) or (
            self._is_full() and not is_kept
        ):
            return OMITTED, 0
        return self._copy(content) if content_mode == COPY else content, size

    def _is_full(self) -> bool:
        waiting = self.content_bytes + len(self._events) * EVENT_OVERHEAD
        if waiting > self._backpressure.free_bytes:
            # The worker set the bounds a while ago; rows delivered since then free bytes.
            self._backpressure.refresh(self._worker.queue.bytes_in_memory)
        return waiting > self._backpressure.free_bytes


def copy_shallow(value: object) -> object:
    """Copy a dict or a list and the lists directly in it; what they hold is shared."""
    if type(value) is dict:
        return {key: list(part) if type(part) is list else part for key, part in value.items()}
    return list(value) if type(value) is list else value
