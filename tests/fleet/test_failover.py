"""A replica takes over: what it has is delivered, and what it never had is counted."""

from collections import Counter
from contextlib import closing

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, encoded
from tests.fleet.kit import Proxy, until


@pytest.fixture
def primary(redis):
    return redis


@pytest.fixture
def replica(start_redis, primary):
    primary.ask("CONFIG", "SET", "repl-diskless-sync-delay", 0)
    server = start_redis()
    server.ask("REPLICAOF", "127.0.0.1", primary.port)
    until(lambda: server.ask("INFO", "replication")["master_link_status"] == "up")
    return server


@pytest.fixture
def address(primary):
    """The one URL of both, as of a managed Redis: it leads to the primary of the moment."""
    proxy = Proxy(primary)
    yield proxy
    proxy.close()


@pytest.fixture
def flush_rows(address, open_producer):
    """Has a producer add rows."""
    producer = open_producer(address)

    def add(*names):
        producer.put(*(encoded(name) for name in names))
        assert producer.flush(WAIT), producer.last_error

    return add


def test_rows_that_the_replica_has_are_delivered_once(
    primary, replica, address, flush_rows, forward, wire
):
    wire.script += [lambda ids: HttpResult(503)] * 1000
    flush_rows("a", "b", "c")
    forwarder = forward(address).forwarder
    until(lambda: forwarder.last_error is not None)
    assert primary.ask("WAIT", 1, 5000) == 1
    primary.kill()
    replica.ask("REPLICAOF", "NO", "ONE")
    address.server = replica
    wire.script.clear()
    flush_rows("d")

    until(lambda: replica.rows == 0)
    assert wire.stored == Counter("abcd")


def test_confirmed_rows_that_the_replica_never_had_are_counted_as_vanished(
    primary, replica, address, flush_rows, forward, wire
):
    flush_rows("a", "b")
    assert primary.ask("WAIT", 1, 5000) == 1
    replica.ask("REPLICAOF", "NO", "ONE")
    flush_rows("c", "d", "e")  # the old primary does not know yet
    primary.kill()
    address.server = replica
    flush_rows("f")
    forward(address)

    until(lambda: wire.stored == Counter("abf"))
    until(lambda: replica.rows == 0)
    with closing(Broker(replica.url)) as broker:
        status = read_status(broker)
    assert (status.captured, status.in_producers, status.vanished) == (6, 0, 3)
