"""Where interrupted traces wait in one process: in a store that all handlers of a dataset share.

A web app makes a handler for each request, so another handler than the first may resume a graph.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from typing import Final

from respan_langchain.serialization.json_value import Json
from respan_langchain.tracing.interrupts import continue_trace, freeze, thaw, waiting_size
from respan_langchain.tracing.run import Trace
from respan_langchain.tracing.waiting import stop_key, thread_key


@dataclass(frozen=True, slots=True)
class _Entry:
    trace: Trace
    thread: str | None
    owner: int
    deadline: float
    size: int


class InterruptStore:
    """Waiting traces by the key of their stop, within a number of bytes; for use on any thread.

    A key is the id of a checkpoint, or the thread for a graph that was drained. The latest stop of
    a thread is also found by the thread, as long as its graph is not called anew. Beyond the number
    of bytes the oldest trace is due at once: its row has the status interrupted, and a later resume
    becomes another row.
    """

    def __init__(
        self, max_bytes: int, new_lock: Callable[[], AbstractContextManager[object]]
    ) -> None:
        """Make an empty store; the caller brings the lock, as this package has no threads."""
        self._max_bytes: Final = max_bytes
        self._new_lock = new_lock
        self.clear()

    def clear(self) -> None:
        """Discard everything, in a child process: its parent delivers it."""
        self._lock = self._new_lock()
        self._waiting: OrderedDict[str, _Entry] = OrderedDict()
        self._key_by_thread: dict[str, str] = {}
        # The same by owner, in the order of their deadlines.
        self._by_owner: dict[int, OrderedDict[str, float]] = {}
        self._evicted: dict[int, list[Trace]] = {}
        self._bytes = 0

    def put(
        self, key: str, thread: str | None, trace: Trace, owner: object, deadline: float
    ) -> None:
        """Keep a frozen trace until it is resumed, or its owner takes it back.

        Args:
            key: Where it stopped.
            thread: Which thread of which graph it belongs to.
            trace: What `freeze` was called with.
            owner: Who delivers it if nobody resumes it.
            deadline: Seconds on the monotonic clock.
        """
        entry = _Entry(trace, thread, id(owner), deadline, waiting_size(trace))
        with self._lock:
            self._evict(key)
            self._waiting[key] = entry
            if thread is not None:
                self._key_by_thread[thread] = key
            self._by_owner.setdefault(entry.owner, OrderedDict())[key] = deadline
            self._bytes += entry.size
            while self._bytes > self._max_bytes:
                self._evict(next(iter(self._waiting)))

    def take(self, key: str) -> Trace | None:
        """Remove and return the trace that stopped here; None when there is none."""
        with self._lock:
            entry = self._remove(key)
        return None if entry is None else entry.trace

    def take_latest(self, thread: str) -> Trace | None:
        """Remove and return the trace that stopped last in a thread; None when there is none."""
        with self._lock:
            key = self._key_by_thread.pop(thread, None)
            entry = None if key is None else self._remove(key)
        return None if entry is None else entry.trace

    def unindex_thread(self, thread: str) -> None:
        """Remove a thread's index entry, as its graph was called anew.

        The trace that waits is still found by its checkpoint.
        """
        with self._lock:
            self._key_by_thread.pop(thread, None)

    def take_due(self, owner: object, now: float) -> list[Trace]:
        """Remove and return the owner's traces that waited long enough, or have no space."""
        with self._lock:
            due = self._evicted.pop(id(owner), [])
            waiting = list(self._by_owner.get(id(owner), {}).items())
            for key in [key for key, deadline in waiting if deadline <= now]:
                entry = self._remove(key)
                if entry is not None:
                    due.append(entry.trace)
            return due

    def remove(self, is_removed: Callable[[Trace], bool]) -> int:
        """Remove the traces for which this is true; return how many there were."""
        with self._lock:
            for key in [key for key, each in self._waiting.items() if is_removed(each.trace)]:
                self._evict(key)
            removed = 0
            for owner, traces in list(self._evicted.items()):
                kept = [trace for trace in self._evicted.pop(owner) if not is_removed(trace)]
                removed += len(traces) - len(kept)
                if kept:
                    self._evicted[owner] = kept
            return removed

    def next_deadline(self, owner: object) -> float | None:
        """Return when the first of the owner's traces is due; None when it has none."""
        with self._lock:
            if id(owner) in self._evicted:
                return -inf
            return next(iter(self._by_owner.get(id(owner), {}).values()), None)

    def count(self, owner: object) -> int:
        """Return how many of the owner's traces wait."""
        with self._lock:
            return len(self._by_owner.get(id(owner), ())) + len(self._evicted.get(id(owner), ()))

    def _evict(self, key: str) -> None:
        entry = self._remove(key)
        if entry is not None:
            self._evicted.setdefault(entry.owner, []).append(entry.trace)

    def _remove(self, key: str) -> _Entry | None:
        entry = self._waiting.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
            if entry.thread is not None and self._key_by_thread.get(entry.thread) == key:
                del self._key_by_thread[entry.thread]
            keys = self._by_owner[entry.owner]
            del keys[key]
            if not keys:
                del self._by_owner[entry.owner]
        return entry


class LocalWaitingTraces:
    """The interrupted traces of one handler; joins resumed traces with those of any handler.

    The `WaitingTraces` of a process by itself.
    """

    def __init__(
        self, store: InterruptStore, timeout: float, to_json: Callable[[object], Json]
    ) -> None:
        """Traces wait for `timeout` seconds, their content as `to_json` copies it."""
        self._store = store
        self._timeout = timeout
        self._to_json = to_json

    def __len__(self) -> int:
        return self._store.count(self)

    def put(self, trace: Trace, now: float) -> bool:
        """Keep a trace whose root ended until it is resumed; False when the trace is complete."""
        key, thread = stop_key(trace, self._timeout), thread_key(trace)
        if key is None:
            if thread is not None:
                self._store.unindex_thread(thread)
            return False
        freeze(trace, self._to_json)
        self._store.put(key, thread, trace, self, now + self._timeout)
        return True

    def join_earlier(self, trace: Trace) -> None:
        """Join a resumed trace with its earlier part, if that waits in this process.

        Its checkpoint is another one after `update_state`, and is not reported of a drained graph.
        """
        earlier = None if trace.resumed_from is None else self._store.take(trace.resumed_from)
        thread = thread_key(trace) if trace.forked_from is None else None
        if earlier is None and thread is not None:
            earlier = self._store.take_latest(thread)
        if earlier is not None:
            continue_trace(thaw(earlier), trace)

    def next_deadline(self) -> float | None:
        """Return when the first of this handler's traces is due; None when none waits."""
        return self._store.next_deadline(self)

    def take_due(self, now: float) -> list[Trace]:
        """Return this handler's traces that were not resumed in time."""
        return [thaw(trace) for trace in self._store.take_due(self, now)]

    def remove(self, is_removed: Callable[[Trace], bool]) -> int:
        """Remove the traces of any handler for which this is true; return how many there were."""
        return self._store.remove(is_removed)

    def clear(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self._store.clear()
