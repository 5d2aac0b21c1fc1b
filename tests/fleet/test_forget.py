"""`forget` removes what waits in Redis: rows, dead letters and interrupted traces."""

import json

import pytest
from support.constructs import QUESTION
from support.graphs import asking_graph
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.client.subject import build_subject
from respan_langchain.delivery.outcome import RowOutcome
from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.forget import forget_in_broker
from respan_langchain.fleet.stream_spool import StreamSpool
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings.reading import read_settings
from tests.delivery.kit import WAIT, encoded, queued
from tests.fleet.kit import until

ANY = 10**9
ANN = build_subject("ann", None, None)


@pytest.fixture
def handler(redis, platform):
    handler = RespanDatasetCallbackHandler(
        "support-bot", base_url=platform, via=redis.url, flush_interval=0.01
    )
    yield handler
    handler.shutdown(5)


@pytest.fixture
def forwarder(redis, open_producer):
    """The spool of a forwarder, and the rows of `ann` and `bob` that it has read."""
    producer = open_producer(redis)
    for name in ("ann", "bob"):
        body = json.dumps({"metadata": {"customer_identifier": name}}).encode()
        producer.put(encoded(name)._replace(body=body))
    assert producer.flush(WAIT)
    spool = StreamSpool(Broker(redis.url), "one")
    spool.maintain(0.0)
    yield spool, list(spool.load(queued, ANY, ANY, 0.0))
    spool.close()


def ask(handler, customer):
    FakeChat().invoke("Hello", {"callbacks": [handler], "metadata": {"user_id": customer}})


def test_rows_of_others_stay_and_are_delivered(redis, handler, forward, platform, rows_of):
    ask(handler, "ann")
    ask(handler, "bob")
    assert handler.flush(WAIT)
    assert redis.rows == 2

    receipt = handler.forget(customer="ann", timeout=5)

    assert (receipt.broker, receipt.memory, redis.rows) == (1, 0, 1)
    assert handler.forget(customer="ann", timeout=5).total == 0
    forward(redis, to=RespanTransport(read_settings(base_url=platform)))
    until(lambda: redis.counts == {"added": 2, "dropped": 1, "delivered": 1})
    assert [row["metadata"]["customer_identifier"] for row in rows_of(handler)] == ["bob"]
    assert redis.ask("GET", keys.BYTES) == b"0"


def test_an_interrupted_trace_is_removed(redis, handler):
    config = {"callbacks": [handler], "configurable": {"thread_id": "t", "user_id": "ann"}}
    asking_graph().invoke(QUESTION, config)
    assert handler.flush(WAIT)
    assert redis.ask("HLEN", keys.TRACES) == 1

    assert handler.forget(customer="bob", timeout=5).open_traces == 0
    receipt = handler.forget(customer="ann", timeout=5)

    assert (receipt.open_traces, receipt.broker) == (1, 1)  # the trace, and the row of its model
    assert redis.ask("HLEN", keys.TRACES) == redis.rows == 0
    assert redis.ask("GET", keys.BYTES) == b"0"


def test_a_row_that_a_forwarder_has_read_is_not_sent(redis, forwarder):
    spool, rows = forwarder

    found = forget_in_broker(redis.url, ANN)

    assert (found.memory, found.sent, redis.rows) == (1, 0, 1)
    assert [row.encoded.body for row in spool.mark_unconfirmed(rows, 0.0)] == [rows[0].encoded.body]


def test_a_row_that_is_being_sent_is_named_and_not_removed(redis, forwarder):
    spool, rows = forwarder
    assert spool.mark_unconfirmed(rows, 0.0) == []

    found = forget_in_broker(redis.url, ANN)

    assert (found.memory, found.sent, redis.rows) == (0, 1, 2)


def test_a_dead_letter_is_removed(redis, forwarder):
    spool, rows = forwarder
    spool.on_outcomes((RowOutcome("rejected", tuple(rows), "too large"),), 0.0)
    assert redis.ask("XLEN", keys.DEAD) == 2

    assert forget_in_broker(redis.url, ANN).memory == 1
    assert redis.ask("XLEN", keys.DEAD) == 1


@pytest.mark.parametrize(
    "entry",
    [
        ["price", "3"],
        ["dataset", "d", "encoding", "json", "body", "nonsense"],
        ["dataset", "d", "encoding", "json", "body", "[]"],
    ],
)
def test_entries_of_others_keep_no_row_from_being_found(entry, redis, forwarder):
    redis.ask("XADD", keys.ROWS, "*", *entry)

    assert forget_in_broker(redis.url, ANN).memory == 1
    assert redis.rows == 2
