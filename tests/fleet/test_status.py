"""One status over all processes of a fleet."""

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, encoded, envelope
from tests.fleet.kit import until


@pytest.fixture
def status(redis):
    broker = Broker(redis.url)
    yield lambda: read_status(broker)
    broker.close()


def test_an_empty_redis_has_an_empty_fleet(status):
    found = status()

    assert (found.rows, found.captured, found.oldest) == (0, 0, None)
    assert found.forwarders == found.producers == []


def test_every_row_is_counted_once_wherever_it_is(redis, open_producer, forward, wire, status):
    wire.script += [lambda ids: envelope(2, 1, [(0, "no")])]
    wire.script += [lambda ids: HttpResult(503)] * 1000
    full = open_producer(redis, max_rows=6, batch_rows=3)
    for number in range(3):
        full.put(encoded(f"first-{number}"))
    assert full.flush(WAIT)
    running = forward(redis)
    until(lambda: status().counts.rejected == 1)
    for number in range(9):
        full.put(encoded(f"row-{number}"))
    until(lambda: full.last_error is not None)

    found = status()
    assert found.counts.added == 9
    assert (found.counts.delivered, found.counts.rejected, found.dead) == (2, 1, 1)
    assert found.rows == 6
    assert found.oldest >= 0
    assert found.bytes == 120
    assert [each.is_alive for each in found.forwarders] == [True]
    assert (found.captured, found.in_producers) == (12, 3)
    wire.script.clear()
    assert full.flush(WAIT)
    until(lambda: running.forwarder.stats.pending == 0)
    assert status().in_producers == 0
