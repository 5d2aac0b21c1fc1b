"""Parcels and wires for the chapters on delivery."""

import json
import resource
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from respan_langchain._http_result import HttpResult
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.loop import Loop, Signal
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.row_source import RowSources
from respan_langchain.delivery.spool.null_spool import NullSpool
from respan_langchain.delivery.status import DeliveryStatus

WAIT = 20.0
"""Seconds that a test waits before it gives up; never reached when the code is right."""

NEVER = float("inf")
MORE_THAN_THERE_IS = 2**60
"""Bytes of stack that no system has."""


@contextmanager
def threads_refused() -> Iterator[None]:
    """The system starts no thread, as one does that has too many."""
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        yield
    finally:
        threading.stack_size(usual)


@contextmanager
def disk_full() -> Iterator[None]:
    """Nothing can be written to any file of this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def parcel(name, *, ledger=None, dataset="dataset", size=20):
    body = json.dumps({"id": name}).encode()
    return EncodedRow(name, dataset, body.ljust(size), ledger or DeliveryStatus())


def row(name, *, number=0, accepted=0.0, **parcel_settings):
    return QueuedRow(parcel(name, **parcel_settings), number, accepted)


def all_stored(count):
    envelope = {"success_count": count, "error_count": 0, "errors": []}
    return HttpResult(201, json.dumps(envelope).encode())


def envelope(stored, failed, errors=(), status=201, **more):
    listed = [{"index": index, "error": words} for index, words in errors]
    content = {"success_count": stored, "error_count": failed, "errors": listed, **more}
    return HttpResult(status, json.dumps(content).encode())


class Wire:
    """A carrier in memory: stores every row, unless the next answer in `script` says otherwise.

    Such an answer is a function from the rows' ids to an HttpResult; it decides what `keep` stores.
    """

    def __init__(self):
        self.stored = Counter()
        self.batches = []
        self.looked = []
        self.script = []
        self.listing = True
        self.closed = 0
        self.arrived = threading.Semaphore(0)

    def keep(self, ids):
        self.stored.update(ids)

    def send_bulk(self, address, body, deadline):
        ids = [log["id"] for log in json.loads(body)["logs"]]
        self.batches.append(ids)
        self.arrived.release()
        if self.script:
            return self.script.pop(0)(ids)
        self.keep(ids)
        return all_stored(len(ids))

    def look_up(self, address, ids, deadline):
        self.looked.append(sorted(ids))
        return {name: self.stored[name] for name in ids} if self.listing else None

    def close(self):
        self.closed += 1


class Events:
    """A source: gives what was noted, a few at a time."""

    def __init__(self, worker, ledger, slice_of=2):
        self.worker, self.ledger, self.slice_of = worker, ledger, slice_of
        self.noted, self.open, self.under_way = [], [], []
        self.settings = {}
        self.takes = 0
        self.left_at_settling = []
        self.resting = threading.Event()
        """Set when the worker, asleep, has looked once more and gone."""

    def note(self, name, **parcel_settings):
        self.settings[name] = parcel_settings
        self.noted.append(name)
        if self.worker.idle:
            self.worker.wake()

    def take(self, now):
        self.takes += 1
        names, self.noted = self.noted[: self.slice_of], self.noted[self.slice_of :]
        return [parcel(name, ledger=self.ledger, **self.settings.get(name, {})) for name in names]

    def due_in(self, now):
        if self.noted:
            return 0.0
        if self.worker.idle:
            self.resting.set()
        return None

    @property
    def events(self):
        return self.noted

    def settle_open(self):
        self.left_at_settling.append(len(self.noted))
        self.noted += self.open
        self.open = []

    def close_open(self):
        self.open += self.under_way
        self.under_way = []

    def after_fork(self):
        self.noted, self.open = [], []


class Turns:
    """Turns a loop by hand, in place of a worker."""

    def __init__(self, wire, outbox=None, **limits):
        self.idle = False
        self.now = 0.0
        self.failed = []
        self.ledger = DeliveryStatus()
        self.sources = RowSources(self.failed.append)
        self.loop = Loop(
            self,
            lambda: wire,
            Limits(**limits),
            sources=self.sources,
            outbox=outbox or NullSpool(),
            ledger=self.ledger,
            clock=lambda: self.now,
            uniform=lambda low, high: high,
        )

    def put(self, *parcels):
        return not self.loop.intake.admit(parcels, self.now)

    def wake(self):
        self.idle = False

    def step(self, message=Signal.TIME):
        return self.loop.step(message, inline=True)

    def until_nothing_is_due(self):
        wait = self.step(Signal.WAKE)
        while wait < NEVER or not self.loop.mailbox.empty():
            self.now += max(wait, 0.0) if self.loop.mailbox.empty() else 0.0
            wait = self.step()
