"""The sender thread: makes one request at a time, so a server that hangs never stops the worker.

Where no thread can be started, the request is made on the calling thread.
"""

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import get_ident
from typing import Protocol, assert_never

from respan_langchain._clock import CLOCK
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery import threads
from respan_langchain.delivery.batch import (
    Batch,
    BulkResponse,
    FeedbackRequest,
    FeedbackResponse,
    FeedbackState,
    Lookup,
    LookupResult,
    SenderRequest,
    SenderResponse,
)
from respan_langchain.delivery.fork_safety import ForkGuard
from respan_langchain.errors import ConfigurationError

MAX_CLOCK_DRIFT = 1.0
"""Seconds by which the clocks may differ before the process counts as having been frozen."""


class DeliveryTransport(Protocol):
    """The connection to the platform. An exception counts as a request without a response."""

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Make one bulk request for these rows, within `timeout` seconds in all."""
        ...

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float | None, timeout: float
    ) -> Sequence[int] | None:
        """Return how often each of these rows is stored; None when the lookup failed.

        They were sent after `since`, in seconds since the epoch; None where another process that
        has ended may have sent them.
        """

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Merge feedback into its rows; None when the platform could not be reached.

        `dataset` is the address of feedback.
        """

    def close(self) -> None:
        """Close its connections."""


class SenderThread:
    """Makes requests and reports their responses."""

    def __init__(
        self,
        open_transport: Callable[[], DeliveryTransport],
        report: Callable[[SenderResponse], None],
    ) -> None:
        """Start nothing. `open_transport` is called before the first request."""
        self._open_transport = open_transport
        self._report = report
        self._transport: DeliveryTransport | None = None
        self._requests: SimpleQueue[tuple[SenderRequest, float] | None] = SimpleQueue()
        self._running = False
        self._clock_gap = 0.0
        self._fork_guard = ForkGuard()
        self.thread: int | None = None

    def prepare(self) -> bool:
        """Start the thread if it does not run; False when none can be started.

        Called ahead of time too: Python up to 3.12.2 starts none while a process ends.
        """
        if not self._running:
            self._running = threads.start("respan-sender", self._make_requests)
        return self._running

    def submit(self, request: SenderRequest, timeout: float, *, inline: bool) -> None:
        """Make a request; `inline`, or where no thread can be started, before this returns."""
        if inline or not self.prepare():
            self._send_and_report(request, timeout)
        else:
            self._requests.put((request, timeout))

    def close(self) -> None:
        """Close the connections once the request in flight has ended."""
        if self._running:
            self._requests.put(None)
        else:
            self._close_transport()

    def _make_requests(self) -> None:
        self.thread = get_ident()
        while (submitted := self._requests.get()) is not None:
            self._send_and_report(*submitted)
        self._running = False
        self._close_transport()

    def _send_and_report(self, request: SenderRequest, timeout: float) -> None:
        try:
            response = self._send(request, timeout)
        except BaseException as error:
            # An exception of a custom transport must not end the thread, not even SystemExit.
            self._report(self._failed(request, error))
            if get_ident() != self.thread and not isinstance(error, Exception):
                raise  # Ctrl-C, on an app's thread that sends inline
        else:
            self._report(response)

    def _send(self, request: SenderRequest, timeout: float) -> SenderResponse:
        transport, started = self._current_transport(), CLOCK.time()
        match request:
            case Batch(dataset, rows):
                bodies = [row.encoded.body for row in rows]
                result = transport.send_bulk(dataset, bodies, timeout)
                return BulkResponse(request, result, started)
            case Lookup(batch):
                bodies = [row.body for row in request.rows]
                counts = transport.look_up(batch.dataset, bodies, request.sent_at, timeout)
                return LookupResult(request, counts)
            case FeedbackRequest(dataset, rows):
                bodies = [row.encoded.body for row in rows]
                states = transport.apply_feedback(dataset, bodies, timeout)
                return FeedbackResponse(request, states)
        assert_never(request)

    def _failed(self, request: SenderRequest, error: BaseException) -> SenderResponse:
        if isinstance(request, Lookup):
            return LookupResult(request, None)
        if isinstance(request, FeedbackRequest):
            return FeedbackResponse(request, None)
        was_opened = self._transport is not None
        # Its message says what to change and quotes no row; the messages of others may.
        is_ours = isinstance(error, ConfigurationError)
        result = HttpResult(
            None,
            error=str(error) if is_ours else type(error).__name__,
            maybe_sent=was_opened,
            permanent=is_ours and not was_opened,
        )
        return BulkResponse(request, result, CLOCK.time())

    def _current_transport(self) -> DeliveryTransport:
        # A process that was frozen (a laptop, a serverless function) has connections that the
        # server has closed since: the wall clock went on, the monotonic one did not.
        gap = CLOCK.time() - CLOCK.monotonic()
        if abs(gap - self._clock_gap) > MAX_CLOCK_DRIFT:
            self._close_transport()
        self._clock_gap = gap
        if self._transport is None:
            with self._fork_guard:
                self._transport = self._open_transport()
        return self._transport

    def _close_transport(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
