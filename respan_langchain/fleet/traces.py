"""Interrupted traces in Redis, until a process resumes them or a forwarder sends their rows."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar
from uuid import uuid4

from respan_langchain._clock import CLOCK
from respan_langchain.fleet.broker import Argument, Broker, BrokerError
from respan_langchain.fleet.encoding import decode_body, digest_body, encode_body
from respan_langchain.fleet.scripts import DROP_TRACE, STORE_TRACE, TAKE_TRACE
from respan_langchain.tracing.run import DeferredRow

Result = TypeVar("Result")

TIMEOUT: Final = 2.0
"""Seconds that the thread that builds rows waits for Redis."""
RETRY_INTERVAL: Final = 5.0
"""Seconds for which Redis is not used after it did not answer."""
TAKEN_FOR: Final = 60.0
"""Seconds after which a forwarder sends a trace that was taken, and not dropped."""
MAX_THREADS: Final = 10_000
"""Threads of this process whose latest stop is remembered."""
HEADER: Final = 3
ROW_FIELDS: Final = 5
"""Fields of an entry, and of each row in it; `lua/store_trace.lua` lists them."""


@dataclass(frozen=True, slots=True)
class InterruptedTrace:
    """A trace that was interrupted."""

    record: bytes
    """What the process that resumes it needs, as JSON."""
    deferred: Sequence[DeferredRow]
    """Rows that wait for the sampling decision of that process."""
    rows: Sequence[DeferredRow]
    """What a forwarder sends if nobody resumes it."""


class TraceStore:
    """The interrupted traces of a fleet, for all threads of one process."""

    def __init__(self, url: str, max_bytes: int) -> None:
        """Do nothing yet. `max_bytes` bounds everything that waits in Redis."""
        self._url = url
        self._max_bytes = max_bytes
        self.clear()

    def clear(self) -> None:
        """Use a new connection, in a child process."""
        self._broker = Broker(self._url, TIMEOUT)
        self._lock = Lock()
        self._retry_at = float("-inf")
        self._stops: OrderedDict[str, str] = OrderedDict()

    def note_stop(self, thread: str, key: str | None) -> None:
        """Remember where a thread of this process stopped last; None where it did not stop.

        After `update_state` the checkpoint is another one, and only this finds the trace.
        """
        self._stops.pop(thread, None)
        if key is not None:
            self._stops[thread] = key
        if len(self._stops) > MAX_THREADS:
            self._stops.popitem(last=False)

    def pop_stop(self, thread: str) -> str | None:
        """Forget and return where a thread of this process stopped last."""
        return self._stops.pop(thread, None)

    def put(self, key: str, trace: InterruptedTrace, keep_for: float) -> bool:
        """Store a trace for some seconds; False when Redis cannot be reached or is full."""
        arguments: list[Argument] = [self._max_bytes, int(keep_for * 1000), key]
        arguments += [len(trace.deferred), *encode_body(trace.record)]
        for row in (*trace.deferred, *trace.rows):
            arguments += [digest_body(row.body), row.id, row.dataset, *encode_body(row.body)]
        return self._try(lambda: self._broker.numbers(STORE_TRACE, *arguments)) == [1]

    def take(self, keys: Sequence[str]) -> InterruptedTrace | None:
        """Remove and return the trace at the first key that has one; None when none has."""
        taken = f"taken {uuid4().hex}"
        keep_for = int(TAKEN_FOR * 1000)
        entry = self._try(lambda: self._broker.texts(TAKE_TRACE, taken, keep_for, *keys))
        if not entry:
            return None
        self._try(lambda: self._broker.numbers(DROP_TRACE, taken))
        return parse_entry(entry)

    def _try(self, call: Callable[[], Result]) -> Result | None:
        with self._lock:
            if CLOCK.monotonic() < self._retry_at:
                return None
            for _ in range(2):
                try:
                    return call()
                except BrokerError as error:
                    if not error.maybe_executed:
                        break
                    # The answer was lost; each script may be run twice.
            self._retry_at = CLOCK.monotonic() + RETRY_INTERVAL
            return None


def parse_entry(entry: Sequence[bytes]) -> InterruptedTrace:
    """Read the fields of an entry, see `lua/store_trace.lua`."""
    count, encoding, record = entry[:HEADER]
    rows, deferred = list(_parse_rows(entry[HEADER:])), int(count)
    return InterruptedTrace(decode_body(encoding, record), rows[:deferred], rows[deferred:])


def _parse_rows(fields: Sequence[bytes]) -> Iterable[DeferredRow]:
    for _, row_id, dataset, encoding, body in zip(*[iter(fields)] * ROW_FIELDS, strict=True):
        yield DeferredRow(row_id.decode(), dataset.decode(), decode_body(encoding, body))
