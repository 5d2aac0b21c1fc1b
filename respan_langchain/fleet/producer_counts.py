"""What a process reports of its rows: with each batch, and every 10 s while it sends none."""

import time
import weakref
from contextlib import closing, suppress
from itertools import chain, repeat
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery import fork_safety, threads
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Argument, Broker, BrokerError
from respan_langchain.fleet.direct_rows import DirectRows
from respan_langchain.fleet.keys import process_name
from respan_langchain.fleet.limits import REMEMBERED_FOR
from respan_langchain.fleet.scripts import ADD

FIRST_REPORT: Final = 1.0
"""Seconds from the first row to the first report without a batch."""
REPORT_INTERVAL: Final = 10.0
"""Seconds between two of them."""


class ProducerCounts:
    """The counts of one worker, under a name that no other process has."""

    def __init__(self, worker: Worker, url: str) -> None:
        """Start nothing."""
        self._url = url
        self._worker = weakref.ref(worker)
        self.direct_rows = DirectRows()
        self.after_fork()
        fork_safety.register(self)

    def after_fork(self) -> None:
        """In a forked child: count its own rows."""
        self._name = process_name()
        self._captured_and_dropped = 0, 0
        self._added = 0
        self._reported_at = float("-inf")
        self._is_running = False
        self.direct_rows.clear()

    def arguments(self) -> list[Argument]:
        """Return them as `lua/add.lua` reads them."""
        if (worker := self._worker()) is not None:
            self._captured_and_dropped = worker.queue.captured, worker.queue.dropped
        return [self._name, *self._captured_and_dropped, self.direct_rows.stored, self._added]

    def on_added(self, rows: int) -> None:
        """Note that Redis added so many new rows of a batch, and has the counts."""
        self._added += rows
        self._reported_at = CLOCK.monotonic()

    def keep_reporting(self) -> None:
        """Report until the worker ends, on a thread that is started by the first call."""
        if not self._is_running:
            self._is_running = threads.start("respan-report", self._run)

    def _run(self) -> None:
        for wait in chain([FIRST_REPORT], repeat(REPORT_INTERVAL)):
            time.sleep(wait)
            if CLOCK.monotonic() - self._reported_at >= wait:
                self._report()
            worker = self._worker()
            if worker is None or worker.closed:
                return
            del worker  # while this thread sleeps

    def _report(self) -> None:
        no_rows = 0, 0, int(REMEMBERED_FOR)
        with suppress(BrokerError), closing(Broker(self._url)) as broker:
            broker.numbers(ADD, *no_rows, *self.arguments())
