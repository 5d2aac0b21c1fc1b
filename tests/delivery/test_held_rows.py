"""Rows that wait for feedback before they are sent: what releases them."""

import json

import pytest

from respan_langchain.delivery.flush import FlushRequest
from respan_langchain.delivery.worker_state import WAKE
from tests.delivery.kit import Turns, encoded, feedback_on


def held(name, *, seconds=300.0, **settings):
    return encoded(name, **settings)._replace(hold=seconds)


def waiting(turns):
    return [row.encoded.id for row in turns.state.scheduler.list_rows()]


def test_a_row_that_nobody_rates_is_sent_as_it_is_when_its_time_ends(turns, wire):
    turns.put(held("a"), encoded("b"))
    turns.step(WAKE)

    turns.until_nothing_is_due()

    assert wire.batches == [["b"], ["a"]]
    assert 300.0 <= turns.now < 310.0


def test_rows_that_wait_for_different_times_are_each_sent_when_their_own_ends(turns, wire, status):
    turns.put(held("a"), held("b", seconds=100.0), held("c", seconds=200.0))
    turns.put(feedback_on("b", status=status))
    turns.step(WAKE)

    turns.until_nothing_is_due(before=250.0)
    sent_before = list(wire.batches)
    turns.until_nothing_is_due()

    assert (sent_before, wire.batches) == ([["b"], ["c"]], [["b"], ["c"], ["a"]])


def test_feedback_is_merged_into_the_row_and_releases_it(turns, wire, status):
    sent = {}
    send_bulk = wire.send_bulk

    def note(dataset, bodies, timeout):
        sent.update((json.loads(body)["id"], json.loads(body)) for body in bodies)
        return send_bulk(dataset, bodies, timeout)

    wire.send_bulk = note
    turns.put(held("a"), held("b"))
    turns.step(WAKE)
    turns.now = 100.0
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due(before=200.0)

    assert wire.batches == [["a"]]
    assert sent["a"]["metadata"]["scores"][0]["score"] == 1.0
    assert wire.feedback == []
    assert status.counts().delivered == 1


def test_a_flush_sends_held_rows(turns, wire):
    turns.put(held("a"))
    turns.step(WAKE)
    request = FlushRequest(turns.now + 60.0)
    turns.step(request)
    turns.until_nothing_is_due(before=10.0)

    assert wire.batches == [["a"]]
    assert request.finished


@pytest.mark.parametrize(
    ("limits", "size"),
    [({"max_rows": 8}, 20), ({"max_bytes": 8_000}, 1_000)],
    ids=["rows", "bytes"],
)
def test_beyond_a_quarter_of_the_queue_the_oldest_is_sent(wire, limits, size):
    turns = Turns(wire, **limits)
    turns.put(*(held(name, size=size) for name in "abc"))
    turns.step(WAKE)

    turns.until_nothing_is_due(before=10.0)

    assert wire.batches == [["a"]]
    assert waiting(turns) == ["b", "c"]


def test_the_deadline_of_a_held_row_counts_from_its_release(wire, status):
    turns = Turns(wire, delivery_deadline=60.0)
    turns.put(held("a", status=status))
    turns.step(WAKE)

    turns.until_nothing_is_due()

    assert (wire.batches, status.counts().delivered) == ([["a"]], 1)


def test_held_rows_that_are_left_at_the_end_are_counted(turns, status):
    turns.put(held("a", status=status))
    turns.step(WAKE)

    turns.state.stop("the process ends", 1.0)

    assert status.counts().dropped == {"shutdown": 1}
    assert turns.state.queue.bytes_in_memory == 0


def test_held_rows_are_forgotten(turns, wire, status):
    turns.put(held("a", status=status), held("b"))
    turns.step(WAKE)

    assert turns.state.forget(lambda name, _: name == "a").memory == 1

    turns.until_nothing_is_due()
    assert wire.batches == [["b"]]
    assert status.counts().dropped == {"forgotten": 1}
