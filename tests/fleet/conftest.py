"""A real Redis, a producer's worker and a forwarder on it."""

import pytest

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.forwarder import Forwarder
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport
from tests.delivery.kit import WAIT, Wire
from tests.fleet.kit import RedisServer, Running, needs_redis


def pytest_collection_modifyitems(items):
    for item in items:
        if "/fleet/" in str(item.path):
            item.add_marker(needs_redis)


@pytest.fixture
def start_redis(tmp_path):
    """Starts servers, and ends them with the test."""
    started = []

    def start(**options):
        started.append(RedisServer(tmp_path / f"redis-{len(started)}", **options))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def redis(start_redis):
    return start_redis()


@pytest.fixture
def wire():
    """What stores the rows in the end."""
    return Wire()


@pytest.fixture
def open_producer():
    """Makes workers that add rows to the stream."""
    opened = []

    def open_one(server, *, max_rows=100_000, max_bytes=2**30, **limits):
        settings = DeliveryLimits(
            **{
                "max_age": 0.02,
                "requests_per_minute": 10**6,
                "lookup_delays": (0.05, 0.1, 0.2),
                "backoff_first": 0.05,
                "backoff_max": 0.2,
                **limits,
            }
        )
        bounds = FleetBounds(max_rows, max_bytes)
        worker = Worker(lambda: ProducerTransport(Broker(server.url, 2.0), producer), settings)
        producer = Producer(worker, server.url, bounds)
        opened.append(worker)
        return worker

    yield open_one
    for worker in opened:
        worker.discard_pending("the test is over")


@pytest.fixture
def forward(wire):
    """Starts forwarders."""
    started = []

    def start(server, *, to=wire, claim_after=2.0, **limits):
        settings = DeliveryLimits(
            **{
                "max_age": 0.02,
                "requests_per_minute": 10**6,
                "lookup_delays": (0.05, 0.1, 0.2),
                "exit_timeout": WAIT,
                "backoff_first": 0.05,
                "backoff_max": 0.2,
                **limits,
            }
        )
        running = Running(Forwarder(server.url, lambda: to, settings, claim_after=claim_after))
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()
