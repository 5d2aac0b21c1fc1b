"""One turn after another, without a thread: time is a number, rows are carried on the spot."""

import pytest

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
