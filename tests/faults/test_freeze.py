"""A process that is stopped in the middle of its life, as serverless platforms and laptops do."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.faults.cases import HERE, QUICK
from tests.faults.server import FaultServer


@pytest.mark.slow
def test_a_process_that_was_frozen_delivers_over_a_fresh_connection(tmp_path):
    with FaultServer() as server:
        task = {
            "url": server.url,
            "act": "frozen",
            "count": 40,
            "report": str(tmp_path / "report.json"),
            "limits": QUICK,
        }
        app = subprocess.Popen(
            [sys.executable, str(HERE / "client.py"), json.dumps(task)],
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "HOME": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert app.stdout.readline() == "ready\n"
        app.send_signal(signal.SIGSTOP)
        server.hang_up()
        app.stdin.write("go on\n")
        app.stdin.flush()
        app.send_signal(signal.SIGCONT)
        app.communicate(timeout=60)

        assert json.loads((tmp_path / "report.json").read_text())["flush"] is True
        assert (len(server.stored), server.doubled) == (80, 0)
