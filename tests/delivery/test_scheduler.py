"""What leaves next, and what each answer changes: by numbers alone."""

import json

import pytest

from respan_langchain._http_result import HttpResult
from respan_langchain.delivery.batch import BulkResponse, LookupResult
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.scheduler import NEVER, Scheduler
from tests.delivery.kit import all_stored, envelope, row


class Play:
    """A dispatch, and the clock and the answers that it is given."""

    def __init__(self, **limits):
        self.limits = Limits(**{"lookup_delays": (2.0, 5.0), **limits})
        self.dispatch = Scheduler(self.limits, lambda low, high: high)
        self.now = 100.0
        self.number = 0
        self.fates = {}
        self.remarks = []

    def add(self, *names, address="dataset", size=20, accepted=0.0):
        for name in names:
            self.number += 1
            one = row(name, number=self.number, dataset=address, size=size, accepted=accepted)
            self.dispatch.buffer.add(one)
        return self

    def next(self):
        """The ids of the next errand, None when there is none."""
        self.errand = self.dispatch.next_request(self.now)
        return self.errand and [one.encoded.id for one in self.errand.batch.rows]

    def answer(self, answer):
        self.learn(self.dispatch.posted(BulkResponse(self.errand.batch, answer), self.now, 0.0))

    def found(self, counts):
        self.learn(self.dispatch.found(LookupResult(self.errand.batch, counts), self.now))

    def learn(self, news):
        self.fates.update({name: (state, why) for name, state, why in told(news.settled)})
        self.remarks += [remark.subject for remark in news.remarks]

    def later(self, seconds):
        self.now += seconds
        return self

    def due_in(self):
        return self.dispatch.due_at() - self.now


def told(settled):
    return sorted((row.encoded.id, one.state, one.reason) for one in settled for row in one.rows)


def delivered(*names):
    return dict.fromkeys(names, ("delivered", ""))


LOST = HttpResult(None, error="reset")


def test_a_stored_batch_is_delivered():
    play = Play().add("a", "b")

    assert play.next() == ["a", "b"]
    play.answer(all_stored(2))

    assert play.fates == delivered("a", "b")
    assert len(play.dispatch.rows) == 0
    assert play.due_in() == NEVER


def test_one_errand_is_out_at_a_time():
    play = Play().add("a").add("b", address="other")

    assert play.next() == ["a"]
    assert play.next() is None
    assert play.due_in() == NEVER


def test_a_server_that_fails_is_left_alone_for_a_while_and_nothing_is_lost():
    play = Play().add("a")
    for wait in (0.5, 1.0, 2.0):
        assert play.next() == ["a"]
        play.answer(HttpResult(503))
        assert play.next() is None
        assert play.due_in() == wait
        play.later(wait)

    assert play.next() == ["a"]
    play.answer(all_stored(1))

    assert play.fates == delivered("a")
    assert play.remarks == ["failing", "failing", "failing", "works again"]


def test_rows_of_a_refused_batch_may_leave_with_later_ones():
    play = Play().add("a")
    play.next()
    play.answer(HttpResult(503))

    play.add("b").later(1)

    assert play.next() == ["a", "b"]


@pytest.mark.parametrize("answer", [
    HttpResult(429, b'{"retry_after": 20}'),
    HttpResult(503, headers={"retry-after": "20"}),
    HttpResult(500, b'{"retry_after": 20}'),
])  # fmt: skip
def test_the_wait_that_a_server_asks_for_is_kept(answer):
    play = Play().add("a").add("b", address="other")
    play.next()
    play.answer(answer)

    assert play.later(19.9).next() is None
    assert play.later(0.2).next() is not None


def test_too_many_requests_narrow_the_budget():
    play = Play(requests_per_minute=2).add("a")
    play.next()
    play.answer(HttpResult(429, b'{"retry_after": 1}'))

    assert play.later(2).next() is None
    assert play.due_in() == 58.0


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405])
def test_an_answer_that_patience_will_not_mend_halts_after_one_request(status):
    play = Play(batch_rows=2).add("a", "b", "c")
    play.next()
    play.answer(HttpResult(status))

    assert play.next() is None
    assert play.due_in() == 60.0
    assert len(play.dispatch.rows) == 3
    assert play.dispatch.last_error is not None
    assert play.remarks == ["halted"]


def test_a_halted_address_is_asked_with_one_row_and_then_gets_everything():
    play = Play().add("a", "b", "c")
    play.next()
    play.answer(HttpResult(401))

    assert play.later(60).next() == ["a"]
    play.answer(HttpResult(401))
    assert play.later(60).next() == ["a"]
    play.answer(all_stored(1))
    assert play.next() == ["b", "c"]
    play.answer(all_stored(2))

    assert play.fates == delivered("a", "b", "c")
    assert play.remarks == ["halted", "works again"]
    assert play.dispatch.last_error is None


def test_a_halted_address_does_not_hold_up_the_others():
    play = Play().add("a").add("b", address="other")
    play.next()
    play.answer(HttpResult(404))

    assert play.next() == ["b"]


def test_a_halted_address_is_asked_with_one_row_of_a_spoilt_batch_too():
    play = Play().add("a", "b", "c", "d")
    play.next()
    play.answer(HttpResult(422))
    play.later(2).next()
    play.found({})
    assert play.next() == ["a", "b"]
    play.answer(HttpResult(401))

    assert play.later(60).next() == ["c"]


def test_a_body_too_large_is_sent_in_parts():
    play = Play().add(*"abcdefgh", size=100)
    sent = []
    while names := play.next():
        sent.append(len(names))
        too_large = sum(one.size for one in play.errand.batch.rows) > 250
        play.answer(HttpResult(413) if too_large else all_stored(len(names)))

    assert play.fates == delivered(*"abcdefgh")
    assert len(sent) <= 10


def test_a_row_too_large_by_itself_is_rejected():
    play = Play().add("big")
    play.next()
    play.answer(HttpResult(413, b"20 MB at most"))

    assert play.fates == {"big": ("rejected", "too large: 413: 20 MB at most")}


def test_a_row_that_spoils_its_batch_is_found_and_the_rest_delivered():
    names = [str(number) for number in range(64)]
    play = Play().add(*names)
    requests = 0
    while sent := play.next():
        requests += 1
        if play.errand.kind == "find":
            play.found({})
        else:
            play.answer(HttpResult(422) if "37" in sent else all_stored(len(sent)))
        play.later(10)

    assert play.fates == delivered(*names) | {"37": ("rejected", "422")}
    assert requests <= 2 * 6 + 2


def test_what_a_server_kept_before_it_refused_the_rest_is_not_sent_again():
    play = Play().add(*"abcd")
    posts = []
    while sent := play.next():
        if play.errand.kind == "find":
            play.found({"a": 1} if len(sent) == 4 else {})
        else:
            posts.append(sent)
            play.answer(HttpResult(400) if "b" in sent else all_stored(len(sent)))
        play.later(10)

    assert play.fates == delivered("a", "c", "d") | {"b": ("rejected", "400")}
    assert [sent for sent in posts if "a" in sent] == [["a", "b", "c", "d"]]


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_rows_of_a_refused_batch_that_cannot_be_looked_for_are_sent_again_or_parked(policy):
    play = Play(on_unconfirmed=policy).add(*"abcd")
    posts = []
    while sent := play.next():
        if play.errand.kind == "find":
            play.found(None)
        else:
            posts.append(sent)
            play.answer(HttpResult(400) if len(sent) == 4 else all_stored(len(sent)))
        play.later(10)

    if policy == "resend":
        assert play.fates == delivered(*"abcd")
    else:
        assert play.fates == dict.fromkeys("abcd", ("unconfirmed", "could not be looked for"))
        assert posts == [list("abcd")]


def test_a_row_that_failed_by_name_is_rejected_in_the_servers_words():
    play = Play().add("a", "b")
    play.next()
    play.answer(envelope(1, 1, [(0, "input is required")]))

    assert play.fates == delivered("b") | {"a": ("rejected", "input is required")}


def test_a_row_that_fails_in_passing_is_sent_again_but_not_for_ever():
    play = Play(max_row_tries=3).add("a", "b")
    play.next()
    play.answer(envelope(1, 1, [(0, "timeout")]))
    for wait in (1.0, 2.0, 4.0):
        assert play.due_in() == wait
        assert play.later(wait).next() == ["a"]
        play.answer(envelope(0, 1, [(0, "timeout")]))

    assert play.fates == delivered("b") | {"a": ("rejected", "timeout")}


def test_a_batch_whose_answer_was_lost_is_looked_for_and_not_sent_again():
    play = Play().add("a", "b")
    play.next()
    play.answer(LOST)

    assert play.next() is None
    assert play.due_in() == 2.0
    play.later(2).next()
    assert play.errand.kind == "find"
    play.found({"a": 1, "b": 1})

    assert play.fates == delivered("a", "b")
    assert len(play.dispatch.rows) == 0


def test_only_the_rows_that_stay_missing_are_sent_again():
    play = Play().add("a", "b")
    play.next()
    play.answer(LOST)
    play.later(2).next()
    play.found({"a": 1, "b": 0})

    assert play.due_in() == 3.0
    play.later(3).next()
    play.found({"b": 0})
    assert play.later(0.5).next() == ["b"]
    assert play.errand.kind == "post"
    play.answer(all_stored(1))

    assert play.fates == delivered("a", "b")


@pytest.mark.parametrize(("policy", "fate"), [
    ("resend", {}), ("hold", {"a": ("unconfirmed", "could not be looked for")}),
])  # fmt: skip
def test_rows_that_cannot_be_looked_for_are_sent_again_or_parked(policy, fate):
    play = Play(on_unconfirmed=policy).add("a")
    play.next()
    play.answer(LOST)
    for _ in range(2):
        play.later(5).next()
        play.found(None)

    assert play.fates == fate
    assert play.later(5).next() == (["a"] if policy == "resend" else None)


def test_rows_that_are_stored_twice_are_delivered_and_talked_about():
    play = Play().add("a")
    play.next()
    play.answer(LOST)
    play.later(2).next()
    play.found({"a": 2})

    assert play.fates == delivered("a")
    assert "some records are stored more than once" in play.remarks


def fail_and_miss(play):
    """The batch that is out fails without a trace."""
    play.answer(HttpResult(500))
    for _ in range(2):
        play.later(60).next()
        play.found(dict.fromkeys("ab", 0))
    play.later(60)


def test_a_batch_that_fails_alone_is_cut_in_halves():
    play = Play(batch_rows=2).add("a", "b")
    play.next()
    fail_and_miss(play)
    assert play.next() == ["a", "b"]
    fail_and_miss(play)
    play.next()
    play.answer(HttpResult(500))
    play.add("c").later(1.9)
    assert play.next() is None
    play.later(0.2)
    play.dispatch.unconfirmed[0].not_before += 1
    assert play.next() == ["c"]
    play.answer(all_stored(1))
    for _ in range(2):
        play.later(60).next()
        play.found({"a": 0, "b": 0})

    assert play.later(60).next() == ["a"]


def test_a_large_body_that_could_not_be_written_in_time_is_sent_in_parts():
    play = Play().add(*"abcd", size=100_000)
    play.next()
    play.answer(HttpResult(None, error="write timeout", maybe_sent=False, timed_out=True))

    assert play.later(1).next() == ["a"]


def test_what_waited_too_long_is_given_up():
    play = Play(delivery_deadline=50.0).add("old", accepted=40.0).add("young", accepted=60.0)

    given_up = play.dispatch.expire(now=100.0)

    assert told(given_up) == [("old", "dropped", "expired")]
    assert len(play.dispatch.rows) == 1


def test_what_waited_too_long_apart_is_given_up():
    play = (
        Play(delivery_deadline=90.0).add("old", "older", accepted=5.0).add("a", "b", accepted=50.0)
    )
    play.next()
    play.answer(HttpResult(422))
    play.later(2).next()
    play.found({})

    given_up = [name for name, *_ in told(play.dispatch.expire(now=100.0))]
    assert given_up == ["old", "older"]
    assert play.next() == ["a", "b"]


def test_at_the_end_what_was_sent_is_unknown_and_the_rest_dropped():
    play = Play(batch_rows=1).add("doubtful", "flying", "waiting")
    play.next()
    play.answer(LOST)
    play.later(1).next()

    assert told(play.dispatch.abandoned("shutdown")) == [
        ("doubtful", "unconfirmed", "shutdown"),
        ("flying", "unconfirmed", "shutdown"),
        ("waiting", "dropped", "shutdown"),
    ]
    play.dispatch.clear()
    assert len(play.dispatch.rows) == 0


def test_no_body_is_larger_than_its_limit_unless_it_holds_one_row():
    play = Play(batch_bytes=1000)
    for size in (10, 990, 500, 480, 2000, 30, 30, 999, 1):
        play.add(f"r{size}", size=size)
    while play.next():
        rows = play.errand.batch.rows
        body = sum(one.size for one in rows) + len(rows) - 1
        assert body <= 1000 or len(rows) == 1
        play.answer(all_stored(len(rows)))

    assert json.dumps(sorted(play.fates)) is not None
