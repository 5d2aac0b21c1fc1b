"""The scheduler: which request is next, and what each response changes, by numbers alone."""

from collections import Counter
from itertools import takewhile

import pytest

from respan_langchain._clock import NEVER
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.batch import BulkResponse, Lookup, LookupResult
from respan_langchain.delivery.buffer import RowBuffer
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.recovery import UNPROVEN
from respan_langchain.delivery.scheduler import Scheduler
from tests.delivery.kit import all_stored, envelope, row


class Play:
    """A scheduler, and the clock and the responses that it is given."""

    def __init__(self, **limits):
        self.limits = DeliveryLimits(**{"lookup_delays": (2.0, 5.0), **limits})
        self.buffer = RowBuffer(self.limits)
        self.scheduler = Scheduler(self.limits, self.buffer, lambda: 1.0)
        self.now = 100.0
        self.number = 0
        self.fates = {}
        self.events = []
        self.resent = []

    def add(self, *names, dataset="dataset", size=20, accepted=0.0):
        for name in names:
            self.number += 1
            one = row(name, number=self.number, dataset=dataset, size=size, accepted=accepted)
            self.buffer.add(one)
        return self

    def next(self):
        """The ids of the rows in the next request, None when there is none."""
        self.request = self.scheduler.next_request(self.now)
        if self.request is None:
            return None
        rows = self.request.batch.rows if self.is_lookup else self.request.rows
        return [one.encoded.id for one in rows]

    @property
    def is_lookup(self):
        return isinstance(self.request, Lookup)

    def answer(self, result):
        self.learn(BulkResponse(self.request, result))

    def found(self, counts):
        """A lookup ends: `counts` by id, that of the marker row included."""
        rows = self.request.rows
        self.found_each(None if counts is None else [counts.get(one.id, 0) for one in rows])

    def found_each(self, counts):
        """A lookup ends: `counts` in the order of its rows."""
        self.learn(LookupResult(self.request, counts))

    def learn(self, response):
        outcomes = self.scheduler.apply(response, self.now, 0.0)
        self.fates.update({name: (kind, why) for name, kind, why in final(outcomes)})
        self.events += [one.kind for one in outcomes if one.is_about_delivery]
        self.resent += [
            row.encoded.id for one in outcomes if one.kind == "resent" for row in one.rows
        ]

    def later(self, seconds):
        self.now += seconds
        return self

    def due_in(self):
        return self.scheduler.due_at() - self.now


def final(outcomes):
    return sorted(
        (row.encoded.id, one.kind, one.reason)
        for one in outcomes
        if one.leaves_memory
        for row in one.rows
    )


def delivered(*names):
    return dict.fromkeys(names, ("delivered", ""))


LOST = HttpResult(None, error="reset")


def test_a_stored_batch_is_delivered():
    play = Play().add("a", "b")

    assert play.next() == ["a", "b"]
    play.answer(all_stored(2))

    assert play.fates == delivered("a", "b")
    assert len(play.scheduler.list_rows()) == 0
    assert play.due_in() == NEVER


def test_one_request_is_in_flight_at_a_time():
    play = Play().add("a").add("b", dataset="other")

    assert play.next() == ["a"]
    assert play.next() is None
    assert play.due_in() == NEVER


def test_a_server_that_fails_is_retried_with_backoff_and_nothing_is_lost():
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
    assert play.events == ["request_failed"] * 3 + ["recovered"]


def test_rows_of_a_failed_batch_may_be_sent_with_later_ones():
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
def test_retry_after_is_respected(answer):
    play = Play().add("a").add("b", dataset="other")
    play.next()
    play.answer(answer)

    assert play.later(19.9).next() is None
    assert play.later(0.2).next() is not None


def test_a_429_lowers_the_rate_limit():
    play = Play(requests_per_minute=2).add("a")
    play.next()
    play.answer(HttpResult(429, b'{"retry_after": 1}'))

    assert play.later(2).next() is None
    assert play.due_in() == 58.0


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405])
def test_a_permanent_error_opens_the_circuit_after_one_request(status):
    play = Play(batch_rows=2).add("a", "b", "c")
    play.next()
    play.answer(HttpResult(status))

    assert play.next() is None
    assert play.due_in() == 60.0
    assert len(play.scheduler.list_rows()) == 3
    assert play.scheduler.pacer.last_error is not None
    assert play.events == ["circuit_opened"]


def test_an_open_circuit_is_probed_with_one_row_and_closed_by_success():
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
    assert play.events == ["circuit_opened", "recovered"]
    assert play.scheduler.pacer.last_error is None


def test_an_open_circuit_delays_no_other_dataset():
    play = Play().add("a").add("b", dataset="other")
    play.next()
    play.answer(HttpResult(404))

    assert play.next() == ["b"]


def refuse_and_prove(play, stored=()):
    """A batch is refused as a whole; a lookup that shows its last row shows `stored` besides."""
    rows = [one.encoded.id for one in play.request.rows]
    play.answer(HttpResult(422))
    assert play.next() == rows[-1:]
    play.answer(all_stored(1))
    assert play.next() == rows[:-1]
    assert play.is_lookup
    play.found({**dict.fromkeys(stored, 1), rows[-1]: 1})


def test_an_open_circuit_is_probed_with_one_row_of_a_refused_batch_too():
    play = Play().add(*"abcd")
    play.next()
    refuse_and_prove(play)
    assert play.next() == ["a"]
    play.answer(all_stored(1))
    assert play.next() == ["b"]
    play.answer(HttpResult(401))

    assert play.later(60).next() == ["c"]


def test_after_a_413_smaller_batches_are_sent():
    play = Play().add(*"abcdefgh", size=100)
    sent = []
    while names := play.next():
        sent.append(len(names))
        too_large = sum(one.size for one in play.request.rows) > 250
        play.answer(HttpResult(413) if too_large else all_stored(len(names)))

    assert play.fates == delivered(*"abcdefgh")
    assert len(sent) <= 10


def test_a_single_row_that_gets_a_413_is_rejected():
    play = Play().add("big")
    play.next()
    play.answer(HttpResult(413, b"20 MB at most"))

    assert play.fates == {"big": ("rejected", "too large: 413: 20 MB at most")}


class Server:
    """Plays a server that refuses batches, and keeps what `keeps` of a refused batch."""

    def __init__(self, *bad, keeps=lambda rows, bad: [], lag=0.0, lists=True, status=400):
        self.bad, self.keeps, self.lag, self.lists, self.status = bad, keeps, lag, lists, status
        self.stored = []
        """Ids, and since when the list shows each."""
        self.posts = []

    def play(self, play):
        """Answer until nothing is left to do."""
        while play.due_in() < NEVER:
            play.later(max(0.0, play.due_in()))
            rows = play.next()
            if play.is_lookup:
                seen = Counter(name for name, since in self.stored if since <= play.now)
                play.found(seen if self.lists else None)
                continue
            self.posts.append(rows)
            refused = any(name in self.bad for name in rows)
            kept = self.keeps(rows, self.bad) if refused else rows
            self.stored += [(name, play.now + self.lag) for name in kept]
            play.answer(HttpResult(self.status) if refused else all_stored(len(rows)))
        return self

    @property
    def doubles(self):
        counts = Counter(name for name, _ in self.stored)
        return [name for name, count in counts.items() if count > 1]


def prefix(rows, bad):
    """The rows before the first bad one."""
    return list(takewhile(lambda name: name not in bad, rows))


NAMES = [str(number) for number in range(80)]


@pytest.mark.parametrize("lag", [0.0, 1.0, 10.0])
@pytest.mark.parametrize("keeps", [lambda rows, bad: [], prefix], ids=["atomic", "keeps_prefix"])
@pytest.mark.parametrize(
    "bad", [["37"], ["0"], ["78"], ["0", "40"], ["11", "12", "70"]], ids=" ".join
)
def test_rows_that_a_server_refuses_are_found_and_no_other_is_lost_or_stored_twice(bad, keeps, lag):
    play = Play(lookup_delays=(2.0, 5.0, 15.0)).add(*NAMES)

    server = Server(*bad, keeps=keeps, lag=lag).play(play)

    assert play.fates == delivered(*NAMES) | dict.fromkeys(bad, ("rejected", "400"))
    assert server.doubles == []
    assert play.resent == []


def test_an_invalid_row_is_found_in_few_requests():
    play = Play().add(*NAMES)

    server = Server("37").play(play)

    assert len(server.posts) <= 3 + 2 * 7


def test_an_invalid_last_row_causes_lookups_and_loses_no_row():
    play = Play(lookup_delays=(2.0, 5.0, 15.0)).add(*NAMES)

    server = Server("79", keeps=prefix, lag=10.0).play(play)

    assert play.fates == delivered(*NAMES) | {"79": ("rejected", "400")}
    assert server.doubles == []


def test_an_earlier_atomic_refusal_proves_nothing_about_the_next_one():
    play = Play(batch_rows=4, lookup_delays=(2.0, 5.0, 15.0)).add("bad", *"abcdef", "worse", "g")

    server = Server("bad", "worse", keeps=prefix, lag=10.0).play(play)

    assert server.doubles == []
    assert play.fates == delivered(*"abcdefg") | dict.fromkeys(
        ["bad", "worse"], ("rejected", "400")
    )


def test_rows_that_are_sent_again_because_no_list_can_be_had_are_counted():
    play = Play(on_unconfirmed="resend").add(*"abcd")

    server = Server("b", keeps=prefix, lists=False).play(play)

    assert play.fates == delivered("a", "c", "d") | {"b": ("rejected", "400")}
    assert set(server.doubles) <= set(play.resent)


def test_with_hold_rows_that_cannot_be_looked_up_are_not_sent_again():
    play = Play(on_unconfirmed="keep").add(*"abcd")

    server = Server("b", keeps=prefix, lists=False).play(play)

    assert server.posts == [list("abcd"), ["d"]]
    assert play.fates == delivered("d") | dict.fromkeys("abc", ("unconfirmed", "400"))


def test_a_conflict_after_a_lost_response_is_looked_up():
    play = Play(lookup_delays=(2.0, 5.0, 15.0)).add("a", "b")
    play.next()
    play.answer(LOST)
    for _ in range(3):
        play.later(20).next()
        play.found({})
    assert play.later(60).next() == ["a", "b"]
    assert play.resent == ["a", "b"]

    play.answer(HttpResult(409))
    assert play.next() == ["b"]
    play.answer(HttpResult(409))
    for _ in range(2):
        play.later(20).next()
        play.found({"a": 1, "b": 1})

    assert play.fates == delivered("a", "b")


def test_a_conflict_over_a_missing_row_rejects_it_only_with_proof():
    play = Play().add("a")
    play.next()
    play.answer(HttpResult(409))
    play.add("later").later(1)
    play.next()
    play.answer(all_stored(1))
    play.later(2).next()
    play.found({"later": 1})

    assert play.fates == delivered("later") | {"a": ("rejected", "409")}


def test_a_listed_row_is_rejected_with_the_servers_message():
    play = Play().add("a", "b")
    play.next()
    play.answer(envelope(1, 1, [(0, "input is required")]))

    assert play.fates == delivered("b") | {"a": ("rejected", "input is required")}


def test_a_row_with_a_temporary_error_is_sent_again_a_few_times():
    play = Play(max_row_tries=3).add("a", "b")
    play.next()
    play.answer(envelope(1, 1, [(0, "timeout")]))
    for wait in (1.0, 2.0, 4.0):
        assert play.due_in() == wait
        assert play.later(wait).next() == ["a"]
        play.answer(envelope(0, 1, [(0, "timeout")]))

    assert play.fates == delivered("b") | {"a": ("rejected", "timeout")}


def test_a_batch_whose_response_was_lost_is_looked_up_and_not_sent_again():
    play = Play().add("a", "b")
    play.next()
    play.answer(LOST)

    assert play.next() is None
    assert play.due_in() == 2.0
    play.later(2).next()
    assert play.is_lookup
    play.found({"a": 1, "b": 1})

    assert play.fates == delivered("a", "b")
    assert len(play.scheduler.list_rows()) == 0


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
    assert not play.is_lookup
    play.answer(all_stored(1))

    assert play.fates == delivered("a", "b")
    assert play.resent == ["b"]


def test_a_row_stored_later_proves_that_a_missing_row_is_not_stored():
    play = Play().add("a")
    play.next()
    play.answer(LOST)
    play.add("later").later(1)
    play.next()
    play.answer(all_stored(1))
    play.later(2).next()
    play.found({"a": 0, "later": 1})

    assert play.later(1).next() == ["a"]
    assert play.resent == []


def test_a_list_that_lags_behind_is_looked_up_again():
    play = Play().add("a")
    play.next()
    play.answer(LOST)
    play.add("later").later(1)
    play.next()
    play.answer(all_stored(1))
    while play.now < 160:
        play.later(play.due_in()).next()
        play.found({})
    play.later(play.due_in()).next()
    play.found({"a": 1, "later": 1})

    assert play.fates == delivered("a", "later")
    assert play.resent == []


@pytest.mark.parametrize(("policy", "fate"), [
    ("resend", {}), ("keep", {"a": ("unconfirmed", UNPROVEN)}),
])  # fmt: skip
def test_rows_that_cannot_be_looked_up_are_sent_again_or_held(policy, fate):
    play = Play(on_unconfirmed=policy).add("a")
    play.next()
    play.answer(LOST)
    for _ in range(2):
        play.later(5).next()
        play.found(None)

    assert play.fates == fate
    assert play.later(5).next() == (["a"] if policy == "resend" else None)
    assert play.resent == (["a"] if policy == "resend" else [])


def test_rows_that_are_stored_twice_are_delivered_and_reported():
    play = Play().add("a")
    play.next()
    play.answer(LOST)
    play.later(2).next()
    play.found({"a": 2})

    assert play.fates == delivered("a")
    assert "duplicates" in play.events


def fail_and_miss(play):
    """The batch that is out fails without a trace."""
    play.answer(HttpResult(500))
    for _ in range(2):
        play.later(60).next()
        play.found(dict.fromkeys("ab", 0))
    play.later(60)


def test_a_batch_that_alone_keeps_failing_is_split():
    play = Play(batch_rows=2).add("a", "b")
    play.next()
    fail_and_miss(play)
    assert play.next() == ["a", "b"]
    fail_and_miss(play)
    play.next()
    play.answer(HttpResult(500))
    play.add("c").later(1.9)
    assert play.next() is None
    play.later(0.2).next()
    play.found({})
    assert play.next() == ["c"]
    play.answer(all_stored(1))
    play.later(60).next()
    play.found({"c": 1})

    assert play.later(60).next() == ["a"]


def test_a_large_body_that_could_not_be_written_in_time_is_sent_in_parts():
    play = Play().add(*"abcd", size=100_000)
    play.next()
    play.answer(HttpResult(None, error="write timeout", maybe_sent=False, timed_out=True))

    assert play.later(1).next() == ["a"]


def test_rows_past_the_delivery_deadline_are_dropped():
    play = Play(delivery_deadline=50.0).add("old", accepted=40.0).add("young", accepted=60.0)

    expired = play.scheduler.remove_expired(now=100.0)

    assert final([expired]) == [("old", "dropped", "expired")]
    assert len(play.scheduler.list_rows()) == 1


def test_parts_of_a_refused_batch_past_the_deadline_are_dropped():
    play = Play(delivery_deadline=90.0).add("0", accepted=5.0)
    play.add("old", accepted=5.0).add("a", "b", accepted=50.0)
    play.next()
    refuse_and_prove(play)
    assert play.next() == ["0"]
    play.answer(all_stored(1))

    expired = play.scheduler.remove_expired(now=100.0)

    assert final([expired]) == [("old", "dropped", "expired")]
    assert play.next() == ["a"]


def test_at_the_end_sent_rows_are_unconfirmed_and_the_others_dropped():
    play = Play(batch_rows=1).add("lost", "in flight", "queued")
    play.next()
    play.answer(LOST)
    play.later(1).next()

    assert final(play.scheduler.give_up()) == [
        ("in flight", "unconfirmed", "shutdown"),
        ("lost", "unconfirmed", "shutdown"),
        ("queued", "dropped", "shutdown"),
    ]
    assert len(play.scheduler.list_rows()) == 0


def test_a_row_with_the_id_of_a_stored_row_is_looked_up_beside_that_row():
    play = Play().add("a", "a")
    play.next()
    play.answer(LOST)
    play.later(2).next()
    play.found_each([1, 0])
    play.later(5).next()

    assert [row.id for row in play.request.rows] == ["a", "a"]
    play.found_each([1, 0])
    play.later(20).next()

    assert play.resent == ["a"]


def test_a_request_that_is_withdrawn_costs_only_the_lost_rows():
    play = Play(max_age=0.0).add("a", "b", "c")
    assert play.next() == ["a", "b", "c"]
    lost = tuple(one for one in play.request.rows if one.encoded.id != "b")
    play.scheduler.withdraw(play.request, lost, play.now)

    assert play.next() == ["b"]


def test_a_row_is_not_forgotten_when_the_row_that_it_waits_for_is_withdrawn():
    play = Play(max_age=0.0).add("a", "b")
    play.next()
    play.answer(HttpResult(400))
    assert play.next() == ["b"]  # the last row of a refused batch is sent alone
    play.scheduler.withdraw(play.request, tuple(play.request.rows), play.now)

    assert [one.encoded.id for one in play.scheduler.list_rows()] == ["a"]
