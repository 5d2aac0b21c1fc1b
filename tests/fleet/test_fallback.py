"""`via_fallback="direct"`: rows go to the platform while Redis is down, and each of them once."""

import logging
from collections import Counter
from uuid import UUID

import pytest
from support.models import FakeChat

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.fallback import FallbackLimits, FallbackTransport
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, Wire, encoded
from tests.fleet.kit import until

RUN_ID = UUID(int=1)
BOUNDS = FleetBounds(100_000, 2**30)


@pytest.fixture
def platform_wire():
    """The platform, as a process reaches it without Redis."""
    return Wire()


@pytest.fixture
def open_fallback(platform_wire):
    """Makes workers that send rows directly while Redis is down."""
    opened = []

    def open_one(server, *, after=0.0, bounds=BOUNDS, **limits):
        fallback = FallbackLimits(after, requests_per_minute=10**6, probe_interval=0.05)

        def open_transport():
            to_redis = ProducerTransport(Broker(server.url, 1.0), producer)
            return FallbackTransport(to_redis, platform_wire, producer.direct_rows, fallback)

        quick = {"max_age": 0.02, "backoff_first": 0.02, "backoff_max": 0.1}
        settings = DeliveryLimits(
            **{**quick, "lookup_delays": (0.05, 0.1, 0.2), "requests_per_minute": 10**6, **limits}
        )
        worker = Worker(open_transport, settings)
        producer = Producer(worker, server.url, bounds)
        opened.append(worker)
        return worker

    yield open_one
    for worker in opened:
        worker.discard_pending("the test is over")


def put(worker, *names):
    status = DeliveryStatus()
    for name in names:
        worker.put(encoded(name, status=status))
    return status


def test_rows_go_directly_while_redis_is_down_and_by_redis_when_it_is_up_again(
    redis, open_fallback, platform_wire, caplog
):
    caplog.set_level(logging.WARNING)
    redis.kill()
    worker = open_fallback(redis)
    put(worker, "during")
    assert worker.flush(WAIT)
    assert worker.last_error == "Redis cannot be reached; rows are sent directly"
    put(worker, "still")
    assert worker.flush(WAIT)
    redis.start()
    until(lambda: _goes_to_redis(worker, redis))

    assert worker.last_error is None
    assert platform_wire.stored >= Counter(during=1, still=1)
    assert set(platform_wire.stored.values()) == {1}
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "sent directly" in line]) == 1
    assert len([line for line in lines if "through Redis again" in line]) == 1


def _goes_to_redis(worker, redis):
    put(worker, f"after-{worker.requests}")
    assert worker.flush(WAIT)
    return redis.rows > 0


def test_rows_wait_for_redis_until_the_time_is_over(redis, open_fallback, platform_wire):
    redis.kill()
    worker = open_fallback(redis, after=3600.0)
    put(worker, "a")
    until(lambda: worker.requests > 2)

    assert platform_wire.stored == {}
    assert "Redis" in worker.last_error
    redis.start()
    assert worker.flush(WAIT)
    assert redis.rows == 1


def test_a_row_that_redis_may_have_never_goes_directly(
    start_redis, open_fallback, forward, wire, platform_wire
):
    redis = start_redis(append_only=True)
    worker = open_fallback(redis)
    put(worker, "first")
    assert worker.flush(WAIT)
    redis.freeze()
    status = put(worker, "unclear")
    until(lambda: "no clear response" in status.row_status("unclear").reason)
    redis.kill()
    put(worker, "during")
    until(lambda: platform_wire.stored == Counter(during=1))
    assert status.counts().pending == 1
    redis.start()

    assert worker.flush(WAIT)
    assert (status.counts().delivered, status.counts().resent) == (1, 0)
    forward(redis)
    until(lambda: wire.stored == Counter(first=1, unclear=1))
    assert platform_wire.stored == Counter(during=1)


def test_a_row_that_the_platform_may_have_is_looked_up_there(redis, open_fallback, platform_wire):
    def lose_the_response(ids):
        platform_wire.keep(ids)
        return HttpResult(None, error="reset")

    redis.kill()
    platform_wire.script.append(lose_the_response)
    worker = open_fallback(redis)
    status = put(worker, "a", "b")
    until(lambda: platform_wire.stored)
    redis.start()

    assert worker.flush(WAIT)
    assert (status.counts().delivered, status.counts().resent) == (2, 0)
    assert platform_wire.stored == Counter(a=1, b=1)
    assert redis.rows == 0


def test_a_row_of_a_process_that_ended_is_looked_up_on_both_ways(redis, platform_wire):
    body = {name: encoded(name).body for name in ("in redis", "stored", "nowhere")}
    worker = Worker(lambda: platform_wire)
    producer = Producer(worker, redis.url, BOUNDS)
    to_redis = ProducerTransport(Broker(redis.url), producer)
    to_redis.send_bulk("dataset", [body["in redis"]], WAIT)
    platform_wire.stored["stored"] = 1
    limits = FallbackLimits(after=0.0, requests_per_minute=30)
    transport = FallbackTransport(to_redis, platform_wire, producer.direct_rows, limits)

    assert transport.look_up("dataset", list(body.values()), None, WAIT) == [1, 1, 0]
    transport.close()


def test_a_full_fleet_sends_nothing_directly(redis, open_fallback, platform_wire):
    worker = open_fallback(redis, bounds=FleetBounds(1, 2**30))
    put(worker, "a", "b")
    until(lambda: worker.last_error is not None)

    assert "the fleet is full" in worker.last_error
    assert platform_wire.batches == []


def test_rows_that_went_directly_are_counted_in_the_status_of_the_fleet(redis, open_fallback):
    redis.kill()
    worker = open_fallback(redis)
    put(worker, "a", "b")
    assert worker.flush(WAIT)
    redis.start()
    until(lambda: _goes_to_redis(worker, redis))

    broker = Broker(redis.url)
    status = read_status(broker)
    broker.close()
    assert status.sent_directly >= 2
    assert status.in_producers == 0


def test_a_handler_sends_directly_by_its_key_and_knows_the_states_of_its_rows(
    redis, platform, make_handler, rows_of
):
    redis.kill()
    options = {"via": redis.url, "via_fallback": "direct", "via_fallback_after": 0.0}
    with RespanDatasetCallbackHandler("support-bot", base_url=platform, **options) as handler:
        FakeChat().invoke("Hello", {"callbacks": [handler], "run_id": RUN_ID})

        assert handler.flush(WAIT, through=True), handler.stats
        assert handler.row_status(RUN_ID).state == "delivered"
        assert handler.stats.last_error == "Redis cannot be reached; rows are sent directly"
    assert len(rows_of(make_handler())) == 1


def test_sending_directly_needs_a_key(redis):
    with pytest.raises(ConfigurationError, match="API key"):
        RespanDatasetCallbackHandler("d", via=redis.url, via_fallback="direct")
