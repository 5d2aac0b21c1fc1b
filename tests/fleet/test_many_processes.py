"""Forty processes, two forwarders, and a platform that enforces one limit for all of them."""

import subprocess
import sys
import threading
import time

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.status import read_status
from tests.delivery.kit import WAIT, Wire, all_stored
from tests.fleet.kit import until

PROCESSES, ROWS = 40, 2_000
PER_SECOND = 30
"""The platform's 30 requests a minute, with time running sixty times as fast."""

PROGRAM = """
import json, os, sys
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.limits import producer_limits
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport

URL, PROCESSES, ROWS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
worker = Worker(
    lambda: ProducerTransport(Broker(URL), producer),
    producer_limits(DeliveryLimits()),
)
producer = Producer(worker, URL, FleetBounds(10**6, 2**30))
status = DeliveryStatus()

def produce():
    for number in range(ROWS):
        name = f"{os.getpid()}-{number}"
        body = json.dumps({"id": name}).encode()
        worker.put(EncodedRow(name, f"dataset-{number % 3}", body, status))
    os._exit(0 if worker.flush(120) else 1)

children = []
for _ in range(PROCESSES):
    child = os.fork()
    if not child:
        produce()
    children.append(child)
sys.exit(max(os.waitpid(child, 0)[1] for child in children))
"""


class LimitedPlatform(Wire):
    """Answers 429 to more than `PER_SECOND` requests in any second."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()
        self.accepted, self.arrivals = [], []

    def send_bulk(self, dataset, bodies, timeout):
        with self.lock:
            now = time.monotonic()
            self.arrivals.append(now)
            if sum(now - each < 1.0 for each in self.accepted[-PER_SECOND:]) >= PER_SECOND:
                return HttpResult(429, headers={"retry-after": "0.1"})
            self.accepted.append(now)
            super().send_bulk(dataset, bodies, timeout)
            return all_stored(len(bodies))


def busiest_second(moments):
    return max(sum(start <= each < start + 1.0 for each in moments) for start in moments)


@pytest.mark.slow(seconds=15)
def test_every_row_is_stored_once_within_the_limit_of_the_organization(redis, forward):
    platform = LimitedPlatform()
    forwarders = [
        forward(redis, to=platform, requests_per_minute=60 * PER_SECOND, max_age=0.2)
        for _ in range(2)
    ]
    words = [redis.url, str(PROCESSES), str(ROWS)]
    subprocess.run([sys.executable, "-c", PROGRAM, *words], check=True, timeout=240)
    total = PROCESSES * ROWS
    until(lambda: redis.counts.get("delivered") == total, 12 * WAIT)

    assert len(platform.stored) == total
    assert set(platform.stored.values()) == {1}
    # A request may arrive late, one of each forwarder.
    assert busiest_second(platform.arrivals) <= PER_SECOND + len(forwarders)
    broker = Broker(redis.url)
    status = read_status(broker)
    broker.close()
    assert len(status.producers) == PROCESSES
    assert (status.captured, status.in_producers, status.rows) == (total, 0, 0)
    assert status.vanished == 0
