"""One rate limit for all forwarders, by the clock of the server."""

import time
from threading import Thread

import pytest

from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.rate_limit import MARGIN, SharedRateLimit
from respan_langchain.fleet.scripts import RESERVE_BULK


@pytest.fixture
def open_rate_limit(redis):
    opened = []

    def open_one(per_minute=30):
        opened.append(Broker(redis.url))
        return SharedRateLimit(opened[-1], RESERVE_BULK, per_minute)

    yield open_one
    for broker in opened:
        broker.close()


def test_two_forwarders_get_turns_two_seconds_apart(open_rate_limit):
    first, second = open_rate_limit(), open_rate_limit()
    began = time.monotonic()
    waits = [rate_limit.reserve(60.0)[1] for _ in range(3) for rate_limit in (first, second)]
    took = time.monotonic() - began

    for number, wait in enumerate(waits):
        assert number * 2 * MARGIN - took <= wait <= number * 2 * MARGIN


def test_no_minute_holds_more_than_the_limit_however_many_ask(open_rate_limit):
    waits = []

    def ask(rate_limit):
        for _ in range(50):
            began = time.monotonic()
            waits.append(began + rate_limit.reserve(1e6)[1])

    asking = [Thread(target=ask, args=(open_rate_limit(6000),)) for _ in range(4)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()

    # A request is allowed at the earliest when its script ran, later than `began`.
    allowed = sorted(waits)
    assert allowed[-1] - allowed[0] >= (len(allowed) - 1) * 60 / 6000 - 1.0


def test_too_long_a_wait_reserves_nothing(open_rate_limit):
    rate_limit = open_rate_limit()
    assert rate_limit.reserve(0.5) == (True, 0.0)
    refused = [rate_limit.reserve(0.5) for _ in range(3)]

    assert not any(reserved for reserved, _ in refused)
    assert all(0.5 < wait <= 2 * MARGIN for _, wait in refused)


def test_a_lookup_of_many_pages_counts_as_many_requests(open_rate_limit):
    rate_limit = open_rate_limit()
    rate_limit.reserve(0.0, 5)

    assert 4 * 2 < rate_limit.reserve(60.0)[1] <= 5 * 2 * MARGIN


def test_a_pause_holds_for_all_and_never_shortens_another(open_rate_limit):
    first, second = open_rate_limit(), open_rate_limit()
    first.pause(200.0)
    second.pause(1.0)

    assert 100.0 < second.reserve(0.0)[1] <= 200.0


def test_a_clock_that_was_set_back_does_not_stop_the_fleet(open_rate_limit, redis):
    rate_limit = open_rate_limit()
    hour_ahead = (time.time() + 3600) * 1e6
    redis.ask("SET", keys.BULK_RATE_LIMIT, int(hour_ahead))

    assert rate_limit.reserve(0.0) == (True, 0.0)
