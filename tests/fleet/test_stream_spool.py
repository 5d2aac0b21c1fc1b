"""Which forwarder has a row: the one that read it, until it stops renewing it."""

import pytest

from respan_langchain.delivery.outcome import SHUTDOWN, RowOutcome
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.stream_spool import StreamSpool
from tests.delivery.kit import WAIT, encoded, queued
from tests.fleet.kit import until

ANY = 10**9


class Held:
    """A spool that a test turns by hand, and the rows it has loaded."""

    def __init__(self, redis, name, claim_after):
        self.spool = StreamSpool(Broker(redis.url), name, claim_after)
        self.rows, self.maybe_sent, self.now = [], [], 0.0

    def load(self):
        self.now += 100.0
        self.spool.maintain(self.now)
        loaded = self.spool.load(queued, ANY, ANY, self.now)
        self.rows, self.maybe_sent = list(loaded), list(loaded.values())
        return self.rows

    def mark(self):
        return list(self.spool.mark_unconfirmed(self.rows, self.now))

    def settle(self, kind, reason=""):
        outcomes = (RowOutcome(kind, tuple(self.rows), reason),)
        self.spool.on_outcomes(outcomes, self.now)


@pytest.fixture
def hold(redis):
    opened = []

    def make(name, claim_after=0.01):
        opened.append(Held(redis, name, claim_after))
        return opened[-1]

    yield make
    for held in opened:
        held.spool.close()


@pytest.fixture
def _two_rows(redis, open_producer):
    producer = open_producer(redis)
    producer.put(encoded("a"), encoded("b"))
    assert producer.flush(WAIT)


pytestmark = pytest.mark.usefixtures("_two_rows")


def test_rows_that_were_not_sent_are_taken_over_without_a_lookup(hold):
    hold("dead").load()
    heir = hold("heir")
    until(lambda: len(heir.load()) == 2)

    assert heir.maybe_sent == [False, False]


def test_rows_that_were_about_to_be_sent_are_taken_over_for_a_lookup(hold):
    dead = hold("dead")
    dead.load()
    assert dead.mark() == []
    heir = hold("heir")
    until(lambda: len(heir.load()) == 2)

    assert heir.maybe_sent == [True, True]


def test_rows_that_were_refused_are_taken_over_without_a_lookup(hold):
    dead = hold("dead")
    dead.load()
    dead.mark()
    dead.settle("not_stored")
    heir = hold("heir")
    until(lambda: len(heir.load()) == 2)

    assert heir.maybe_sent == [False, False]


def test_a_forwarder_that_stood_still_sends_no_row_that_another_has(hold):
    slow, quick = hold("slow"), hold("quick")
    slow.load()
    until(lambda: len(quick.load()) == 2)

    assert slow.mark() == slow.rows
    assert not slow.spool.is_marked
    assert quick.mark() == []
    assert quick.spool.is_marked


def test_a_forwarder_that_stood_still_does_not_take_its_rows_back(hold):
    slow, quick = hold("slow"), hold("quick")
    rows = slow.load()
    until(lambda: len(quick.load()) == 2)
    slow.spool.maintain(slow.now + 100.0)
    slow.settle("dropped", SHUTDOWN)

    assert rows
    assert quick.mark() == []


def test_rows_of_a_forwarder_that_ended_are_free_at_once(hold):
    ended = hold("ended", claim_after=1000.0)
    ended.load()
    ended.settle("dropped", SHUTDOWN)

    assert len(hold("heir", claim_after=1000.0).load()) == 2


def test_rows_that_are_renewed_are_not_taken_over(hold):
    holder, other = hold("holder", claim_after=1000.0), hold("other", claim_after=1000.0)
    holder.load()

    assert other.load() == []


def test_rows_that_a_forwarder_left_alone_itself_are_not_loaded_twice(hold):
    held = hold("held", claim_after=0.0)
    assert len(held.load()) == 2

    assert held.spool.load(queued, ANY, ANY, held.now) == {}


def test_finished_rows_are_gone_and_a_second_acknowledgement_counts_nothing(hold, redis):
    slow, quick = hold("slow"), hold("quick")
    slow.load()
    until(lambda: len(quick.load()) == 2)
    slow.settle("delivered")
    quick.settle("delivered")

    assert redis.rows == 0
    assert redis.counts == {"added": 2, "delivered": 2}


def test_where_redis_cannot_be_reached_nothing_may_be_sent(hold, redis):
    held = hold("alone")
    held.load()
    redis.kill()

    assert held.mark() == []
    assert not held.spool.is_marked
    assert "Redis" in held.spool.last_error
