"""What became of a handler's rows after Redis had them."""

from uuid import UUID

import pytest
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from tests.delivery.kit import WAIT, envelope


class Platform:
    """Stores rows as a `Wire` does, whose rows have no ids of their own."""

    def __init__(self, wire):
        self.wire = wire

    def send_bulk(self, dataset, bodies, timeout):
        named = [b'{"id": "%d"}' % number for number in range(len(bodies))]
        return self.wire.send_bulk(dataset, named, timeout)

    def look_up(self, dataset, bodies, since, timeout):
        return [0] * len(bodies)

    def close(self):
        self.wire.close()


@pytest.fixture
def ask(redis):
    """Makes a call that gives one row, and returns its handler and the row's id."""
    opened = []

    def call(**options):
        settings = {"via": redis.url, "flush_interval": 0.01, "exit_timeout": 1.0, **options}
        handler = RespanDatasetCallbackHandler("support-bot", **settings)
        opened.append(handler)
        FakeChat().invoke("Hello", {"callbacks": [handler], "run_id": RUN_ID})
        return handler

    yield call
    for handler in opened:
        handler.shutdown(5)


RUN_ID = UUID(int=1)


def test_a_flush_through_redis_waits_for_the_forwarder(redis, ask, forward, wire):
    handler = ask()
    assert handler.flush(WAIT)
    assert not (result := handler.flush(0.2, through=True))
    assert (result.pending, result.delivered) == (1, 0)
    assert handler.row_status(RUN_ID).state == "pending"

    forward(redis, to=Platform(wire))
    assert handler.flush(WAIT, through=True)
    assert handler.row_status(RUN_ID).state == "delivered"


def test_a_flush_through_redis_is_false_where_the_platform_rejects_a_row(redis, ask, forward, wire):
    wire.script.append(lambda ids: envelope(0, 1, [(0, "no such field")]))
    forward(redis, to=Platform(wire))
    handler = ask()

    result = handler.flush(WAIT, through=True)
    assert not result
    assert (result.rejected, result.pending, result.is_complete) == (1, 0, True)
    assert handler.row_status(RUN_ID).state == "rejected"


def test_without_redis_a_flush_through_it_is_pending(redis, ask):
    handler = ask()
    assert handler.flush(WAIT)
    redis.kill()

    assert not handler.flush(0.2, through=True)
    assert handler.row_status(RUN_ID).state == "delivered"


def test_a_handler_without_via_flushes_through_anyway(make_handler):
    handler = make_handler()
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    assert handler.flush(WAIT, through=True)


def test_a_row_that_redis_has_lost_is_pending(redis, ask):
    handler = ask()
    assert handler.flush(WAIT)
    redis.ask("FLUSHALL")

    assert not handler.flush(0.2, through=True)
