"""The loop, one step after another without a thread: time is a number, rows are sent inline."""

import time

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.flush import FlushRequest
from respan_langchain.delivery.polling import MAX_WAIT_FOR_QUIET, QUIET
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker_state import WAKE
from tests.delivery.kit import NEVER, Events, Turns, encoded


def test_an_idle_worker_does_not_poll(turns, wire):
    events = Events(turns, DeliveryStatus())
    turns.sources.attach(events, None)
    events.note("a")

    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1}
    assert turns.wakeup.idle
    takes = events.takes
    turns.now += 3600.0
    assert turns.step() == NEVER
    assert events.takes == takes


def test_a_flush_closes_ended_traces_once_all_earlier_events_are_read(turns, wire):
    events = Events(turns, DeliveryStatus(), slice_of=2)
    turns.sources.attach(events, None)
    for name in "abcde":
        events.note(name)
    events.open = ["f"]
    request = FlushRequest(turns.now + 60.0)

    assert turns.step(request) == 0.0
    assert (events.left_at_settling, len(events.noted)) == ([], 3)
    turns.until_nothing_is_due()

    assert events.left_at_settling == [0]
    assert wire.stored == dict.fromkeys("abcdef", 1)
    assert (request.finished, request.rows) == (True, set())


class Unhurried(Events):
    """A source that can wait for its next look."""

    def due_in(self, now):
        return None


@pytest.fixture
def busy(wire):
    """A loop that is about to look at a source, and the source."""
    turns = Turns(wire, poll_interval=0.2)
    events = Unhurried(turns, DeliveryStatus(), slice_of=100)
    turns.sources.attach(events, None)
    events.note("the first row, which brings imports with it")
    turns.until_nothing_is_due()
    events.takes = 0
    events.note("first")
    assert turns.step(WAKE) == pytest.approx(0.2)
    turns.now += 0.2
    return turns, events


def test_the_worker_waits_for_a_pause_of_the_app(busy):
    turns, events = busy

    for name in "abc":
        events.note(name)
        assert turns.step() == pytest.approx(QUIET)
        turns.now += QUIET
    assert events.takes == 0

    turns.step()
    assert events.noted == []


def test_events_of_an_app_that_never_pauses_are_read_too(busy):
    turns, events = busy
    began = turns.now

    for _ in range(100):
        events.note("more")
        turns.step()
        if events.takes:
            break
        turns.now += QUIET

    assert turns.now - began == pytest.approx(MAX_WAIT_FOR_QUIET, abs=3 * QUIET)


def test_a_flush_does_not_wait_for_a_pause(busy):
    turns, events = busy
    turns.step()

    turns.step(FlushRequest(turns.now + 60.0))

    assert events.noted == []


def test_a_batch_costs_callers_that_wait_no_more_the_more_rows_they_wait_for(wire):
    turns, status = Turns(wire, batch_rows=50, requests_per_minute=1_000_000), DeliveryStatus()
    turns.put(*(encoded(str(number), status=status) for number in range(5_000)))
    callers = [FlushRequest(turns.now + 60.0) for _ in range(100)]
    for caller in callers:
        turns.state.messages.put(caller)
    began = time.thread_time()

    turns.until_nothing_is_due()

    # To compare all rows of all callers after each batch takes 5 s.
    assert time.thread_time() - began < 2.0
    assert {(caller.finished, len(caller.rows)) for caller in callers} == {(True, 0)}
    assert turns.counts().delivered == 5_000


def test_rows_that_an_error_of_delivery_loses_are_not_reported_as_delivered(turns, wire):
    status, request = DeliveryStatus(), FlushRequest(turns.now + 60.0)
    turns.put(*(encoded(name, status=status) for name in "ab"))
    wire.script = [lambda ids: HttpResult(None, error="timeout")]
    wire.look_up = lambda *_: [1]

    turns.state.messages.put(request)
    with pytest.raises(ValueError, match="zip"):
        turns.until_nothing_is_due()
    turns.now += 60.0
    turns.step(WAKE)

    assert request.finished
    assert request.result(turns.counts()).pending == 2
