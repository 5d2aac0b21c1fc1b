"""When delivery may send: the rate limit of a minute, and the circuit breaker."""

from respan_langchain.delivery.retry import CircuitBreaker, RateLimiter


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
