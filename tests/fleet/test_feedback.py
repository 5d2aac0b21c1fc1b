"""Feedback through Redis, where Redis is away or the fleet's requests are used up."""

import pytest

from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.forwarder import ForwarderTransport
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport
from respan_langchain.fleet.rate_limit import SharedRateLimit
from respan_langchain.fleet.scripts import RESERVE_BULK, RESERVE_LOOKUP
from respan_langchain.fleet.stream_spool import StreamSpool
from tests.delivery.kit import feedback_on

FEEDBACK = feedback_on("a")


@pytest.fixture
def forwarder(redis, wire):
    """What a forwarder sends feedback with; six requests a minute are left to it."""
    broker = Broker(redis.url)
    bulk, lookups = (
        SharedRateLimit(broker, RESERVE_BULK, 30),
        SharedRateLimit(broker, RESERVE_LOOKUP, 6),
    )
    yield ForwarderTransport(wire, StreamSpool(Broker(redis.url), "c"), bulk, lookups)
    broker.close()


def test_a_forwarder_applies_feedback_within_the_requests_of_the_fleet(forwarder, wire):
    wire.keep(["a"])

    assert forwarder.apply_feedback(FEEDBACK.dataset, [FEEDBACK.body], 10.0) == ["applied"]
    assert forwarder.apply_feedback(FEEDBACK.dataset, [FEEDBACK.body], 10.0) is None
    assert len(wire.feedback) == 1


def test_feedback_waits_in_a_forwarder_while_redis_is_away(forwarder, redis, wire):
    redis.kill()

    assert forwarder.apply_feedback(FEEDBACK.dataset, [FEEDBACK.body], 1.0) is None
    assert wire.feedback == []


def test_feedback_waits_in_its_process_while_redis_is_away(redis):
    worker = Worker(lambda: transport)
    producer = Producer(worker, redis.url, FleetBounds(10, 1_000))
    transport = ProducerTransport(Broker(redis.url, 1.0), producer)
    redis.kill()

    assert transport.apply_feedback(FEEDBACK.dataset, [FEEDBACK.body], 1.0) is None
    transport.close()
