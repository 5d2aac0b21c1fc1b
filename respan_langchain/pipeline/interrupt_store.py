"""Interrupted traces in memory: shared by the handlers of one process for one dataset.

A web app makes a handler for each request, so another one than the first resumes the graph.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from math import inf
from typing import Final

from respan_langchain.tracing.interrupts import waiting_size
from respan_langchain.tracing.run import Trace


@dataclass(frozen=True, slots=True)
class _Entry:
    trace: Trace
    owner: int
    deadline: float
    size: int


class MemoryInterruptStore:
    """Waiting traces by the key of their stop, within a number of bytes.

    Beyond it the oldest is due at once: it is delivered as interrupted, and a later resume is a row
    of its own.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes: Final = max_bytes
        self._start_empty()

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Entry] = OrderedDict()
        # The same by owner, in the order of their deadlines.
        self._by_owner: dict[int, OrderedDict[str, float]] = {}
        self._evicted: dict[int, list[Trace]] = {}
        self._bytes = 0

    def put(self, key: str, trace: Trace, owner: object, deadline: float) -> None:
        """Keep a frozen trace until its owner takes it back."""
        entry = _Entry(trace, id(owner), deadline, waiting_size(trace))
        with self._lock:
            self._evict(key)
            self._waiting[key] = entry
            self._by_owner.setdefault(entry.owner, OrderedDict())[key] = deadline
            self._bytes += entry.size
            while self._bytes > self._max_bytes:
                self._evict(next(iter(self._waiting)))

    def take(self, key: str) -> Trace | None:
        """Remove and return the trace that stopped here; None when there is none."""
        with self._lock:
            entry = self._remove(key)
        return None if entry is None else entry.trace

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

    def next_deadline(self, owner: object) -> float | None:
        """When the first of the owner's traces is due; None when it has none."""
        with self._lock:
            if id(owner) in self._evicted:
                return -inf
            return next(iter(self._by_owner.get(id(owner), {}).values()), None)

    def count(self, owner: object) -> int:
        """How many of the owner's traces wait."""
        with self._lock:
            return len(self._by_owner.get(id(owner), ())) + len(self._evicted.get(id(owner), ()))

    def after_fork(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self._start_empty()

    def _evict(self, key: str) -> None:
        entry = self._remove(key)
        if entry is not None:
            self._evicted.setdefault(entry.owner, []).append(entry.trace)

    def _remove(self, key: str) -> _Entry | None:
        entry = self._waiting.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
            keys = self._by_owner[entry.owner]
            del keys[key]
            if not keys:
                del self._by_owner[entry.owner]
        return entry
