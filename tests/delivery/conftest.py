"""What the chapters on delivery share: a wire in memory, and workers on it."""

import pytest

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import Wire


@pytest.fixture
def wire():
    """The other side: stores rows, and answers as it is told."""
    return Wire()


@pytest.fixture
def open_worker(wire):
    """Makes workers on `wire` that are closed at the end of the test."""
    opened = []

    def open_one(limits: DeliveryLimits | None = None, **changes):
        worker = Worker(lambda: wire, limits or DeliveryLimits(**changes))
        opened.append(worker)
        return worker

    yield open_one
    for worker in opened:
        worker.discard_pending("the test is over")
