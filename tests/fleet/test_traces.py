"""Interrupted traces in Redis: bounds, other versions, and a Redis that does not answer."""

import json

import pytest

from respan_langchain.fleet import keys
from respan_langchain.fleet.traces import InterruptedTrace, TraceStore
from respan_langchain.tracing.run import DeferredRow
from tests.fleet.kit import Proxy, until


def open_store(server, max_bytes=10**6):
    return TraceStore(server.url, max_bytes)


def trace(name="row"):
    return InterruptedTrace(b"{}", [], [row(name)])


def row(name):
    return DeferredRow(name, "name:support-bot", json.dumps({"id": name}).encode())


def test_a_trace_is_taken_once_as_it_was_stored(redis):
    stored = InterruptedTrace(b"x" * 100_000, [row("deferred")], [row("root")])
    assert open_store(redis).put("here", stored, 60.0)

    store = open_store(redis)
    assert store.take(["there", "here"]) == stored
    assert store.take(["here"]) is None
    assert int(redis.ask("GET", keys.BYTES)) == 0


@pytest.fixture
def proxy(redis):
    between = Proxy(redis)
    yield between
    between.close()


def test_a_lost_answer_loses_no_trace(redis, proxy):
    store = open_store(proxy)
    proxy.to_lose = 1
    assert store.put("here", trace(), 60.0)
    assert int(redis.ask("HLEN", keys.TRACES)) == 1
    proxy.to_lose = 1

    assert store.take(["here"]) == trace()
    assert store.take(["here"]) is None
    assert int(redis.ask("GET", keys.BYTES)) == 0


def test_a_trace_whose_taker_never_got_it_is_sent_by_a_forwarder(redis, proxy, forward, wire):
    assert open_store(redis).put("here", trace(), 60.0)
    proxy.to_lose = 2
    assert open_store(proxy).take(["here"]) is None
    [taken] = redis.ask("HKEYS", keys.TRACES)
    redis.ask("ZADD", keys.TRACES_DUE, "XX", 0, taken)  # a minute later
    forward(redis)

    until(lambda: wire.stored == {"row": 1})


def test_a_trace_beyond_the_bound_of_the_fleet_is_not_stored(redis):
    assert not open_store(redis, max_bytes=20).put("here", trace(), 60.0)


def test_a_trace_that_stops_where_another_one_waits_makes_the_rows_of_that_one_due(
    redis, forward, wire
):
    store = open_store(redis)
    assert store.put("here", trace("first"), 60.0)
    assert store.put("here", trace("second"), 60.0)
    forward(redis)

    until(lambda: redis.counts.get("delivered") == 1)
    assert wire.stored == {"first": 1}
    assert store.take(["here"]).rows == [row("second")]


def test_rows_that_a_full_redis_holds_for_a_trace_are_added_all_the_same(redis, forward):
    assert open_store(redis).put("here", trace(), 0.0)
    redis.ask("CONFIG", "SET", "maxmemory", 1)
    forward(redis)

    until(lambda: redis.counts.get("delivered") == 1)


def test_a_redis_that_is_down_is_not_asked_for_each_trace(redis):
    store = open_store(redis)
    redis.kill()
    assert not store.put("here", trace(), 60.0)
    redis.start()

    assert not store.put("here", trace(), 60.0)
