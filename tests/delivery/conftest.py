"""What the chapters on delivery share: a wire in memory, and workers on it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import Turns, Wire


@pytest.fixture
def wire():
    """The other side: stores rows, and answers as it is told."""
    return Wire()


@pytest.fixture
def turns(wire):
    """A loop on `wire` that is turned by hand."""
    return Turns(wire)


@pytest.fixture
def status():
    """The counts of one handler."""
    return DeliveryStatus()


@pytest.fixture
def open_worker(wire):
    """Makes workers on `wire` that are closed at the end of the test."""
    opened = []

    def open_one(limits: DeliveryLimits | None = None, **changes):
        worker = Worker(lambda: wire, limits or DeliveryLimits(**changes))
        opened.append(worker)
        return worker

    yield open_one
    for worker in opened:
        worker.discard_pending("the test is over")


SETTING = '''
import atexit, json, logging, multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery import exit_hooks
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.worker import Worker

class File:
    """A wire that appends each id to a file; or one that hangs, or refuses."""
    def send_bulk(self, address, bodies, deadline):
        ids = [json.loads(body)["id"] for body in bodies]
        if MOOD == "hang":
            # `print` would wait for the main thread, which a signal may interrupt in its own.
            os.write(1, b"hanging\\n")
            threading.Event().wait(deadline)
            return HttpResult(None, error="timeout")
        if MOOD == "refuse":
            return HttpResult(401)
        with open(OUT, "a") as out:
            out.write("".join(f"{name}\\n" for name in ids))
        return HttpResult(201, b'{"success_count": %d, "error_count": 0}' % len(ids))
    def look_up(self, address, ids, deadline):
        return None
    def close(self):
        pass

OUT, MOOD = sys.argv[1], sys.argv[2]
STATUS = DeliveryStatus()

def worker():
    return exit_hooks.WORKERS.get("there", lambda: Worker(File, DeliveryLimits(exit_timeout=0.5)))

def put(name, count=1):
    for number in range(count):
        body = json.dumps({"id": f"{name}-{number}"}).encode()
        worker().put(EncodedRow(f"{name}-{number}", "a", body, STATUS))
'''


@pytest.fixture
def run(tmp_path):
    """Runs a script; what it stored, what it said, how it ended."""
    out = tmp_path / "stored"

    def run_script(script, mood="", meanwhile=None):
        path = tmp_path / "script.py"
        path.write_text(SETTING + script)
        command = [sys.executable, "-W", "error", str(path), str(out), mood]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if meanwhile is not None:
            meanwhile(process)
        _, said = process.communicate(timeout=60)
        stored = Counter(out.read_text().split()) if out.exists() else Counter()
        return stored, said, process.returncode

    return run_script
