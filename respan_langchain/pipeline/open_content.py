"""Bounds the memory of open traces: with too many bytes, the oldest content is left out.

A run without an end, such as an abandoned stream, stays open for up to an hour, and its trace keeps
what the rows of its root and of deferred runs need. The rows are still built, and name what is
missing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Final, NamedTuple

from respan_langchain.tracing.events import OMITTED_NOTE
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.size_estimate import estimate_size

MIN_PARTS: Final = 6
"""The latest parts are kept, whatever their size: a large prompt is part of several runs."""
CONTENT_KEYS: Final = ("input", "output", "error", "content", "metadata")
"""Of a tool's step, and of a document."""


class _Part(NamedTuple):
    """Something that a trace holds, and how to leave it out."""

    trace: Trace
    size: int
    omit: Callable[[], None]


class OpenContent:
    """What the open traces of one handler hold."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        # In the order in which they were added.
        self._parts: OrderedDict[Hashable, _Part] = OrderedDict()
        self._keys: dict[Trace, set[Hashable]] = {}
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._parts)

    def add_inputs(self, run: Run) -> None:
        """Count the inputs of a run that becomes a row."""
        self._add(run.trace, run.id.int, estimate_size(run.inputs), run.omit_inputs)

    def add_graph_start(self, trace: Trace) -> None:
        """Count what a graph's first node read."""
        state = trace.graph_state
        self._add(trace, (trace, "state"), estimate_size(state.start), state.omit_start)

    def add_last_output(self, trace: Trace) -> None:
        """Count what the root returns if it does not end by itself."""
        size = estimate_size(trace.last_output)
        self._add(trace, (trace, "last output"), size, trace.omit_last_output)

    def add_finished(self, run: Run, trace: Trace) -> None:
        """Count what a trace keeps of a run that finished: all where it is deferred."""
        if run.inputs is not None or run.outputs is not None:
            size = estimate_size(run.inputs) + estimate_size(run.outputs)
            self._add(trace, run.id.int, size, run.omit_content)
        for shown in trace.totals.take_new_content():
            self._add(trace, id(shown), estimate_size(shown), partial(_omit, shown))

    def remove(self, ended: Iterable[Run], closed: Iterable[Trace]) -> None:
        """Forget the inputs of ended runs, and traces that are complete or wait to be resumed."""
        for run in ended:
            self._remove(run.id.int)
        for trace in closed:
            for key in self._keys.pop(trace, ()):
                self.total_bytes -= self._parts.pop(key).size

    def _add(self, trace: Trace, key: Hashable, size: int, omit: Callable[[], None]) -> None:
        self._remove(key)
        self._parts[key] = _Part(trace, size, omit)
        self._keys.setdefault(trace, set()).add(key)
        self.total_bytes += size
        while self.total_bytes > self._max_bytes and len(self._parts) > MIN_PARTS:
            oldest = next(iter(self._parts))
            self._parts[oldest].omit()
            self._remove(oldest)

    def _remove(self, key: Hashable) -> None:
        part = self._parts.pop(key, None)
        if part is None:
            return
        self.total_bytes -= part.size
        keys = self._keys[part.trace]
        keys.discard(key)
        if not keys:
            del self._keys[part.trace]


def _omit(shown: dict[str, object]) -> None:
    for key in CONTENT_KEYS:
        if key in shown:
            shown[key] = OMITTED_NOTE
