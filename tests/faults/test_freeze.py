"""A process that is stopped in the middle of its life, as serverless platforms and laptops do."""

import json
import signal

import pytest
from support.processes import read_line

from tests.faults.cases import QUICK
from tests.faults.hosting import client
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
        with client(task, tmp_path, talks=True) as app:
            assert read_line(app.process) == "ready\n"
            app.process.send_signal(signal.SIGSTOP)
            server.hang_up()
            app.process.stdin.write("go on\n")
            app.process.stdin.flush()
            app.process.send_signal(signal.SIGCONT)

        assert json.loads((tmp_path / "report.json").read_text())["flush"] is True
        assert (len(server.stored), server.doubled) == (80, 0)
