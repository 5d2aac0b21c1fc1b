"""`forward`, `fleet status` and what `doctor` finds: with a real Redis."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest
from cli.cli_support import ROOT

from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, EncodedRow
from tests.fleet.kit import RedisServer, needs_redis, until

pytestmark = needs_redis


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def add_rows(redis):
    """Adds rows to Redis, as an app does."""
    worker = Worker(lambda: ProducerTransport(Broker(redis.url), producer))
    producer = Producer(worker, redis.url, FleetBounds(10**6, 2**30))

    def add(count):
        for number in range(count):
            row = {"input": "Hello", "metadata": {"custom_identifier": f"row-{number}"}}
            body = json.dumps(row).encode()
            worker.put(EncodedRow(f"row-{number}", "name:support", body, DeliveryStatus()))
        assert worker.flush(WAIT)

    yield add
    worker.discard_pending("the test is over")


def test_forward_delivers_until_it_is_stopped(run, folder, redis, add_rows):
    add_rows(3)
    command = [sys.executable, "-m", "respan_langchain", "forward", "--json"]
    command += ["--metrics-port", "0"]
    variables = {
        "PYTHONPATH": str(ROOT), "RESPAN_BASE_URL": "sqlite:///respan.db", "RESPAN_VIA": redis.url,
    }  # fmt: skip
    forwarder = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: redis.counts.get("delivered") == 3, 4 * WAIT)
    running = run("fleet", "status", "--json", "--via", redis.url)
    forwarder.send_signal(signal.SIGINT)
    out, err = forwarder.communicate(timeout=4 * WAIT)

    assert forwarder.returncode == 130, err
    assert b"Interrupted after 3 rows. Others stay in 127.0.0.1; run the same command" in err
    assert b"Forwarding from 127.0.0.1 to sqlite:///respan.db" in err
    assert b"Metrics on port " in err
    assert json.loads(out)["delivered"] == 3
    assert run("logs", "list", "support", "--json").json["count"] == 3
    assert (running.json["rows"], running.json["in_producers"]) == (0, 0)
    assert [each["rows"] for each in running.json["forwarders"]] == [0]


def test_status_is_a_problem_when_rows_wait_and_nothing_forwards_them(run, redis, add_rows):
    assert run("fleet", "status", RESPAN_VIA=redis.url).code == 0
    add_rows(3)
    shown = run("fleet", "status", RESPAN_VIA=redis.url)

    assert shown.code == 1
    assert "3 rows" in shown.out
    assert "No forwarder runs" in shown.out


def test_status_says_that_redis_cannot_be_reached(run, redis):
    redis.kill()
    shown = run("fleet", "status", "--via", redis.url)

    assert (shown.code, shown.out) == (1, "")
    assert "Redis: " in shown.err


@pytest.fixture
def rejected(redis):
    for number in range(150):
        fields = ("dataset", "name:support", "encoding", "json", "body", f'{{"input": {number}}}')
        redis.ask("XADD", keys.DEAD, "*", *fields, "state", "rejected", "reason", "no such field")
    return redis


def test_spool_export_writes_the_rejected_rows_in_redis_with_their_reasons(run, rejected):
    shown = run("spool", "export", "--via", rejected.url)

    letters = [json.loads(line) for line in shown.out.splitlines()]
    assert [letter["log"]["input"] for letter in letters] == list(range(150))
    assert {letter["reason"] for letter in letters} == {"no such field"}


def test_spool_requeue_has_forwarders_send_the_rejected_rows_again(run, rejected):
    shown = run("spool", "requeue", "--json", RESPAN_VIA=rejected.url)

    assert shown.json == {"requeued": 150}
    assert (rejected.rows, rejected.ask("XLEN", keys.DEAD)) == (150, 0)
    with closing(Broker(rejected.url)) as broker:
        assert read_status(broker).counts.added == 150


def test_spool_list_counts_the_rejected_rows_in_redis(run, folder, rejected):
    shown = run("spool", "list", "--via", rejected.url)

    assert shown.code == 1
    assert "150 dead letters in Redis" in shown.out
    assert run("spool", "list", "--json", RESPAN_VIA=rejected.url).json["dead_in_redis"] == 150


def test_spool_purge_deletes_the_rejected_rows_in_redis(run, folder, rejected):
    def purge(*options):
        return run("spool", "purge", "--via", rejected.url, "--yes", "--json", *options).json

    assert purge("--state", "pending") == purge("--older-than", "1") == {"purged": 0}
    assert purge() == {"purged": 150}
    assert rejected.ask("XLEN", keys.DEAD) == 0


def test_spool_export_says_that_redis_cannot_be_reached(run, redis):
    redis.kill()
    shown = run("spool", "export", "--via", redis.url)

    assert shown.code == 1
    assert "Redis: " in shown.err


@pytest.mark.parametrize("command", [("forward",), ("fleet", "status")], ids=" ".join)
def test_without_a_url_it_says_which_variable_to_set(run, command):
    shown = run(*command, RESPAN_BASE_URL=None)

    assert shown.code == 2
    assert "RESPAN_VIA" in shown.err


def test_forward_needs_the_key_that_apps_do_not(run, redis):
    shown = run("forward", "--via", redis.url, RESPAN_BASE_URL=None)

    assert shown.code == 2
    assert "RESPAN_API_KEY" in shown.err


def test_forward_says_what_metrics_need(run, redis, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "respan_langchain.fleet.metrics", raising=False)
    shown = run("forward", "--via", redis.url, "--metrics-port", "0")

    assert shown.code == 2
    assert "pip install 'respan-langchain[fleet]'" in shown.err


def test_doctor_finds_a_redis_that_evicts_and_names_one_that_forgets(run, redis):
    redis.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    found = [
        (check["state"], check["message"])
        for check in run("doctor", "--json", RESPAN_VIA=redis.url).json["checks"]
        if check["name"] == "fleet"
    ]

    assert found[0][0] == "ok"
    assert "runs scripts" in found[0][1]
    assert found[1] == (
        "found",
        "maxmemory-policy is allkeys-lru, which deletes rows: set noeviction",
    )
    assert "appendonly is off" in found[2][1]


def test_doctor_and_status_find_rows_that_a_script_of_others_trims(run, redis, add_rows):
    add_rows(5)
    redis.ask("XTRIM", keys.ROWS, "MAXLEN", 2)
    shown = run("doctor", RESPAN_VIA=redis.url)

    assert shown.code == 1
    assert f"3 row(s) vanished from Redis: {keys.ROWS} was trimmed" in shown.out
    assert "vanished" in run("fleet", "status", RESPAN_VIA=redis.url).out


def test_doctor_of_an_app_needs_no_key(run, redis):
    checks = run("doctor", "--json", RESPAN_VIA=redis.url, RESPAN_BASE_URL=None).json["checks"]

    assert not [check for check in checks if check["state"] == "found"]


def test_doctor_says_that_redis_cannot_be_reached(run, redis):
    redis.kill()
    shown = run("doctor", "--json", "--via", redis.url)

    assert shown.code == 1
    assert [c["state"] for c in shown.json["checks"] if c["name"] == "fleet"] == ["found"]
