"""One status over all processes of a fleet."""

import pytest
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.client.http_result import HttpResult
from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, all_stored, encoded, envelope
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


TRIM = "return redis.call('XTRIM', KEYS[1], 'MAXLEN', 2)"


@pytest.fixture
def _trimmed(redis, open_producer):
    """A foreign script has deleted three of five rows."""
    producer = open_producer(redis)
    producer.put(*(encoded(f"row-{number}") for number in range(5)))
    assert producer.flush(WAIT)
    redis.ask("EVAL", TRIM, 1, keys.ROWS)


@pytest.mark.usefixtures("_trimmed")
def test_rows_that_a_script_of_others_trims_are_counted(redis, forward, status):
    forward(redis)
    until(lambda: redis.rows == 0)

    found = status()
    assert (found.vanished, found.counts.added, found.counts.delivered) == (3, 5, 2)
    until(lambda: status().bytes == 0)


@pytest.mark.usefixtures("_trimmed")
def test_entries_of_others_do_not_hide_vanished_rows(redis, forward, status):
    redis.ask("XADD", keys.ROWS, "MAXLEN", 1, "*", "price", "3")
    forward(redis)
    until(lambda: redis.rows == 0)

    found = status()
    assert (found.vanished, found.counts.dropped) == (5, 1)


def test_a_row_that_is_trimmed_while_it_is_sent_counts_as_delivered(
    redis, open_producer, forward, wire, status
):
    def trim_and_store(ids):
        redis.ask("XTRIM", keys.ROWS, "MAXLEN", 0)
        return all_stored(len(ids))

    wire.script.append(trim_and_store)
    open_producer(redis).put(encoded("a"))
    forward(redis)
    until(lambda: status().counts.delivered == 1)

    assert status().vanished == 0


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


@pytest.mark.parametrize("is_full", [True, False], ids=["Redis is full", "they are held"])
def test_a_process_whose_rows_wait_is_counted(is_full, redis, status):
    if is_full:
        redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    handler = RespanDatasetCallbackHandler("d", via=redis.url, hold=None if is_full else "feedback")
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    until(lambda: status().in_producers == 1)
    assert status().captured == 1
    assert [each.is_alive for each in status().producers] == [True]
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    handler.shutdown(WAIT)


def test_rows_that_were_in_an_emptied_redis_are_not_counted_in_their_process(
    redis, open_producer, status
):
    producer = open_producer(redis)
    for name in ("a", "b"):
        producer.put(encoded(name))
        assert producer.flush(WAIT)
        redis.ask("FLUSHALL")
    producer.put(encoded("c"))
    assert producer.flush(WAIT)

    assert (status().captured, status().in_producers) == (3, 0)
