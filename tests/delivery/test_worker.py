"""The worker: threads, flushes and bounds, over a wire in memory."""

import gc
import logging
import threading

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.flush import FlushResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.status import DeliveryStatus, RowStatus
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import (
    WAIT,
    Events,
    all_stored,
    close,
    encoded,
    flush_until_delivered,
    threads_refused,
)

FAST = {"lookup_delays": (0.01, 0.02), "backoff_first": 0.001, "backoff_max": 0.01}


def test_nothing_starts_before_the_first_row(open_worker):
    before = threading.active_count()

    worker = open_worker()

    assert threading.active_count() == before
    assert worker.wakeup.idle


def test_a_row_that_is_put_is_delivered(open_worker, wire, status):
    worker = open_worker()
    for number in range(1_200):
        assert worker.put(encoded(str(number), status=status))

    assert worker.flush(WAIT, status)

    assert sorted(wire.stored.values()) == [1] * 1_200
    assert [len(batch) for batch in wire.batches] == [500, 500, 200]
    assert status.row_status("7") == RowStatus("delivered")
    assert worker.requests == 3


def test_a_single_row_is_sent_after_max_age(open_worker, wire):
    open_worker(max_age=0.05).put(encoded("a"))

    assert wire.arrived.acquire(timeout=WAIT)


def test_a_source_is_drained_slice_by_slice(open_worker, wire, status):
    worker = open_worker()
    events = Events(worker, status)
    worker.attach(events)
    for name in "abcdefg":
        events.note(name)
    events.open = ["h"]

    result = worker.flush(WAIT, status)

    assert result == FlushResult(delivered=8)
    assert wire.stored.keys() == set("abcdefgh")


def test_a_flush_reports_earlier_losses(open_worker, status):
    worker = open_worker(max_rows=1)
    worker.put(encoded("a", status=status))
    worker.put(encoded("b", status=status))

    for _ in range(2):
        result = worker.flush(WAIT, status)
        assert not result
        assert result == FlushResult(delivered=1, dropped=1)


def test_a_flush_of_one_handler_does_not_wait_for_another(open_worker, wire, status):
    release = threading.Event()
    wire.script.append(lambda ids: release.wait(WAIT) and HttpResult(503))
    worker = open_worker()
    other = DeliveryStatus()
    worker.put(encoded("slow", status=other))
    assert worker.flush(0.2, status)
    assert not worker.flush(0.05, other)
    release.set()


def test_a_flush_never_takes_longer_than_its_timeout(open_worker, wire, status):
    release = threading.Event()
    wire.script.append(lambda ids: release.wait(WAIT) and HttpResult(503))
    worker = open_worker()
    worker.put(encoded("a", status=status))

    result = worker.flush(0.05, status)

    release.set()
    assert (result.pending, result.all_counted, bool(result)) == (1, True, False)


def test_sources_are_polled_while_a_request_hangs(open_worker, wire, status):
    release = threading.Event()
    wire.script.append(lambda ids: release.wait(WAIT) and HttpResult(503))
    worker = open_worker(**FAST)
    events = Events(worker, status)
    worker.attach(events)
    worker.put(encoded("a", status=status))
    worker.flush(0.01)
    assert wire.arrived.acquire(timeout=WAIT)
    events.note("b")
    worker.flush(0.2, status)

    assert status.row_status("b") == RowStatus("pending")
    release.set()
    assert worker.flush(WAIT, status)


def test_a_flush_returns_at_once_when_waiting_would_not_help(open_worker, wire, status):
    wire.script.append(lambda ids: HttpResult(401))
    worker = open_worker()
    worker.put(encoded("a", status=status))

    result = worker.flush(30.0, status)

    assert result.pending == 1
    assert worker.last_error.startswith("401, ")
    assert len(wire.batches) == 1


@pytest.mark.parametrize(
    ("code", "advice"), [(401, "api_key"), (402, "plan"), (403, "api_key"), (404, "dataset_id")]
)
def test_a_permanent_error_is_logged_once_with_what_to_do(
    code, advice, open_worker, wire, status, caplog
):
    wire.script += [lambda ids: HttpResult(code)] * 99
    worker = open_worker(probe_interval=0.01, max_age=0.01)
    worker.put(encoded("a", status=status))
    for _ in range(3):
        assert wire.arrived.acquire(timeout=WAIT)
    worker.flush(0.05, status)

    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"respan_langchain: delivery paused: {code}, ")
    assert advice in line
    assert advice in worker.last_error


def test_rows_behind_an_open_circuit_are_delivered_once_it_closes(open_worker, wire, status):
    wire.script += [lambda ids: HttpResult(401)] * 3
    worker = open_worker(probe_interval=0.01)
    for number in range(100):
        worker.put(encoded(str(number), status=status))

    flush_until_delivered(worker, status)

    assert sorted(wire.stored.values()) == [1] * 100
    assert [len(batch) for batch in wire.batches] == [100, 1, 1, 1, 99]


def test_a_lost_response_neither_loses_nor_duplicates_a_row(open_worker, wire, status):
    def store_and_lose(ids):
        wire.keep(ids)
        return HttpResult(None, error="reset")

    wire.script.append(store_and_lose)
    worker = open_worker(**FAST)
    for number in range(100):
        worker.put(encoded(str(number), status=status))

    assert worker.flush(WAIT, status)

    assert sorted(wire.stored.values()) == [1] * 100
    assert len(wire.batches) == 1


def test_the_queue_is_bounded_in_rows_with_those_in_flight(open_worker, wire, status):
    release = threading.Event()
    wire.script.append(lambda ids: release.wait(WAIT) and HttpResult(503))
    worker = open_worker(max_rows=10, batch_rows=6, **FAST)
    for number in range(6):
        worker.put(encoded(str(number), status=status))
    assert wire.arrived.acquire(timeout=WAIT)

    taken = [worker.put(encoded(f"later {number}", status=status)) for number in range(6)]

    assert taken == [True] * 4 + [False] * 2
    assert status.counts().dropped == {"queue_rows": 2}
    release.set()
    assert worker.flush(WAIT, status).delivered == 10


def test_the_queue_is_bounded_in_bytes(open_worker, status):
    worker = open_worker(max_bytes=100, max_row_bytes=90)

    assert not worker.put(encoded("huge", status=status, size=91))
    assert worker.put(encoded("a", status=status, size=90))
    assert not worker.put(encoded("b", status=status, size=11))

    assert status.counts().dropped == {"row_too_big": 1, "queue_bytes": 1}


def test_the_oldest_row_can_be_evicted_for_the_newest(open_worker, wire, status):
    worker = open_worker(max_rows=2, overflow="drop_oldest")
    events = Events(worker, status, slice_of=5)
    worker.attach(events)
    for name in "abcde":
        events.note(name)

    result = worker.flush(WAIT, status)

    assert wire.stored.keys() == {"d", "e"}
    assert result == FlushResult(delivered=2, dropped=3)
    assert status.counts().dropped == {"evicted": 3}


@pytest.mark.parametrize(
    ("size", "stored", "dropped"),
    [
        (70, {"d", "large"}, {"evicted": 3}),
        (101, set("abcd"), {"queue_bytes": 1}),
    ],
)
def test_a_large_row_evicts_only_as_many_rows_as_it_needs(
    open_worker, wire, status, size, stored, dropped
):
    worker = open_worker(max_bytes=100, max_row_bytes=500, overflow="drop_oldest")
    events = Events(worker, status, slice_of=5)
    worker.attach(events)
    for name in "abcd":
        events.note(name, size=20)
    events.note("large", size=size)

    worker.flush(WAIT, status)

    assert wire.stored.keys() == stored
    assert status.counts().dropped == dropped


def test_rows_in_flight_are_not_evicted(open_worker, wire, status):
    release = threading.Event()
    wire.script.append(lambda ids: release.wait(WAIT) and all_stored(len(ids)))
    worker = open_worker(max_bytes=100, max_row_bytes=90, overflow="drop_oldest", **FAST)
    events = Events(worker, status, slice_of=5)
    worker.attach(events)
    events.note("flying", size=50)
    worker.begin_flush(WAIT)
    assert wire.arrived.acquire(timeout=WAIT)

    events.note("waiting", size=40)
    events.note("large", size=60)
    worker.sync_to_disk(WAIT)

    assert status.counts().dropped == {"queue_bytes": 1}
    release.set()
    assert worker.flush(WAIT, status).delivered == 2


def test_a_status_that_nobody_reads_keeps_only_the_remembered_rows(open_worker, wire):
    status = DeliveryStatus(remembered=10)
    worker = open_worker(batch_rows=50, **FAST)
    for start in range(0, 500, 100):
        worker.put(*(encoded(str(number), status=status) for number in range(start, start + 100)))
        assert worker.flush(WAIT)

    noted = sum(len(row_ids) for row_ids, *_ in status._updates)
    assert noted + len(status._pending) + len(status._final) <= 110


def test_a_closed_worker_drops_and_counts_rows(open_worker, wire, status):
    worker = open_worker()
    worker.put(encoded("a", status=status))

    assert close(worker, WAIT)
    assert close(worker, WAIT)
    assert not worker.put(encoded("b", status=status))

    assert status.counts().dropped == {"closed": 1}
    assert not worker.flush(WAIT, status)


def test_rows_left_when_a_worker_closes_are_counted_and_logged(open_worker, wire, status, caplog):
    wire.script.append(lambda ids: HttpResult(401))
    worker = open_worker()
    worker.put(encoded("a", status=status))

    close(worker, 0.5)

    assert status.counts().dropped == {"shutdown": 1}
    assert "1 row(s) not delivered: the worker was closed" in caplog.text


@pytest.mark.parametrize("patience", [float("inf"), 1e300, -1.0, 0.0])
def test_a_timeout_may_be_any_number_of_seconds(open_worker, status, patience):
    worker = open_worker()
    worker.put(encoded("a", status=status))

    result = worker.flush(patience, status)

    assert bool(result) is (patience > 0)


def test_a_closed_worker_starts_no_thread_for_late_events(open_worker, status):
    worker = open_worker()
    events = Events(worker, status)
    worker.attach(events)
    close(worker, WAIT)

    for _ in range(100):
        events.note("late")

    assert not worker._thread.is_running


def test_where_no_thread_can_start_a_flush_delivers_on_the_calling_thread(
    open_worker, wire, status
):
    worker = open_worker()
    events = Events(worker, status)
    worker.attach(events)

    with threads_refused():
        for name in "abc":
            events.note(name)
        assert worker.flush(WAIT, status)

    assert wire.stored.keys() == set("abc")


def test_threads_are_started_once_the_system_allows_it(wire, status):
    now = [0.0]
    worker = Worker(lambda: wire, DeliveryLimits(max_age=0.01), clock=lambda: now[0])
    with threads_refused():
        worker.put(encoded("a", status=status))
    worker.put(encoded("b", status=status))
    assert worker.wakeup.idle

    now[0] = 5.0
    worker.put(encoded("c", status=status))

    assert wire.arrived.acquire(timeout=WAIT)
    worker.discard_pending("the test is over")


def test_a_source_that_raises_does_not_delay_the_others(open_worker, wire, status, caplog):
    class Broken(Events):
        def take(self, now):
            raise ValueError("secret prompt")

    worker = open_worker()
    broken, events = Broken(worker, status), Events(worker, status)
    worker.attach(broken)
    worker.attach(events)
    events.note("a")

    assert worker.flush(WAIT, status)

    assert "ValueError" in caplog.text
    assert "secret prompt" not in caplog.text


def test_an_internal_error_is_logged_and_the_thread_continues(open_worker, wire, status):
    class Fatal(Events):
        failed = False

        def take(self, now):
            if not self.failed:
                self.failed = True
                raise SystemExit
            return super().take(now)

    worker = open_worker()
    events = Fatal(worker, status)
    worker.attach(events)
    events.note("a")

    assert worker.flush(WAIT, status)


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_a_transport_that_raises_loses_no_row(error, open_worker, wire, status):
    def explode(ids):
        raise error

    wire.script.append(explode)
    worker = open_worker(**FAST)
    worker.put(encoded("a", status=status))

    assert worker.flush(WAIT, status)
    assert wire.stored == {"a": 1}


def test_ctrl_c_during_an_inline_request_loses_no_row(open_worker, wire, status):
    def interrupt(ids):
        raise KeyboardInterrupt

    wire.script.append(interrupt)
    worker = open_worker(**FAST)
    with threads_refused():
        worker.put(encoded("a", status=status))
        with pytest.raises(KeyboardInterrupt):
            worker.flush(WAIT, status)

        assert worker.flush(WAIT, status)
    assert wire.stored == {"a": 1}


def test_a_transport_that_cannot_be_opened_is_opened_again_later(wire, status):
    tries = [OSError, OSError]

    def open_carrier():
        if tries:
            raise tries.pop()
        return wire

    worker = Worker(open_carrier, DeliveryLimits(**FAST))
    worker.put(encoded("a", status=status))

    assert worker.flush(WAIT, status)
    worker.discard_pending("the test is over")


@pytest.mark.parametrize("place", ["source", "carrier"])
def test_a_flush_from_a_source_or_a_transport_does_not_wait_for_itself(
    open_worker, wire, status, place
):
    results = []
    worker = open_worker()
    events = Events(worker, status)

    def flush_inside(*_):
        results.append(worker.flush(WAIT))
        return []

    if place == "source":
        events.close_ended = flush_inside
    else:
        wire.script.append(lambda ids: flush_inside() or HttpResult(401))
    worker.attach(events)
    events.note("a")
    worker.flush(WAIT)

    assert len(results) == 1
    assert not results[0]


def test_a_source_is_detached_after_its_owner_is_deleted_and_its_events_are_read(
    open_worker, wire, status
):
    class Owner:
        pass

    owner = Owner()
    worker = open_worker(poll_interval=0.001)
    events = Events(worker, status)
    worker.attach(events, owner)
    events.note("a")
    del owner
    gc.collect()
    assert worker.flush(WAIT, status)
    assert events.resting.wait(WAIT)
    worker.flush(WAIT)
    takes = events.takes
    worker.flush(WAIT)

    assert wire.stored == {"a": 1}
    assert events.takes <= takes + 2


def test_a_worker_whose_source_is_stopped_closes_its_connections_and_starts_again(
    open_worker, wire, status
):
    worker = open_worker(poll_interval=0.001)
    for name in "ab":
        wire.was_closed.clear()
        events = Events(worker, status)
        worker.attach(events)
        events.note(name)
        assert worker.flush(WAIT, status)
        assert not wire.was_closed.is_set()
        events.is_stopped = True
        worker.flush(WAIT)
        assert wire.was_closed.wait(WAIT)

    assert wire.stored == {"a": 1, "b": 1}
    assert worker.flush(WAIT, status)


def test_a_row_that_comes_while_the_thread_ends_is_delivered(open_worker, wire, status):
    worker = open_worker(poll_interval=0.001, max_age=0.001)
    stopped, late = Events(worker, status), Events(worker, status)
    stopped.is_stopped = True

    def come_late(_):
        if not late.takes:
            worker.attach(late)
            late.note("late")

    worker.on_idle = come_late
    worker.attach(stopped)
    stopped.note("a")

    assert wire.arrived.acquire(timeout=WAIT)
    assert wire.arrived.acquire(timeout=WAIT)
    assert wire.batches == [["a"], ["late"]]


def test_a_hundred_thousand_drops_are_logged_in_two_lines(open_worker, status, caplog):
    worker = open_worker(max_rows=1)
    with caplog.at_level(logging.DEBUG):
        for number in range(100_000):
            worker.put(encoded(str(number), status=status))
        worker.flush(WAIT)

    lines = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert 1 <= len(lines) <= 2
    assert "respan_langchain: dropped" in lines[0].getMessage()


def test_counts_are_exact_when_many_threads_put(open_worker, wire, status):
    worker = open_worker(max_rows=100_000, requests_per_minute=10_000)

    def put_many(start):
        for number in range(2_000):
            worker.put(encoded(f"{start}-{number}", status=status))

    producers = [threading.Thread(target=put_many, args=(start,)) for start in range(8)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()

    assert worker.flush(WAIT, status).delivered == 16_000
    assert sorted(wire.stored.values()) == [1] * 16_000


def test_the_rows_of_deleted_handlers_stay_counted(open_worker, wire):
    worker = open_worker(max_rows=2, max_age=60.0)
    for name in "abc":
        worker.put(encoded(name))
    assert (worker.queue.captured, worker.queue.dropped) == (3, 1)

    assert not worker.flush(WAIT).pending
    worker.put(encoded("d"))
    worker.discard_pending("the test is over")
    assert (worker.queue.captured, worker.queue.dropped) == (4, 2)


def test_a_logging_filter_that_raises_does_not_stop_delivery(open_worker, wire, status):
    class Broken(logging.Filter):
        def filter(self, record):
            raise RuntimeError(record.name)

    broken = Broken()
    logger = logging.getLogger("respan_langchain.delivery")
    logger.addFilter(broken)
    try:
        wire.script += [lambda ids: HttpResult(401)] * 2
        worker = open_worker(probe_interval=0.01)
        worker.put(encoded("a", status=status))
        flush_until_delivered(worker, status)
    finally:
        logger.removeFilter(broken)

    assert wire.stored == {"a": 1}
