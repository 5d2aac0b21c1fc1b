"""What `via=` costs an app, and how many rows one forwarder carries.

    python tests/benchmarks/fleet.py [--seconds 3] [--rows 20000] [--runs 3]

Starts a Redis of its own. Printed are the app's own time for a call with and without `via=`, by
turns in one process; the CPU of a process for each row of 3 kB that it adds to Redis; and the rows
a second that `respan-langchain forward` carries over HTTP to a platform that takes everything, and
to `respan-langchain serve`. Of several runs the best is the one least disturbed.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from run import Taken, measured
from sink import handler_to_sink
from workloads import WORKLOADS

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.keys import COUNTS, ROWS
from respan_langchain.fleet.limits import producer_limits
from respan_langchain.fleet.producer import FleetBounds, Producer, ProducerTransport

BODY = (
    '{"input":"%s","output":"%s","metadata":{"custom_identifier":"row-%d"}'
    ',"metrics":{"start_time":"2026-11-27T00:00:00Z"}}'
)
TEXT = "Within 30 days, if they are unworn. " * 40
SINK = """
import threading
from sink import start_sink

print(start_sink(), flush=True)
threading.Event().wait()
"""
HERE = Path(__file__).parent
PAUSE = threading.Event()


@contextmanager
def program(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block ends."""
    environment = {**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[1]}", **variables}
    process = subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def redis(folder: str) -> Iterator[Broker]:
    """Run a Redis, and connect to it."""
    path = f"{folder}/redis.socket"
    server = os.environ.get("REDIS_SERVER", "redis-server")
    with program(server, "--port", "0", "--unixsocket", path, "--save", ""):
        broker = Broker(f"unix://{path}")
        wait_until(lambda: answers(broker))
        yield broker


def answers(broker: Broker) -> bool:
    """Whether the server runs."""
    try:
        broker.command("PING")
    except BrokerError:
        return False
    return True


@contextmanager
def sink() -> Iterator[str]:
    """Run a platform that takes everything, and yield its URL."""
    with program(sys.executable, "-c", SINK) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@contextmanager
def serve(folder: str) -> Iterator[str]:
    """Run the embedded platform, and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = sys.executable, "-m", "respan_langchain", "serve", "--port", port
    with program(*words, RESPAN_BASE_URL=f"sqlite:///{folder}/{port}.db"):
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", int(port))) == 0)
        yield f"http://127.0.0.1:{port}"


def wait_until(is_true: Callable[[], bool]) -> None:
    """Look every ten milliseconds."""
    while not is_true():
        PAUSE.wait(0.01)


def add_rows(url: str, count: int, dataset: str = "id:bench") -> float:
    """Add rows of 3 kB to Redis, and return the CPU of this process for each, in microseconds."""
    worker = Worker(
        lambda: ProducerTransport(Broker(url), producer),
        producer_limits(DeliveryLimits(max_rows=10**6, max_bytes=2**34)),
    )
    producer = Producer(worker, url, FleetBounds(10**7, 2**34))
    first, status = time.time_ns(), DeliveryStatus()
    rows = [
        EncodedRow(str(number), dataset, (BODY % (TEXT, TEXT, number)).encode(), status)
        for number in range(first, first + count)
    ]
    began = time.process_time()
    for row in rows:
        worker.put(row)
    assert worker.flush(120), worker.last_error
    spent = time.process_time() - began
    worker.discard_pending("the benchmark is over")
    return spent / count * 1e6


def forward(broker: Broker, url: str, via: str, count: int, dataset: str) -> float:
    """Return the rows a second that one forwarder carries, from the first to the last one."""
    broker.command("DEL", COUNTS)
    add_rows(via, count, dataset)
    words = sys.executable, "-m", "respan_langchain", "forward"
    with program(*words, RESPAN_VIA=via, RESPAN_BASE_URL=url, RESPAN_API_KEY="k"):
        wait_until(lambda: broker.command("XLEN", ROWS) < count)
        began, left = time.monotonic(), broker.command("XLEN", ROWS)
        wait_until(lambda: broker.command("XLEN", ROWS) == 0)
        took = time.monotonic() - began
    counts = broker.command("HGETALL", COUNTS)
    assert int(counts[b"delivered"]) == count, counts
    return left / took


def app_line(name: str, took: dict[str, Taken]) -> str:
    """What a call takes more than without a handler."""
    floor = took["none"].median
    added = [f"{way} {took[way].median - floor:6.1f}µs" for way in ("ours", "via")]
    return f"{name:<10} {'   '.join(added)}   (±{took['via'].error + took['ours'].error:.1f})"


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each workload")
    parser.add_argument("--rows", type=int, default=20_000, help="for each forwarder")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, redis(folder) as broker:
        via = f"unix://{folder}/redis.socket"
        ours = {"ours": handler_to_sink(), "via": RespanDatasetCallbackHandler("bench", via=via)}
        print("the app's thread, added to a call")
        for name in WORKLOADS:
            make, _ = WORKLOADS[name]
            print(app_line(name, measured(make(), ours, given.seconds)), flush=True)
        for handler in ours.values():
            handler.shutdown(30)
        broker.command("FLUSHALL")
        cpu = min(add_rows(via, 5_000) for _ in range(given.runs))
        print(f"CPU of a producer's process for a row of 3 kB: {cpu:.0f} µs", flush=True)
        broker.command("FLUSHALL")
        # A sink knows no names of datasets.
        platforms = ("a sink", "id:bench", sink()), ("serve", "name:bench", serve(folder))
        for name, dataset, platform in platforms:
            with platform as url:
                rates = [forward(broker, url, via, given.rows, dataset) for _ in range(given.runs)]
            print(f"one forwarder to {name}: {', '.join(f'{rate:.0f}' for rate in rates)} rows/s")


if __name__ == "__main__":
    main()
