"""Bounds the memory of open runs: with too many bytes, the oldest runs lose their inputs.

A run without an end, such as an abandoned stream, stays open for up to an hour. The row of a run
that lost its inputs is still built, and lists them in `metadata.omitted`.
"""

from collections import OrderedDict
from typing import Final

from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.run import Run

MIN_RUNS: Final = 16
"""The latest runs keep their inputs, whatever their size."""


class OpenContent:
    """The inputs of one handler's open runs."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        # In the order in which the runs started; by the number of a run's id.
        self._runs: OrderedDict[int, tuple[Run, int]] = OrderedDict()
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, run: Run, size: int) -> None:
        """Count a run that started; leave out the inputs of the oldest where there are too many."""
        self.remove(run)  # a start that was reported twice
        self._runs[run.id.int] = run, size
        self.total_bytes += size
        while self.total_bytes > self._max_bytes and len(self._runs) > MIN_RUNS:
            _, (oldest, oldest_size) = self._runs.popitem(last=False)
            self.total_bytes -= oldest_size
            oldest.inputs = OMITTED

    def remove(self, run: Run) -> None:
        """Forget a run, which has ended."""
        _, size = self._runs.pop(run.id.int, (run, 0))
        self.total_bytes -= size
