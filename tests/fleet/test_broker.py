"""The connection to Redis: what an error says about the script, and the nodes of a cluster."""

import pytest

from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.scripts import STATES
from tests.fleet.kit import free_port, until


@pytest.fixture
def open_broker():
    opened = []

    def open_one(server, timeout=10.0):
        opened.append(Broker(server.url, timeout))
        return opened[-1]

    yield open_one
    for broker in opened:
        broker.close()


def failure(broker):
    with pytest.raises(BrokerError) as caught:
        broker.numbers(STATES, "digest")
    return caught.value


def test_a_script_that_the_server_has_forgotten_is_sent_again(redis, open_broker):
    broker = open_broker(redis)
    assert broker.numbers(STATES, "digest") == [-1]
    redis.ask("SCRIPT", "FLUSH")

    assert broker.numbers(STATES, "digest") == [-1]


def test_without_a_connection_the_script_was_not_run(redis, open_broker):
    redis.kill()

    assert not failure(open_broker(redis)).maybe_executed


def test_without_an_answer_the_script_may_have_been_run(redis, open_broker):
    broker = open_broker(redis, timeout=0.3)
    broker.numbers(STATES, "digest")
    redis.freeze()

    assert failure(broker).maybe_executed
    redis.thaw()
    until(lambda: broker.numbers(STATES, "digest") == [-1])


def test_a_node_of_a_cluster_without_the_keys_names_the_one_that_has_them(start_redis, open_broker):
    bus = free_port()
    first = start_redis(**{"cluster-enabled": "yes", "cluster-port": free_port()})
    second = start_redis(**{"cluster-enabled": "yes", "cluster-port": bus})
    slot = first.ask("CLUSTER", "KEYSLOT", "{respan}")
    first.ask("CLUSTER", "ADDSLOTSRANGE", 0, slot - 1, slot + 1, 16383)
    second.ask("CLUSTER", "ADDSLOTS", slot)
    first.ask("CLUSTER", "MEET", "127.0.0.1", second.port, bus)
    for node in (first, second):
        until(lambda node=node: b"cluster_state:ok" in node.ask("CLUSTER", "INFO"))
    broker = open_broker(first)

    assert not failure(broker).maybe_executed
    assert broker.numbers(STATES, "digest") == [-1]
