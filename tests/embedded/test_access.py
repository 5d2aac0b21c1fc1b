"""The rules: keys, sizes and rates, and the limits that can be switched on for tests."""

import pytest

from respan_langchain.embedded.access import AccessPolicy, ServerRateLimit


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Basic any", 401),
        ("Bearer any", 200),
        ("bearer any", 200),
    ],
)
def test_where_a_key_is_required_any_key_is_accepted(platform, header, status):
    platform.policy = AccessPolicy(require_bearer=True)
    headers = {} if header is None else {"authorization": header}

    assert platform.ask("POST", "/datasets/list/", **headers).status == status


@pytest.mark.parametrize(
    ("key", "status"), [("right", 200), ("wrong", 401), ("right2", 401), ("ri\u00e9", 401)]
)
def test_where_a_key_is_given_only_that_one_is_accepted(platform, key, status):
    platform.policy = AccessPolicy(require_bearer=True, api_key="right")

    response = platform.ask("POST", "/datasets/list/", authorization=f"Bearer {key}")

    assert response.status == status
    assert "right" not in repr(platform.policy)


def test_a_body_that_is_too_large_is_413(platform):
    dataset = platform.dataset()
    platform.policy = AccessPolicy(max_body_bytes=100)

    response = platform.ask("POST", f"/datasets/{dataset}/logs/", {"input": "x" * 100})

    assert response.status == 413
    assert platform.ask("POST", f"/datasets/{dataset}/logs/", {"input": "x"}).status == 201


def test_bulk_limits_can_be_tightened(platform):
    dataset = platform.dataset()
    platform.policy = AccessPolicy(max_bulk_logs=2, max_listed_errors=1)

    too_many = platform.ask("POST", f"/datasets/{dataset}/logs/bulk/", {"logs": [{}] * 3})
    failed = platform.ask("POST", f"/datasets/{dataset}/logs/bulk/", {"logs": [{}] * 2})

    assert (too_many.status, failed.status) == (400, 400)
    assert (failed.body["error_count"], len(failed.body["errors"])) == (2, 1)


def test_a_rate_limit_allows_a_number_per_minute_and_returns_the_wait():
    now = [0.0]
    limiter = ServerRateLimit(2, clock=lambda: now[0])

    waits = [limiter.acquire()]
    now[0] = 10.0
    waits += [limiter.acquire(), limiter.acquire()]
    now[0] = 60.0
    waits += [limiter.acquire(), limiter.acquire()]

    assert waits == [0.0, 0.0, 50.0, 0.0, 10.0]


def test_rate_limits_can_be_switched_on_for_bulk_and_for_the_rest(platform):
    dataset = platform.dataset()
    platform.policy = AccessPolicy(requests=ServerRateLimit(1), bulk_requests=ServerRateLimit(1))
    bulk = f"/datasets/{dataset}/logs/bulk/"

    first = [platform.ask("POST", bulk, {"logs": [{"input": "x"}]}) for _ in range(2)]
    second = [platform.ask("GET", f"/datasets/{dataset}/") for _ in range(2)]

    assert [response.status for response in first + second] == [201, 429, 200, 429]
    assert first[1].body["detail"] == "Rate limit exceeded"
    assert 0 < first[1].body["retry_after"] <= 60
    platform.policy = AccessPolicy()
    assert len(platform.logs(dataset)) == 1
