"""An hour of 200 events a second, against a server that fails in some way for a third of the time.

`SOAK_SECONDS` makes it shorter. Prints its figures: run it with `-s`.
"""

import json
import os
import random
import threading

import pytest

from tests.faults import cases
from tests.faults.cases import QUICK
from tests.faults.hosting import client
from tests.faults.server import FaultServer, healthy

MOODS = [
    cases.answers(500),
    cases.answers(503),
    cases.answers(429, {"retry_after": 2}),
    cases.answers(401),
    cases.answers(302, Location="http://127.0.0.1:9/"),
    cases.hang,
    cases.header_drip,
    cases.body_drip,
    cases.store_and_reset,
    cases.store_and_fail,
    cases.store_and_truncate,
    cases.store_and_hang,
    cases.reset,
    cases.html,
    cases.limited(50_000),
    cases.slow(1.0),
]


def vary(server, done, dice):
    """Fail in a random way for a random third of the time."""
    while not done.is_set():
        server.mood = healthy
        done.wait(dice.uniform(1.0, 40.0))
        server.mood = dice.choice(MOODS)
        done.wait(dice.uniform(1.0, 20.0))
    server.mood = healthy


@pytest.mark.soak
def test_an_hour_of_faults_loses_nothing_and_leaks_nothing(tmp_path):
    seconds = float(os.environ.get("SOAK_SECONDS", "3600"))
    task = {
        "url": "",
        "act": "soak",
        "seconds": seconds,
        "report": str(tmp_path / "report.json"),
        "settings": {"max_queue_rows": 50_000},
        "limits": {**QUICK, "request_timeout": 5.0},
        "patience": 300.0,
    }
    done = threading.Event()
    with FaultServer() as server:
        task["url"] = server.url
        dice = random.Random(7)  # noqa: S311  # when to fail
        varying = threading.Thread(target=vary, args=(server, done, dice))
        varying.start()
        threading.Timer(seconds, done.set).start()
        with client(task, tmp_path, patience=seconds + 400) as app:
            pass
        assert app.code == 0
        varying.join()
        said = json.loads((tmp_path / "report.json").read_text())
        stored, doubled, posts = len(server.stored), server.doubled, len(server.posts)

    weights, files, threads = zip(*said["samples"], strict=True)
    half = len(weights) // 2
    print(  # noqa: T201
        f"\n{said['emitted']} events, {stored} stored, {doubled} twice, {posts} requests;"
        f" memory {max(weights[:half]) / 1e6:.0f} then {max(weights[half:]) / 1e6:.0f} MB,"
        f" files {max(files)}, threads {max(threads)}, {said['lines']} log lines"
    )
    assert (stored, doubled) == (said["emitted"], 0)
    assert max(weights[half:]) < 1.2 * max(weights[:half]) + 20_000_000
    assert max(files[half:]) <= max(files[:half]) + 3
    assert max(threads) <= threads[0] + 3
