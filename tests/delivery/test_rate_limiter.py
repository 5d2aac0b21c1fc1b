"""The rate limit: requests that delivery may send in a minute."""

from respan_langchain.delivery.rate_limiter import RateLimiter


def test_no_minute_has_more_requests_than_allowed():
    limiter, now, sent = RateLimiter(30), 0.0, []
    for _ in range(200):
        now = limiter.next_allowed_at(now)
        limiter.record_request(now)
        sent.append(now)

    assert all(later - earlier >= 60.0 for earlier, later in zip(sent, sent[30:], strict=False))


def test_a_429_halves_the_limit_and_each_success_raises_it_by_one():
    limiter = RateLimiter(30)

    limiter.decrease()
    assert limiter.allowed == 15
    limiter.increase()
    assert limiter.allowed == 16
    for _ in range(10):
        limiter.decrease()
    assert limiter.allowed == 1
    for _ in range(100):
        limiter.increase()
    assert limiter.allowed == 30


def test_four_processes_share_one_limit_within_a_factor_of_two():
    processes, sent, window = [RateLimiter(30) for _ in range(4)], [0] * 4, []
    for tick in range(20 * 60 * 10):
        now = tick / 10
        window = [moment for moment in window if moment > now - 60]
        for number, limiter in enumerate(processes):
            if limiter.next_allowed_at(now) > now:
                continue
            limiter.record_request(now)
            if len(window) < 30:
                window.append(now)
                limiter.increase()
                sent[number] += 1
            else:
                limiter.decrease()

    assert max(sent) <= 2 * min(sent)
    assert sum(sent) >= 20 * 30 * 0.8
