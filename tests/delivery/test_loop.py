"""One turn after another, without a thread: time is a number, rows are carried on the spot."""

import pytest

from respan_langchain.delivery.flushing import FlushRequest
from respan_langchain.delivery.ledger import Ledger
from tests.delivery.kit import NEVER, Events, Turns


@pytest.fixture
def turns(wire):
    return Turns(wire)


def test_with_nothing_to_do_the_sources_are_left_alone(turns, wire):
    events = Events(turns, Ledger())
    turns.sources.attach(events, None)
    events.note("a")

    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1}
    assert turns.asleep
    takes = events.takes
    turns.now += 3600.0
    assert turns.step() == NEVER
    assert events.takes == takes


def test_a_flush_closes_what_is_open_once_everything_before_it_is_read(turns, wire):
    events = Events(turns, Ledger(), slice_of=2)
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
