"""Groups the rows of a dataset into traces, in the order in which their roots ended."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from respan_langchain.client.models import Log

MAX_LATE_SECONDS: Final = 60.0
"""Seconds after its root in which a trace's other rows may end: more than handlers wait."""


class TraceGroups:
    """Groups rows while it iterates over them; counts those whose root is not among them."""

    def __init__(self, logs: Iterable[Log]) -> None:
        """Take the rows in the order in which they ended."""
        self._logs = logs
        self._waiting: dict[str, list[Log]] = {}
        # The ends of roots that were read, with the ids of their traces.
        self._roots: deque[tuple[float, str]] = deque()
        self.rows_without_root = 0
        """Rows of traces whose root was not there, once all were read."""

    def __iter__(self) -> Iterator[list[Log]]:
        """Iterate over the rows of each trace, the root's first."""
        for log in self._logs:
            self._add(log)
            ended = _ended(log)
            while self._roots and self._roots[0][0] < ended - MAX_LATE_SECONDS:
                yield self._take_first()
        while self._roots:
            yield self._take_first()
        self.rows_without_root = sum(map(len, self._waiting.values()))

    def _add(self, log: Log) -> None:
        rows = self._waiting.setdefault(trace_id(log), [])
        if not is_root(log):
            rows.append(log)
            return
        if not rows or not is_root(rows[0]):
            self._roots.append((_ended(log), trace_id(log)))
        rows.insert(0, log)

    def _take_first(self) -> list[Log]:
        return self._waiting.pop(self._roots.popleft()[1])


def is_root(log: Log) -> bool:
    """Whether a log is a call of the app, not a step within one."""
    return not (log.metadata or {}).get("span_parent_id")


def trace_id(log: Log) -> str:
    """Return the id of a log's trace; the log's own if it names none."""
    found = log.trace_unique_id or (log.metadata or {}).get("trace_unique_id")
    return str(found or log.unique_id)


def _ended(log: Log) -> float:
    return 0.0 if log.timestamp is None else log.timestamp.timestamp()
