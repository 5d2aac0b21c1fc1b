"""How long to wait before a retry: what the server asks for, and exponential backoff."""

import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.retry_policy import RetryPolicy, backoff, parse_retry_after

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def http_date(seconds):
    return format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("-1", None),
        ("1000000000", 1e9),
        ("1e400", float("inf")),
        ("NaN", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Nov 2026 12:00:09 GMT", None),
        (http_date(7), 7.0),
        (http_date(-7), 0.0),
        ("Mon, 23 Nov 2026 13:00:09 +0100", 9.0),
        ("Mon, 23 Nov 2026 12:00:09 -0000", 9.0),
    ],
)
def test_the_header_gives_seconds_or_a_date(header, seconds):
    result = HttpResult(429, headers={"retry-after": header, "date": http_date(0)})

    assert parse_retry_after(result) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3, 3.0),
        (0.5, 0.5),
        ("4", 4.0),
        (-1, None),
        (10**400, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_the_body_gives_seconds(value, seconds):
    body = json.dumps({"detail": "Rate limit exceeded", "retry_after": value}).encode()

    assert parse_retry_after(HttpResult(429, body)) == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"[" * 100_000])
def test_a_body_that_is_not_a_json_object_gives_no_wait(body):
    assert parse_retry_after(HttpResult(503, body)) is None


@pytest.mark.parametrize(("value", "seconds"), [(2, 2.0), (None, 9.0), (True, 9.0)])
def test_the_body_comes_before_the_header(value, seconds):
    body = json.dumps({"retry_after": value}).encode()

    assert parse_retry_after(HttpResult(429, body, headers={"retry-after": "9"})) == seconds


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_a_date_is_compared_with_the_server_s_own_clock(skew):
    headers = {"retry-after": http_date(3 + skew), "date": http_date(skew)}

    assert parse_retry_after(HttpResult(503, headers=headers), NOON.timestamp()) == 3.0


@pytest.mark.parametrize(("now", "seconds"), [(NOON.timestamp(), 3.0), (None, None)])
def test_without_the_server_s_date_the_local_clock_is_used_where_it_is_given(now, seconds):
    assert parse_retry_after(HttpResult(503, headers={"retry-after": http_date(3)}), now) == seconds


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 1.0, 0.5), (2, 1.0, 1.0), (3, 1.0, 2.0), (3, 0.25, 0.5), (10_000, 1.0, 20.0)],
)
def test_backoff_doubles_up_to_its_maximum_and_is_jittered(attempt, jitter, seconds):
    assert RetryPolicy().delay(attempt, None, jitter) == seconds


def test_a_wait_beyond_five_minutes_is_cut():
    assert RetryPolicy().delay(1, 1e9, jitter=0.0) == 300.0


def test_two_hundred_clients_do_not_retry_at_the_same_time():
    dice = random.Random(1)  # noqa: S311  # no secrets here
    arrivals = [0] * 60
    for _ in range(200):
        now = 0.0
        for failures in range(12):
            now += backoff(failures, 0.5, 60.0, dice.random())
            if 60.0 <= now < 120.0:
                arrivals[int(now) - 60] += 1

    assert max(arrivals) <= 3 * max(1.0, sum(arrivals) / len(arrivals))
