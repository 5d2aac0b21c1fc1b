"""Feedback in delivery, one step after another: time is a number, requests are made inline."""

import json

from respan_langchain.delivery.feedback_queue import MAX_IN_REQUEST, MAX_WAITING, RETRY_DELAYS
from respan_langchain.delivery.flush import FlushRequest
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker_state import WAKE
from tests.delivery.kit import Turns, all_stored, encoded, feedback_on


def flush(turns, status=None):
    request = FlushRequest(turns.now + 60.0, status)
    turns.step(request)
    while not request.finished:
        turns.step()


class Bodies:
    """Keeps the bodies that a wire is sent."""

    def __init__(self, wire):
        self.sent = {}
        self.send_bulk, wire.send_bulk = wire.send_bulk, self

    def __call__(self, dataset, bodies, timeout):
        self.sent |= {json.loads(body)["id"]: json.loads(body) for body in bodies}
        return self.send_bulk(dataset, bodies, timeout)


def test_feedback_is_merged_into_a_row_that_waits(turns, wire, status):
    bodies = Bodies(wire)
    turns.put(encoded("a"))
    turns.step(WAKE)
    turns.put(feedback_on("a", status=status, expected_output="x"))

    turns.until_nothing_is_due()

    assert bodies.sent["a"]["expected_output"] == "x"
    assert bodies.sent["a"]["metadata"]["scores"][0]["score"] == 1.0
    assert wire.feedback == []
    assert status.counts().delivered == 1
    assert turns.state.queue.bytes_in_memory == 0


def test_feedback_that_waits_is_merged_into_a_row_that_comes_later(turns, wire):
    bodies = Bodies(wire)
    turns.put(feedback_on("a"))
    turns.step(WAKE)
    turns.put(encoded("a"), encoded("b"))

    turns.until_nothing_is_due()

    assert bodies.sent["a"]["metadata"]["scores"][0]["score"] == 1.0
    assert bodies.sent["b"] == {"id": "b"}
    assert wire.feedback == []


def test_feedback_of_another_dataset_is_not_merged(turns, wire):
    turns.put(encoded("a"), feedback_on("a", dataset="other"))

    turns.until_nothing_is_due()

    assert wire.feedback[0] == ["a"]


def test_feedback_on_a_stored_row_is_applied_by_a_request_of_its_own(turns, wire, status):
    wire.keep(["a", "b"])
    turns.put(feedback_on("a", status=status), feedback_on("b", status=status))

    turns.until_nothing_is_due()

    assert wire.feedback == [["a", "b"]]
    assert status.counts().delivered == 2


def test_feedback_waits_for_a_list_that_shows_the_row_after_30_seconds(turns, wire, status):
    wire.feedback_script = [
        lambda ids: ["applied" if turns.now >= 30.0 else "no_row" for _ in ids]
    ] * 100
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert 30.0 <= turns.now < 60.0
    assert status.counts().delivered == 1
    assert len(wire.feedback) < 7


def test_feedback_is_given_up_after_two_minutes_without_a_row(turns, wire, status, caplog):
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert 120.0 < turns.now < 200.0
    assert status.counts().dropped == {"no_row": 1}
    assert len(wire.feedback) == 1 + len(RETRY_DELAYS)
    assert "gave up feedback on 1 row(s): the platform does not show the row." in caplog.text


def test_feedback_without_a_row_never_waits_in_great_number(turns, wire, status):
    for number in range(MAX_WAITING + 5):
        turns.put(feedback_on(f"run-{number}", status=status))

    turns.step(WAKE)

    assert (status.counts().pending, status.counts().dropped) == (MAX_WAITING, {"feedback_full": 5})


def test_feedback_in_great_number_is_merged_into_rows_that_wait(turns, wire, status):
    names = [f"run-{number}" for number in range(MAX_WAITING + 5)]
    turns.put(*map(encoded, names))
    turns.put(*(feedback_on(name, status=status) for name in names))

    turns.until_nothing_is_due()

    assert (status.counts().delivered, wire.feedback) == (MAX_WAITING + 5, [])


def test_a_platform_that_fails_is_tried_again_however_often_it_fails(turns, wire, status):
    wire.keep(["a"])
    wire.feedback_script = [lambda ids: None, lambda ids: ["failed"]] * 10
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert status.counts().delivered == 1
    assert len(wire.feedback) == 21


def test_a_platform_that_fails_for_too_long_gets_no_feedback(wire, status):
    turns = Turns(wire, delivery_deadline=600.0)
    wire.feedback_script = [lambda ids: None] * 1_000
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert status.counts().dropped == {"expired": 1}


def test_a_transport_that_raises_is_tried_again(turns, wire, status):
    wire.keep(["a"])
    wire.feedback_script = [lambda ids: 1 / 0]
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert (status.counts().delivered, len(wire.feedback)) == (1, 2)


def test_feedback_that_would_make_a_row_too_large_is_not_merged(wire, status):
    turns = Turns(wire, max_row_bytes=1_000)
    turns.put(encoded("a", size=900), feedback_on("a", status=status, comment="x" * 200))

    turns.until_nothing_is_due()

    assert wire.feedback == [["a"]]
    assert status.counts().delivered == 1


def test_refused_feedback_is_rejected(turns, wire, status):
    wire.feedback_script = [lambda ids: ["refused"]]
    turns.put(feedback_on("a", status=status))

    turns.until_nothing_is_due()

    assert status.counts().rejected == 1


def test_requests_of_feedback_leave_half_of_the_rate_limit_to_others(turns, wire):
    names = [f"run-{number}" for number in range(3 * MAX_IN_REQUEST)]
    wire.keep(names)
    turns.put(*map(feedback_on, names))

    turns.until_nothing_is_due()

    assert [len(ids) for ids in wire.feedback] == [MAX_IN_REQUEST] * 3
    requests = sum(1 + 2 * len(ids) for ids in wire.feedback[:-1])
    assert turns.now >= requests * 60.0 / 30


def test_rows_are_sent_before_feedback(turns, wire):
    wire.keep(["a"])
    wire.script = [lambda ids: wire.feedback.append(ids) or all_stored(1)]
    turns.put(feedback_on("a"), encoded("b"))

    flush(turns)

    assert wire.feedback == [["b"], ["a"]]


def test_a_flush_waits_for_feedback_on_stored_rows(turns, wire):
    rows = DeliveryStatus()
    wire.keep(["a"])
    turns.put(feedback_on("a", status=DeliveryStatus(feedback_on=rows)))

    flush(turns, rows)

    assert wire.feedback == [["a"]]
    assert turns.now == 0.0


def test_a_flush_waits_for_one_try_where_the_row_is_not_shown(turns, wire, status):
    turns.put(feedback_on("a", status=status))

    flush(turns)
    flush(turns)

    assert (turns.now, wire.feedback, status.counts().pending) == (0.0, [["a"]], 1)
