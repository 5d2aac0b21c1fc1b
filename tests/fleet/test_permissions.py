"""The permissions in docs/fleet.md are enough, and those of apps are not more than they need."""

from pathlib import Path

import pytest

from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.dead_letters import purge_dead_letters
from respan_langchain.fleet.server_checks import check_server
from respan_langchain.fleet.status import read_status
from respan_langchain.fleet.traces import InterruptedTrace, TraceStore
from respan_langchain.tracing.run import DeferredRow
from tests.delivery.kit import WAIT, encoded, envelope
from tests.fleet.kit import until

PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"
RULES = [line.split() for line in PAGE.read_text().splitlines() if line.startswith("ACL SETUSER")]


class As:
    """The same server, for a user."""

    def __init__(self, redis, user):
        self.url = redis.url.replace("redis://", f"redis://{user}:secret@")


@pytest.fixture
def restricted(redis):
    for rule in RULES:
        redis.ask(*rule)
    return redis


def test_the_documented_permissions_are_enough(restricted, open_producer, forward, wire):
    wire.script.append(lambda ids: envelope(1, 1, [(0, "no such field")]))
    producer = open_producer(As(restricted, "pods"))
    producer.put(encoded("a"), encoded("b"))
    assert producer.flush(WAIT), producer.last_error
    store = TraceStore(As(restricted, "pods").url, 10**6)
    for name in ("c", "d"):
        row = DeferredRow(name, "name:dataset", encoded(name).body)
        assert store.put(name, InterruptedTrace(b"{}", [], [row]), 0.0)
    assert store.take(["c"]) is not None
    running = forward(As(restricted, "forwarder"))

    until(lambda: restricted.counts.get("delivered") == 2)
    assert running.forwarder.last_error is None
    broker = Broker(As(restricted, "forwarder").url)
    assert read_status(broker).dead == 1
    assert not [check for check in check_server(broker) if check.is_problem]
    assert purge_dead_letters(broker, 0.0) == 1
    broker.close()


@pytest.mark.parametrize(
    "command",
    [
        ("XRANGE", keys.ROWS, "-", "+"),
        ("XREADGROUP", "GROUP", keys.FORWARDERS, "me", "STREAMS", keys.ROWS, ">"),
        ("DEL", keys.ROWS),
        ("SET", "other", "1"),
        ("CONFIG", "GET", "*"),
    ],
    ids=lambda command: command[0],
)
def test_an_app_can_neither_read_nor_delete_rows(restricted, command):
    broker = Broker(As(restricted, "pods").url)
    with pytest.raises(BrokerError, match="permission"):
        broker.command(*command)
    broker.close()
