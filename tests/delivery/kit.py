"""Rows and transports for the tests of delivery."""

import json
import resource
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from respan_langchain._clock import NEVER
from respan_langchain.client.feedback import build_feedback
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.polling import SourcePoller, Wakeup
from respan_langchain.delivery.row import FEEDBACK_PREFIX, EncodedRow, QueuedRow
from respan_langchain.delivery.row_source import RowSources
from respan_langchain.delivery.spool.base import Spool
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker_state import WAKE, WorkerState

WAIT = 20.0
"""Seconds that a test waits before it gives up; never reached when the code is right."""

MORE_THAN_THERE_IS = 2**60
"""Bytes of stack that no system has."""


def flush_until_delivered(worker, status):
    """Flush again while the circuit is open or rows wait for a retry."""
    assert any(worker.flush(WAIT, status) for _ in range(100)), status.counts()


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


def encoded(name, *, status=None, dataset="dataset", size=20):
    body = json.dumps({"id": name}).encode()
    return EncodedRow(name, dataset, body.ljust(size), status or DeliveryStatus())


def feedback_on(name, *, status=None, dataset="dataset", at=0.0, **given):
    fields = {"score": 1.0, "comment": None, "expected_output": None, "name": "feedback"} | given
    body = json.dumps(build_feedback(name, given_at=at, **fields)).encode()
    return EncodedRow(name, f"{FEEDBACK_PREFIX}{dataset}", body, status or DeliveryStatus())


def row(name, *, number=0, accepted=0.0, **settings):
    return QueuedRow(encoded(name, **settings), number, accepted)


def queued(rows):
    """Rows that were loaded from disk or from a stream, as a queue gives them back."""
    return [QueuedRow(each, 0, 0.0) for each in rows]


def all_stored(count):
    envelope = {"success_count": count, "error_count": 0, "errors": []}
    return HttpResult(201, json.dumps(envelope).encode())


def envelope(stored, failed, errors=(), status=201, **more):
    listed = [{"index": index, "error": message} for index, message in errors]
    content = {"success_count": stored, "error_count": failed, "errors": listed, **more}
    return HttpResult(status, json.dumps(content).encode())


def expected(**counts):
    return Counter(f"{name}-{number}" for name, count in counts.items() for number in range(count))


class Wire:
    """A transport in memory: stores every row, unless the next response in `script` says otherwise.

    Such a response is a function from the rows' ids to a result; it decides what `keep` stores.
    """

    def __init__(self):
        self.stored = Counter()
        self.batches = []
        self.lookups = []
        self.feedback = []
        self.script = []
        self.feedback_script = []
        self.listing = True
        self.closed = 0
        self.was_closed = threading.Event()
        self.arrived = threading.Semaphore(0)

    def keep(self, ids):
        self.stored.update(ids)

    def send_bulk(self, dataset, bodies, timeout):
        ids = [json.loads(body)["id"] for body in bodies]
        self.batches.append(ids)
        self.arrived.release()
        if self.script:
            return self.script.pop(0)(ids)
        self.keep(ids)
        return all_stored(len(ids))

    def look_up(self, dataset, bodies, since, timeout):
        ids = [json.loads(body)["id"] for body in bodies]
        self.lookups.append(sorted(ids))
        return [self.stored[name] for name in ids] if self.listing else None

    def apply_feedback(self, dataset, bodies, timeout):
        """Feedback has the form that the app's rows have; the wire looks into its identifier."""
        ids = [json.loads(body)["metadata"]["custom_identifier"] for body in bodies]
        self.feedback.append(ids)
        if self.feedback_script:
            return self.feedback_script.pop(0)(ids)
        return ["applied" if self.stored[name] else "no_row" for name in ids]

    def close(self):
        self.closed += 1
        self.was_closed.set()


class Events:
    """A source: gives what was noted, a few at a time."""

    is_stopped = False

    def __init__(self, worker, status, slice_of=2):
        self.worker, self.status, self.slice_of = worker, status, slice_of
        self.noted, self.open, self.under_way = [], [], []
        self.settings = {}
        self.takes = 0
        self.left_at_settling = []
        self.resting = threading.Event()
        """Set when the worker, idle, has looked once more and gone."""

    def note(self, name, **settings):
        self.settings[name] = settings
        self.noted.append(name)
        if self.worker.wakeup.idle:
            self.worker.wake()

    def take(self, now):
        self.takes += 1
        names, self.noted = self.noted[: self.slice_of], self.noted[self.slice_of :]
        return [encoded(name, status=self.status, **self.settings.get(name, {})) for name in names]

    def due_in(self, now):
        if self.noted:
            return 0.0
        if self.worker.wakeup.idle:
            self.resting.set()
        return None

    @property
    def events(self):
        return self.noted

    def close_ended(self):
        self.left_at_settling.append(len(self.noted))
        self.noted += self.open
        self.open = []

    def close_all(self):
        self.open += self.under_way
        self.under_way = []

    def after_fork(self):
        self.noted, self.open = [], []


class Turns:
    """Turns a loop by hand, in place of a worker."""

    def __init__(self, wire, spool=None, **limits):
        self.wakeup = Wakeup(idle=False)
        self.now = 0.0
        self.failed = []
        self.sources = RowSources(self.failed.append, lambda: None)
        self.spool = spool or Spool()
        settings = DeliveryLimits(**limits)
        self.state = WorkerState(
            lambda: wire,
            settings,
            poller=SourcePoller(
                self.sources, self.wakeup, settings, is_durable=self.spool.is_durable
            ),
            spool=self.spool,
            clock=lambda: self.now,
            random=lambda: 1.0,
        )

    def put(self, *rows):
        return self.state.queue.put(rows, self.now)

    def wake(self):
        self.wakeup.idle = False

    def counts(self):
        return self.state.statuses.counts()

    def step(self, message=None):
        return self.state.step(message or self.state.take_message(), inline=True)

    def until_nothing_is_due(self, before=NEVER):
        wait = self.step(WAKE)
        while (message := self.state.take_message()) is not None or self.now + wait < before:
            if message is None:
                self.now += max(wait, 0.0)
            wait = self.step(message)


def close(worker, timeout):
    """Flush, and give up what is left."""
    result = worker.flush(timeout)
    worker.discard_pending("the worker was closed")
    return result
