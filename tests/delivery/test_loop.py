"""One turn after another, without a thread: time is a number, rows are carried on the spot."""

import pytest

from respan_langchain.delivery.disk.no_outbox import NoOutbox
from respan_langchain.delivery.ledger import Ledger
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.loop import Loop, Signal
from respan_langchain.delivery.sources import Sources
from tests.delivery.kit import Events

NEVER = float("inf")


class Turns:
    """Turns a loop by hand, in place of a worker."""

    def __init__(self, wire):
        self.asleep = False
        self.now = 0.0
        self.failed = []
        self.sources = Sources(self.failed.append)
        self.loop = Loop(
            self,
            lambda: wire,
            Limits(),
            sources=self.sources,
            outbox=NoOutbox(),
            ledger=Ledger(),
            clock=lambda: self.now,
            uniform=lambda low, high: high,
        )

    def put(self, parcel):
        return self.loop.intake.admit(parcel, self.now) is None

    def wake(self):
        self.asleep = False

    def step(self, message=Signal.TIME):
        return self.loop.step(message, inline=True)

    def until_nothing_is_due(self):
        wait = self.step(Signal.WAKE)
        while wait < NEVER:
            self.now += max(wait, 0.0)
            wait = self.step()


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
