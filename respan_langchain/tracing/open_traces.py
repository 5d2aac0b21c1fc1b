"""Traces that have not ended, in the order in which they time out.

A trace times out when no event comes for a long time. A trace whose root has ended only waits for
late children. Reads no clock.
"""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice

from respan_langchain.tracing.run import Trace
from respan_langchain.tracing.timeouts import TraceTimeouts


class OpenTraces:
    """The open traces of one handler."""

    def __init__(self, timeouts: TraceTimeouts) -> None:
        self._timeouts = timeouts
        # In the order of their latest events.
        self._running: OrderedDict[Trace, None] = OrderedDict()
        # In the order of their deadlines, as each waits equally long.
        self._awaiting_children: OrderedDict[Trace, float] = OrderedDict()

    def touch(self, trace: Trace, now: float) -> None:
        """Note that an event of a trace came."""
        trace.last_event = now
        if not trace.awaiting_late_children:
            self._running[trace] = None
            self._running.move_to_end(trace)

    def await_late_children(self, trace: Trace, now: float) -> None:
        """Keep a trace whose root has ended until its children end or time out."""
        self._running.pop(trace, None)
        self._awaiting_children[trace] = now + self._timeouts.late_children

    def remove(self, trace: Trace) -> None:
        """Forget a trace that is closed."""
        self._running.pop(trace, None)
        self._awaiting_children.pop(trace, None)

    def next_deadline(self) -> float | None:
        """Return when the next trace times out; None when none is open."""
        due = list(islice(self._awaiting_children.values(), 1))
        due += [trace.last_event + self._timeouts.idle for trace in islice(self._running, 1)]
        return min(due, default=None)

    def next_expired(self, now: float) -> Trace | None:
        """Return a trace that has timed out, or the most idle one if too many are open."""
        for trace, deadline in islice(self._awaiting_children.items(), 1):
            if deadline <= now:
                return trace
        for trace in islice(self._running, 1):
            is_idle = trace.last_event + self._timeouts.idle <= now
            if is_idle or len(self._running) > self._timeouts.max_open:
                return trace
        return None

    @property
    def awaiting_children(self) -> list[Trace]:
        """Traces whose root has ended."""
        return list(self._awaiting_children)

    def __iter__(self) -> Iterator[Trace]:
        return iter([*self._awaiting_children, *self._running])
