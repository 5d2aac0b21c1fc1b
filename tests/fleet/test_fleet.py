"""Rows from producers through Redis to the platform, on good days and bad ones."""

import logging
from collections import Counter

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.fleet import keys
from tests.delivery.kit import WAIT, encoded, envelope
from tests.fleet.kit import until


def names(count):
    return [f"row-{number}" for number in range(count)]


def put_all(worker, count, **settings):
    for name in names(count):
        worker.put(encoded(name, **settings))


def each_once(count):
    return Counter(names(count))


def test_a_row_goes_through_redis_to_the_platform(redis, open_producer, forward, wire):
    producer = open_producer(redis)
    producer.put(encoded("a"))

    assert producer.flush(WAIT)
    assert redis.rows == 1

    forward(redis)
    until(lambda: redis.rows == 0)
    assert wire.stored == Counter(a=1)
    assert redis.counts == {"added": 1, "delivered": 1}
    assert redis.ask("GET", keys.BYTES) == b"0"


def test_two_forwarders_share_the_rows_of_two_producers(redis, open_producer, forward, wire):
    for first, dataset in ((0, "one"), (600, "two")):
        producer = open_producer(redis)
        for number in range(first, first + 600):
            producer.put(encoded(f"row-{number}", dataset=dataset))
    forwarders = [forward(redis), forward(redis)]

    until(lambda: redis.counts.get("delivered") == 1200)
    assert wire.stored == each_once(1200)
    until(lambda: sum(each.forwarder.stats.delivered for each in forwarders) == 1200)


def test_large_rows_are_compressed_on_their_way(redis, open_producer, forward, wire):
    open_producer(redis).put(encoded("large", size=100_000))
    until(lambda: redis.rows == 1)

    assert int(redis.ask("GET", keys.BYTES)) < 10_000
    forward(redis)
    until(lambda: wire.stored == Counter(large=1))


def test_a_rejected_row_becomes_a_dead_letter(redis, open_producer, forward, wire):
    wire.script.append(lambda ids: envelope(0, 1, [(0, "no such field")]))
    open_producer(redis).put(encoded("a"))
    forward(redis)

    until(lambda: redis.counts.get("rejected") == 1)
    [(_, dead)] = redis.ask("XRANGE", keys.DEAD, "-", "+")
    assert dead[b"reason"] == b"no such field"
    assert redis.rows == 0


def test_an_entry_that_cannot_be_read_is_counted_and_costs_no_other(
    redis, open_producer, forward, wire
):
    redis.ask("XADD", keys.ROWS, "*", "dataset", "d", "encoding", "zstd", "body", "nonsense")
    open_producer(redis).put(encoded("a"))
    forward(redis)

    until(lambda: redis.counts.get("delivered") == 1)
    assert wire.stored == Counter(a=1)
    assert redis.counts["dropped"] == 1
    assert redis.rows == 0


def test_a_lost_answer_neither_loses_a_row_nor_adds_it_twice(redis, open_producer, forward, wire):
    producer = open_producer(redis)
    producer.put(encoded("first"))
    assert producer.flush(WAIT)
    redis.freeze()
    status = DeliveryStatus()
    put_all(producer, 10, status=status)
    until(lambda: producer.last_error is not None)  # the answer did not come in time
    redis.thaw()

    assert producer.flush(WAIT)
    assert redis.rows == 11
    assert (status.counts().delivered, status.counts().resent) == (10, 0)
    forward(redis)
    until(lambda: redis.counts.get("delivered") == 11)
    assert wire.stored == each_once(10) + Counter(first=1)


def test_while_redis_is_down_rows_wait_and_nothing_is_lost(
    redis, open_producer, forward, wire, caplog
):
    redis.kill()
    producer = open_producer(redis)
    status = DeliveryStatus()
    put_all(producer, 10, status=status)
    until(lambda: producer.last_error is not None)
    assert "Redis" in producer.last_error
    assert not producer.flush(0.1)
    redis.start()

    assert producer.flush(WAIT)
    forward(redis)
    until(lambda: redis.counts.get("delivered") == 10)
    assert wire.stored == each_once(10)
    assert (status.counts().delivered, status.counts().resent) == (10, 0)
    assert len([each for each in caplog.records if "sending failed" in each.message]) == 1


def test_a_full_fleet_lets_its_producers_wait(redis, open_producer, forward, wire):
    producer = open_producer(redis, max_rows=5, batch_rows=4)
    put_all(producer, 8)
    until(lambda: producer.last_error is not None)

    assert redis.rows == 4
    assert "the fleet is full: 4 row(s)" in producer.last_error
    forward(redis)
    assert producer.flush(WAIT)
    until(lambda: redis.counts.get("delivered") == 8)
    assert wire.stored == each_once(8)


def test_a_redis_without_memory_lets_its_producers_wait(start_redis, open_producer, forward, wire):
    redis = start_redis(maxmemory="3mb", **{"maxmemory-policy": "noeviction"})
    producer = open_producer(redis, batch_rows=50)
    put_all(producer, 1000, size=10_000)
    until(lambda: producer.last_error is not None)

    assert "maxmemory" in producer.last_error
    forward(redis)
    assert producer.flush(WAIT)
    until(lambda: redis.counts.get("delivered") == 1000)
    assert wire.stored == each_once(1000)


def test_forwarders_work_while_redis_has_no_memory(redis, open_producer, forward, wire):
    wire.script.append(lambda ids: envelope(19, 1, [(0, "no such field")]))
    producer = open_producer(redis)
    put_all(producer, 20)
    assert producer.flush(WAIT)
    redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    forward(redis)

    until(lambda: redis.rows == 0)
    assert redis.counts == {"added": 20, "delivered": 19, "rejected": 1}
    assert redis.ask("XLEN", keys.DEAD) == 1


def test_a_redis_that_writes_its_file_may_be_killed(start_redis, open_producer, forward, wire):
    redis = start_redis(append_only=True)
    producer = open_producer(redis)
    put_all(producer, 100)
    assert producer.flush(WAIT)
    forward(redis, batch_rows=1)
    until(lambda: sum(wire.stored.values()) > 10)
    redis.kill()
    redis.start()

    until(lambda: redis.counts.get("delivered") == 100)
    assert wire.stored == each_once(100)


def test_a_redis_that_forgot_everything_is_reported_and_used_again(
    redis, open_producer, forward, wire, caplog
):
    running = forward(redis)
    producer = open_producer(redis)
    producer.put(encoded("before"))
    until(lambda: wire.stored == Counter(before=1))
    redis.kill()
    redis.start()
    producer.put(encoded("after"))

    until(lambda: wire.stored == Counter(before=1, after=1))
    until(lambda: running.forwarder.last_error is None)
    lost = [each for each in caplog.records if "Redis was emptied" in each.message]
    assert len(lost) == 1
    assert "rows stay in memory" not in caplog.text


def test_a_wrong_password_is_named_and_rows_stay_queued(start_redis, open_producer, caplog):
    redis = start_redis()
    redis.ask("CONFIG", "SET", "requirepass", "secret")
    producer = open_producer(redis, probe_interval=0.05)
    status = DeliveryStatus()
    producer.put(encoded("a", status=status))
    until(lambda: producer.last_error is not None)

    assert "Authentication" in producer.last_error
    until(lambda: "paused" in caplog.text)
    assert "secret" not in caplog.text
    assert status.counts().pending == 1


def test_a_user_who_may_run_no_scripts_is_told_so(redis, open_producer):
    redis.ask("ACL", "SETUSER", "default", "-eval", "-evalsha")
    producer = open_producer(redis)
    status = DeliveryStatus()
    producer.put(encoded("a", status=status))
    until(lambda: producer.last_error is not None)

    assert "no permissions" in producer.last_error
    assert status.counts().pending == 1


def test_rows_that_a_forwarder_holds_through_an_outage_stay_its_own(
    redis, open_producer, forward, wire
):
    wire.script += [lambda ids: HttpResult(503)] * 20
    put_all(open_producer(redis), 3)
    first = forward(redis, claim_after=0.3)
    until(lambda: first.forwarder.last_error is not None)
    second = forward(redis, claim_after=0.3)

    until(lambda: redis.rows == 0)
    assert wire.stored == each_once(3)
    assert second.forwarder.stats.captured == 0


def test_a_forwarder_that_ends_leaves_its_rows_to_the_other(redis, open_producer, forward, wire):
    wire.script += [lambda ids: HttpResult(503)] * 1000
    put_all(open_producer(redis), 3)
    first = forward(redis, exit_timeout=0.1, claim_after=60.0)
    until(lambda: first.forwarder.last_error is not None)
    first.stop()
    wire.script.clear()
    assert redis.rows == 3

    forward(redis, claim_after=60.0)
    until(lambda: redis.rows == 0)
    assert wire.stored == each_once(3)


def test_a_429_of_the_platform_stops_every_forwarder(redis, open_producer, forward, wire):
    asked = HttpResult(429, b'{"retry_after": 200}')
    wire.script.append(lambda ids: asked)
    open_producer(redis).put(encoded("a"))
    first = forward(redis)
    until(lambda: first.forwarder.last_error is not None)
    first.stop()
    second = forward(redis)

    until(lambda: second.forwarder.last_error is not None)
    assert len(wire.batches) == 1
    assert "used up" in second.forwarder.last_error


@pytest.fixture(autouse=True)
def _see_warnings(caplog):
    caplog.set_level(logging.WARNING)
