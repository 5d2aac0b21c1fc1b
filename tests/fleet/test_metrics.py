"""What Prometheus and Kubernetes read of a forwarder."""

import re
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.fleet.metrics import serve_metrics
from tests.delivery.kit import encoded, envelope
from tests.fleet.kit import until


@pytest.fixture
def get(redis, forward):
    running = forward(redis)
    with serve_metrics(running.forwarder, redis.url, "127.0.0.1", 0) as port:

        def read(path):
            try:
                with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        yield read


def numbers(text):
    return {
        name: float(value) for name, value in re.findall(r"^(respan\S+) (\S+)$", text, re.MULTILINE)
    }


def test_metrics_count_rows_by_state_and_requests(redis, open_producer, wire, get):
    wire.script.append(lambda ids: envelope(1, 1, [(0, "no such field")]))
    open_producer(redis).put(encoded("a"), encoded("b"))
    until(lambda: redis.counts.get("delivered") == 1)
    status, text = get("/metrics")

    found = numbers(text)
    assert status == 200
    assert found['respan_fleet_rows_total{state="delivered"}'] == 1
    assert found['respan_fleet_rows_total{state="rejected"}'] == 1
    assert found["respan_fleet_dead_letters"] == 1
    assert found["respan_fleet_unread_rows"] == found["respan_fleet_read_rows"] == 0
    assert found["respan_fleet_forwarders"] == found["respan_fleet_up"] == 1
    assert found["respan_forwarder_requests_total"] == 1


def test_healthz_says_why_rows_cannot_be_forwarded(redis, open_producer, wire, get):
    until(lambda: get("/healthz") == (200, "ok"))
    wire.script += [lambda ids: HttpResult(503)] * 1000
    open_producer(redis).put(encoded("a"))

    until(lambda: get("/healthz") == (503, "503"))
    wire.script.clear()  # so that the forwarder ends at once


def test_without_redis_the_forwarder_is_not_healthy_and_the_fleet_not_up(redis, get):
    until(lambda: get("/healthz")[0] == 200)
    redis.kill()

    until(lambda: get("/healthz")[0] == 503)
    assert numbers(get("/metrics")[1])["respan_fleet_up"] == 0
