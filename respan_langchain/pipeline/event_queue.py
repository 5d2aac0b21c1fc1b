"""The event queue: between the app's threads, which put events, and the worker, which drains them.

`put` runs inside the app's calls: it copies what the app may change, appends one tuple and returns.
Content is left out (`OMITTED`) when more bytes wait than the bounds allow. `tracing/events.py`
describes the tuple; `backpressure.py` decides the bounds.
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
from respan_langchain.tracing.events import FIRST_TOKEN, OMITTED, Event
from respan_langchain.tracing.size_estimate import estimate_size

if TYPE_CHECKING:
    from respan_langchain.delivery.worker import Worker

# How the queue keeps the content of an event (`content_mode`).
SHARE: Final = 0
"""As it is: nobody changes it."""
COPY: Final = 1
"""As a copy: the app may change it as soon as the callback returns."""
STEP: Final = 2
"""As it is, and the first to be left out: content of a step, which no row shows."""


class EventQueue:
    """Events of one handler that have not been processed."""

    _monotonic = staticmethod(CLOCK.monotonic)

    def __init__(
        self,
        worker: "Worker",
        backpressure: Backpressure,
        *,
        copy: Callable[[object], object],
        drain_inline: Callable[[], None],
    ) -> None:
        """`drain_inline` is called on the app's thread when too many events wait."""
        self._worker = worker
        self._wakeup = worker.wakeup
        self._backpressure = backpressure
        self._copy = copy
        self._drain_inline = drain_inline
        self._events: deque[Event] = deque()
        self.is_closed = False
        """Whether no further events are accepted."""
        self.content_bytes = 0
        """Estimated content of the queued events that were measured."""
        # By the number of a run's id: hashing a UUID costs three times as much.
        self._awaiting_first_token: dict[int, None] = {}
        self._tokens: dict[int, list[object]] = {}
        self._stream_usage: dict[int, tuple[object, object]] = {}
        self._inner_roots: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._events)

    # On the app's threads

    def put_event(
        self,
        kind: int,
        run_id: UUID,
        content: object = None,
        details: tuple[object, ...] = (),
        content_mode: int = SHARE,
    ) -> None:
        """Append an event; wake the worker, or drain inline if the worker is behind."""
        if self.is_closed:
            self.forget(run_id)
            return
        events, bounds, size = self._events, self._backpressure, None
        waiting = len(events)
        if waiting > bounds.unmeasured:
            content, size = self._measure(content, content_mode)
        elif content_mode == COPY:
            content = self._copy(content)
        elif content_mode == STEP:
            size = 0
        events.append((kind, size, self._monotonic(), run_id, content, details))
        if size:
            self.content_bytes += size
        if self._wakeup.idle:
            self._worker.wake()
        if waiting >= bounds.inline_from:
            self._drain_inline()

    def expect_first_token(self, run_id: UUID) -> None:
        """Remember that a model was called and has not answered."""
        self._awaiting_first_token[run_id.int] = None

    def expects_first_token(self, run_id: UUID) -> bool:
        """Whether a model has not answered yet."""
        return run_id.int in self._awaiting_first_token

    def put_first_token(self, run_id: UUID, token: object = None) -> None:
        """Put the event of a model's first token, with a list to which the others are added."""
        self._awaiting_first_token.pop(run_id.int, None)
        tokens = self._tokens[run_id.int] = [] if token is None else [token]
        self.put_event(FIRST_TOKEN, run_id, tokens)

    def add_token(self, run_id: UUID, token: object) -> bool:
        """Keep a token of a stream that began; return whether its chunk matters, too.

        It does until the first token, and for streams whose chunks carry a usage. Called for each
        token, so that what was read is known if the stream gets no end. LangChain holds the tokens
        until the stream ends, too.
        """
        number = run_id.int
        tokens = self._tokens.get(number)
        if tokens is None:
            return number in self._awaiting_first_token
        tokens.append(token)
        return bool(self._stream_usage) and number in self._stream_usage

    def watch_usage(self, run_id: UUID, usage: object) -> None:
        """Remember the first and the latest usage that the chunks of a stream carry."""
        first, _ = self._stream_usage.get(run_id.int, (usage, usage))
        self._stream_usage[run_id.int] = (first, usage)

    def end_stream(self, run_id: UUID) -> tuple[tuple[object, object], ...]:
        """Forget the tokens of a stream that has ended; return its usages as event details."""
        if not (self._tokens or self._stream_usage):
            return ()
        self._tokens.pop(run_id.int, None)
        usages = self._stream_usage.pop(run_id.int, None)
        return () if usages is None else (usages,)

    def mark_inner_root(self, run_id: UUID) -> None:
        """Remember that a run is a root, although it has a parent that was not captured."""
        self._inner_roots[run_id.int] = None

    def is_inner_root(self, run_id: UUID) -> bool:
        """Whether a run was marked as a root below a parent that was not captured."""
        return bool(self._inner_roots) and run_id.int in self._inner_roots

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

    def forget(self, run_id: UUID) -> None:
        """Remove what is remembered of a run, because it has ended."""
        self._awaiting_first_token.pop(run_id.int, None)
        self._tokens.pop(run_id.int, None)
        if self._stream_usage:
            self._stream_usage.pop(run_id.int, None)
        if self._inner_roots:
            self._inner_roots.pop(run_id.int, None)

    def clear(self) -> None:
        """Remove all events, in a child process: its parent processes them."""
        self._events.clear()
        self._awaiting_first_token.clear()
        self._tokens.clear()
        self._stream_usage.clear()
        self._inner_roots.clear()
        self.content_bytes = 0

    def _measure(self, content: object, content_mode: int) -> tuple[object, int]:
        """Return the content to keep, and its size; `OMITTED` if too many bytes wait."""
        if content is None:
            return None, 0
        size, queued = estimate_size(content), len(self._events)
        is_kept = size <= SMALL_BYTES and queued < MAX_SMALL_EVENTS
        if (content_mode == STEP and queued > MAX_UNMEASURED) or (self._is_full() and not is_kept):
            return OMITTED, 0
        return self._copy(content) if content_mode == COPY else content, size

    def _is_full(self) -> bool:
        waiting = self.content_bytes + len(self._events) * EVENT_OVERHEAD
        if waiting > self._backpressure.free_bytes:
            # The worker set the bounds a while ago; rows delivered since then free bytes.
            self._backpressure.refresh(self._worker.bytes_in_memory)
        return waiting > self._backpressure.free_bytes


def copy_shallow(value: object) -> object:
    """Copy a dict or a list and the lists directly in it; what they hold is shared."""
    if type(value) is dict:
        return {key: list(part) if type(part) is list else part for key, part in value.items()}
    return list(value) if type(value) is list else value
