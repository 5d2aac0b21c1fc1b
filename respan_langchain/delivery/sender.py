"""The second thread: carries one errand at a time.

So a hanging server never keeps the worker from its sources.

Where no thread can be started, the errand is carried on the spot.
"""

import time
from collections.abc import Callable, Collection, Mapping
from queue import SimpleQueue
from threading import get_ident
from typing import Protocol

from respan_langchain._http_result import HttpResult
from respan_langchain.delivery import fork_safety, threads
from respan_langchain.delivery.batch import BulkResponse, LookupResult, Request
from respan_langchain.delivery.row import bulk_body
from respan_langchain.errors import ConfigurationError

FROZEN = 1.0
"""Seconds by which the clocks may part before the process counts as having been frozen."""


class Transport(Protocol):
    """The wire. Answers, never raises; what it raises all the same counts as 'outcome unknown'."""

    def send_bulk(self, address: str, body: bytes, deadline: float) -> HttpResult:
        """Make one bulk request; `deadline` is the seconds that it may take in all."""

    def look_up(
        self, address: str, ids: Collection[str], deadline: float
    ) -> Mapping[str, int] | None:
        """How often each id is stored, by the rows themselves; None when that cannot be learnt."""

    def close(self) -> None:
        """Give up its connections."""


class SenderThread:
    """Takes errands to the wire and reports what came of them."""

    def __init__(
        self,
        open_carrier: Callable[[], Transport],
        report: Callable[[BulkResponse | LookupResult], None],
    ) -> None:
        self._open_carrier = open_carrier
        self._report = report
        self._carrier: Transport | None = None
        self._errands: SimpleQueue[tuple[Request, float] | None] = SimpleQueue()
        self._running = False
        self._clocks_apart = 0.0
        self.thread: int | None = None

    def prepare(self) -> None:
        """Have the thread ready: while a process ends, Python up to 3.12.2 starts none."""
        if not self._running:
            self._start()

    def submit(self, errand: Request, deadline: float, *, inline: bool) -> None:
        """Carry it; `inline`, or where no thread can be started, before this returns."""
        if inline or not (self._running or self._start()):
            self._run(errand, deadline)
        else:
            self._errands.put((errand, deadline))

    def close(self) -> None:
        """Give up the connections once the errand that is out has come back."""
        if self._running:
            self._errands.put(None)
        else:
            self._close_carrier()

    def _start(self) -> bool:
        self._running = threads.start("respan-courier", self._live)
        return self._running

    def _live(self) -> None:
        self.thread = get_ident()
        while (errand := self._errands.get()) is not None:
            self._run(*errand)
        self._running = False
        self._close_carrier()

    def _run(self, errand: Request, deadline: float) -> None:
        try:
            outcome = self._carried(errand, deadline)
        except BaseException as error:
            # A carrier of someone else's making must not end the thread: not even by SystemExit.
            self._report(self._failed(errand, error))
            if get_ident() != self.thread and not isinstance(error, Exception):
                raise  # Ctrl-C, on a thread of the app's that sends by itself
        else:
            self._report(outcome)

    def _carried(self, errand: Request, deadline: float) -> BulkResponse | LookupResult:
        carrier = self._fresh_carrier()
        batch = errand.batch
        if errand.kind == "find":
            return LookupResult(batch, carrier.look_up(batch.address, batch.ids, deadline))
        return BulkResponse(
            batch, carrier.send_bulk(batch.address, bulk_body(batch.rows), deadline)
        )

    def _failed(self, errand: Request, error: BaseException) -> BulkResponse | LookupResult:
        if errand.kind == "find":
            return LookupResult(errand.batch, None)
        unopened = self._carrier is None
        # Says what to change, and quotes no row; the words of others may.
        is_told = isinstance(error, ConfigurationError)
        answer = HttpResult(
            None,
            error=str(error) if is_told else type(error).__name__,
            maybe_sent=not unopened,
            permanent=unopened and is_told,
        )
        return BulkResponse(errand.batch, answer)

    def _fresh_carrier(self) -> Transport:
        # A process that was frozen (a laptop, a serverless function) comes back with connections
        # that the other side gave up long ago: the wall clock went on, the monotonic one did not.
        apart = time.time() - time.monotonic()
        if abs(apart - self._clocks_apart) > FROZEN:
            self._close_carrier()
        self._clocks_apart = apart
        if self._carrier is None:
            with fork_safety.fork_guard():
                self._carrier = self._open_carrier()
        return self._carrier

    def _close_carrier(self) -> None:
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.close()
