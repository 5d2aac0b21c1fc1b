"""How long to wait: asked waits, backoff, the budget of a minute, the circuit."""

import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from respan_langchain._http_result import HttpResult
from respan_langchain.delivery.retry import CircuitBreaker, RateLimiter, backoff, parse_retry_after

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def http_date(seconds):
    return format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("-1", 0.0),
        ("1000000000", 300.0),
        ("1e400", 300.0),
        ("NaN", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Nov 2026", None),
        (http_date(7), 7.0),
        (http_date(-7), 0.0),
        ("Fri, 31 Dec 2099 23:59:59 GMT", 300.0),
        ("Mon, 23 Nov 2026 12:00:09 -0000", 9.0),
    ],
)
def test_a_header_says_how_long_to_wait(said, seconds):
    answer = HttpResult(429, headers={"retry-after": said, "date": http_date(0)})

    assert parse_retry_after(answer, wall_clock=0.0) == seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3, 3.0),
        (0.5, 0.5),
        ("4", 4.0),
        (-1, 0.0),
        (10**400, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_body_says_how_long_to_wait(said, seconds):
    body = json.dumps({"detail": "Rate limit exceeded", "retry_after": said}).encode()

    assert parse_retry_after(HttpResult(429, body), wall_clock=0.0) == seconds


def test_the_body_is_believed_before_the_header():
    answer = HttpResult(429, b'{"retry_after": 2}', headers={"retry-after": "9"})

    assert parse_retry_after(answer, wall_clock=0.0) == 2.0


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_a_date_is_measured_against_the_servers_own_clock(skew):
    headers = {"retry-after": http_date(3 + skew), "date": http_date(skew)}

    assert parse_retry_after(HttpResult(503, headers=headers), wall_clock=NOON.timestamp()) == 3.0


def test_a_date_without_a_date_is_measured_against_our_clock():
    answer = HttpResult(503, headers={"retry-after": http_date(3)})

    assert parse_retry_after(answer, wall_clock=NOON.timestamp()) == 3.0


def test_backoff_doubles_up_to_its_most_and_uses_all_of_the_room():
    longest = [backoff(n, first=0.5, maximum=60.0, uniform=max) for n in (0, 1, 2, 7, 10_000)]

    assert longest == [0.5, 1.0, 2.0, 60.0, 60.0]


def test_two_hundred_clients_do_not_come_back_together():
    dice = random.Random(1)  # noqa: S311  # no secrets here
    arrivals = [0] * 60
    for _ in range(200):
        now = 0.0
        for failures in range(12):
            now += backoff(failures, first=0.5, maximum=60.0, uniform=dice.uniform)
            if 60.0 <= now < 120.0:
                arrivals[int(now) - 60] += 1

    assert max(arrivals) <= 3 * max(1.0, sum(arrivals) / len(arrivals))


def test_a_minute_never_sees_more_requests_than_allowed():
    budget, now, sent = RateLimiter(30), 0.0, []
    for _ in range(200):
        now = budget.next_allowed_at(now)
        budget.record_request(now)
        sent.append(now)

    assert all(later - earlier >= 60.0 for earlier, later in zip(sent, sent[30:], strict=False))


def test_too_many_halves_the_budget_and_success_gives_it_back_one_by_one():
    budget = RateLimiter(30)

    budget.decrease()
    assert budget.allowed == 15
    budget.increase()
    assert budget.allowed == 16
    for _ in range(10):
        budget.decrease()
    assert budget.allowed == 1
    for _ in range(100):
        budget.increase()
    assert budget.allowed == 30


def test_four_processes_share_one_limit_within_a_factor_of_two():
    processes, sent, window = [RateLimiter(30) for _ in range(4)], [0] * 4, []
    for tick in range(20 * 60 * 10):
        now = tick / 10
        window = [moment for moment in window if moment > now - 60]
        for number, budget in enumerate(processes):
            if budget.next_allowed_at(now) > now:
                continue
            budget.record_request(now)
            if len(window) < 30:
                window.append(now)
                budget.increase()
                sent[number] += 1
            else:
                budget.decrease()

    assert max(sent) <= 2 * min(sent)
    assert sum(sent) >= 20 * 30 * 0.8


def test_a_halted_address_is_probed_once_an_interval_until_it_mends():
    circuit = CircuitBreaker(probe_interval=60.0)

    assert circuit.trip("a", now=5.0)
    assert circuit.is_open("a")
    assert circuit.next_probe_at("a") == 65.0
    assert not circuit.trip("a", now=70.0)
    assert circuit.next_probe_at("a") == 130.0
    assert not circuit.is_open("b")
    assert circuit.reset("a")
    assert not circuit.reset("a")
    assert circuit.next_probe_at("a") == float("-inf")
