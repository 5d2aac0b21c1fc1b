"""kill -9 of producers, forwarders and Redis: no row is lost, and none is stored twice."""

import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from support.processes import read_line

from respan_langchain.delivery.status import DeliveryStatus
from tests.delivery.kit import WAIT, encoded
from tests.fleet.kit import until

PROGRAM = """
import json, os, sys, threading
from collections import Counter
from pathlib import Path
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.forwarder import Forwarder
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport

ROLE, URL, OUT, DIES, CLAIM_AFTER = sys.argv[1:]
LIMITS = dict(
    max_age=0.01, batch_rows=20, requests_per_minute=10**6, lookup_delays=(0.05, 0.1, 0.2),
    backoff_first=0.05, backoff_max=0.2,
)

def die(moment):
    if DIES == moment:
        os.kill(os.getpid(), 9)

class File:
    "A platform: each row that it stores is a line of a file, which ends with a semicolon."
    def send_bulk(self, dataset, bodies, timeout):
        die("before the request")
        # A kill may tear the last line, which is no row then.
        lines = "".join("\\n" + json.loads(body)["id"] + ";" for body in bodies)
        with open(OUT, "a") as out:
            out.write(lines)
        die("before the acknowledgement")
        return HttpResult(201, b'{"success_count": %d, "error_count": 0}' % len(bodies))
    def look_up(self, dataset, bodies, since, timeout):
        stored = Counter(Path(OUT).read_text().split())
        return [stored[json.loads(body)["id"] + ";"] for body in bodies]
    def close(self):
        pass

def produce():
    limits = DeliveryLimits(**LIMITS)
    bounds = FleetBounds(10**6, 2**30)
    worker = Worker(lambda: ProducerTransport(Broker(URL), producer), limits)
    producer = Producer(worker, URL, bounds)
    status = DeliveryStatus()
    for number in range(10**6):
        name = f"{os.getpid()}-{number}"
        worker.put(EncodedRow(name, "dataset", json.dumps({"id": name}).encode(), status))
        if number % 10 == 9:
            assert worker.flush(20), worker.last_error
            print(number + 1, flush=True)

if ROLE == "producer":
    produce()
else:
    forwarder = Forwarder(URL, File, DeliveryLimits(**LIMITS), claim_after=float(CLAIM_AFTER))
    forwarder.run(threading.Event())
"""

PATIENCE = 4 * WAIT
"""Seconds; a busy machine needs many to start a program."""
CLAIM_AFTER = 3.0
"""Seconds; a busy machine may let a living process stand still for one."""


@pytest.fixture
def stored(tmp_path):
    """The file that is the platform."""
    path = tmp_path / "stored"
    path.touch()
    return path


@pytest.fixture
def start(redis, stored):
    """Starts a program that is killed at the latest when the test ends."""
    started = []

    def begin(role, *, server=redis, dies="never", claim_after=0.5):
        arguments = (role, server.url, str(stored), dies, str(claim_after))
        command = [sys.executable, "-c", PROGRAM, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        kill(process)


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def lines(stored):
    rows = (line for line in stored.read_text().split() if line.endswith(";"))
    return Counter(row.removesuffix(";") for row in rows)


@contextmanager
def rows_in(redis, open_producer, count, first=0):
    """Add rows, and yield what the platform stores of them."""
    producer = open_producer(redis)
    names = [f"row-{number}" for number in range(first, first + count)]
    for name in names:
        producer.put(encoded(name))
    assert producer.flush(PATIENCE)
    yield Counter(names)


@pytest.mark.parametrize("moment", ["before the request", "before the acknowledgement"])
def test_a_forwarder_that_dies_loses_nothing_and_doubles_nothing(
    moment, redis, open_producer, start, stored
):
    with rows_in(redis, open_producer, 50) as expected:
        assert start("forwarder", dies=moment).wait(PATIENCE) == -9
        assert redis.rows == 50
        start("forwarder")

        until(lambda: redis.rows == 0, PATIENCE)
    assert lines(stored) == expected


@pytest.mark.slow(seconds=20)
@pytest.mark.parametrize("others", [0, 1], ids=["alone", "one of two"])
def test_forwarders_killed_fifty_times_store_every_row_once(
    others, redis, open_producer, start, stored
):
    expected = Counter()
    for _ in range(others):
        start("forwarder", claim_after=CLAIM_AFTER)
    for round_number in range(50):
        forwarder = start("forwarder", claim_after=CLAIM_AFTER)
        with rows_in(redis, open_producer, 200, first=200 * round_number) as added:
            expected += added
            until(lambda before=redis.rows: redis.rows < before or others, PATIENCE)
            with pytest.raises(subprocess.TimeoutExpired):
                forwarder.wait(random.uniform(0, 0.1))  # noqa: S311  # no secret
            kill(forwarder)
    start("forwarder", claim_after=CLAIM_AFTER)

    until(lambda: redis.rows == 0, PATIENCE)
    assert lines(stored) == expected


@pytest.mark.slow(seconds=20)
def test_what_a_producer_flushed_survives_it_fifty_times(redis, start, stored):
    flushed = {}
    forwarder = start("forwarder")
    for _ in range(50):
        producer = start("producer")
        for _ in range(random.randint(1, 20)):  # noqa: S311  # no secret
            flushed[producer.pid] = int(read_line(producer))
        kill(producer)

    until(lambda: redis.rows == 0, PATIENCE)
    kill(forwarder)
    counts = lines(stored)
    assert set(counts.values()) == {1}
    for pid, count in flushed.items():
        assert all(f"{pid}-{number}" in counts for number in range(count))


@pytest.mark.slow
def test_a_redis_with_a_file_killed_fifty_times_loses_no_row(
    start_redis, open_producer, start, stored
):
    redis = start_redis(append_only=True)
    start("forwarder", server=redis)
    producer, status = open_producer(redis), DeliveryStatus()
    expected = Counter(f"row-{number}" for number in range(5000))
    for number, name in enumerate(expected):
        producer.put(encoded(name, status=status))
        if number % 100 == 99:
            redis.kill()
            redis.start()
            producer.flush(0.1)

    assert producer.flush(PATIENCE)
    until(lambda: redis.rows == 0, PATIENCE)
    assert lines(stored) == expected
    assert status.counts().resent == 0
