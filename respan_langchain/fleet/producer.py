"""A process as the producer of a fleet, and its transport.

One request adds rows to the stream, all of them or none. A row that was added before is not added
again, so a lookup proves what a lost response left open. The process reports its counts with each
batch, and every 10 s while it sends none; rows that it sent to the platform directly are among
them, because Redis does not know them.
"""

import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery import fork_safety, threads
from respan_langchain.delivery.batch import FeedbackState
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Argument, Broker, BrokerError
from respan_langchain.fleet.encoding import digest_body, encode_body
from respan_langchain.fleet.keys import process_name
from respan_langchain.fleet.limits import REMEMBERED_FOR
from respan_langchain.fleet.scripts import ADD, STATES, Script
from respan_langchain.fleet.traces import TraceStore

FIRST_REPORT: Final = 1.0
"""Seconds from the first row to the first report without a batch."""
REPORT_INTERVAL: Final = 10.0
"""Seconds between two of them."""
REMEMBERED: Final = 100_000
"""Rows sent directly; more than wait in a process as a rule."""


@dataclass(frozen=True, slots=True)
class FleetBounds:
    """What may wait in Redis for all processes together."""

    max_rows: int
    max_bytes: int


class DirectRows:
    """Which rows of a worker were sent directly, and which of them the platform has.

    Written by the sender thread, read by any; without a lock, which a fork could leave held.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start with no rows, in a child process."""
        self._is_stored: OrderedDict[bytes, bool] = OrderedDict()
        """By the digest of a row: whether the platform has it."""
        self.stored = 0
        """Number of rows that the platform stored."""

    def was_sent(self, body: bytes) -> bool:
        """Whether this row was sent directly the last time."""
        return digest_body(body) in self._is_stored

    def has_stored(self, digest: bytes) -> bool:
        """Whether the platform stored the row of this digest."""
        return self._is_stored.get(digest, False)

    def on_sent(self, bodies: Iterable[bytes]) -> None:
        """Note rows that are about to be sent."""
        for body in bodies:
            self._is_stored[digest_body(body)] = False
        while len(self._is_stored) > REMEMBERED:
            self._is_stored.popitem(last=False)

    def on_stored(self, bodies: Iterable[bytes]) -> None:
        """Note rows that the platform stored."""
        for digest in map(digest_body, bodies):
            self.stored += not self._is_stored.get(digest, False)
            self._is_stored[digest] = True

    def on_lookup(self, bodies: Sequence[bytes], counts: Sequence[int]) -> None:
        """Note which unconfirmed rows a lookup shows."""
        shown = (body for body, count in zip(bodies, counts, strict=False) if count)
        self.on_stored(body for body in shown if self.was_sent(body))  # no marker row

    def on_added(self, bodies: Iterable[bytes]) -> None:
        """Forget rows that are added to the stream instead."""
        for body in bodies:
            self._is_stored.pop(digest_body(body), None)


class Producer:
    """What the handlers of one worker share in a fleet, under a name that no other process has."""

    def __init__(self, worker: Worker, url: str, bounds: FleetBounds) -> None:
        """Start nothing."""
        self.url = url
        self.bounds = bounds
        self.traces = TraceStore(url, bounds.max_bytes)
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
        """Return its name and its counts, as `lua/add.lua` reads them."""
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
        with suppress(BrokerError), closing(Broker(self.url)) as broker:
            broker.numbers(ADD, *no_rows, *self.arguments())


class ProducerTransport:
    """Adds rows to the stream of a fleet."""

    def __init__(self, broker: Broker, producer: Producer) -> None:
        """The producer's counts go along with the rows; it outlives this transport."""
        self._broker = broker
        self._producer = producer
        self.is_reachable = True
        """Whether the last call reached Redis."""

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Add rows; the broker's own time-out holds."""
        del timeout
        arguments: list[Argument] = [
            self._producer.bounds.max_rows,
            self._producer.bounds.max_bytes,
            int(REMEMBERED_FOR),
            *self._producer.arguments(),
        ]
        for body in bodies:
            arguments += [digest_body(body), dataset, *encode_body(body)]
        try:
            is_taken, *numbers = self._run(ADD, arguments)
        except BrokerError as error:
            return HttpResult(
                None,
                error=str(error),
                maybe_sent=error.maybe_executed,
                permanent=error.is_permanent,
                lookups_exact_for=REMEMBERED_FOR,
            )
        if not is_taken:
            rows, size = numbers
            full = f"the fleet is full: {rows} row(s) and {size} bytes wait in Redis"
            return HttpResult(None, error=full, maybe_sent=False)
        self._producer.on_added(numbers[0])
        return HttpResult(201, b'{"success_count":%d,"error_count":0}' % len(bodies))

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float | None, timeout: float
    ) -> Sequence[int] | None:
        """Return 1 for each row that was added, else 0; None when Redis cannot be reached."""
        del dataset, since, timeout
        try:
            states = self._run(STATES, [digest_body(body) for body in bodies])
        except BrokerError:
            return None
        return [int(state >= 0) for state in states]

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Add feedback to the stream like rows; a forwarder applies it."""
        if self.send_bulk(dataset, bodies, timeout).status is None:
            return None
        return ["applied" for _ in bodies]

    def close(self) -> None:
        """Close the connection."""
        self._broker.close()

    def _run(self, script: Script, arguments: Sequence[Argument]) -> list[int]:
        self.is_reachable = True
        try:
            return self._broker.numbers(script, *arguments)
        except BrokerError as error:
            self.is_reachable = not error.is_unreachable
            raise
