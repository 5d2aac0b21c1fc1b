"""Killed without warning, two hundred times over: what was safe arrives, and arrives once."""

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from tests.faults.cases import play_after_kill
from tests.faults.hosting import client
from tests.faults.server import FaultServer, healthy

ROUNDS = 200
SETTLE = (0.02, 0.05, 0.1)


@pytest.mark.slow
def test_two_hundred_kills_lose_and_duplicate_no_row(tmp_path):
    dice = random.Random(5)  # noqa: S311  # when to kill

    def now_and_then(request):
        request.hang(dice.choice([0.0, 0.0, 0.01, 0.05]))
        healthy(request)

    with FaultServer(mood=now_and_then) as server:
        task = {
            "url": server.url,
            "act": "zygote",
            "report": str(tmp_path / "report.json"),
            "settings": {"delivery": "durable", "spool_dir": str(tmp_path / "spool")},
            "limits": {"max_age": 0.01, "lookup_delays": SETTLE, "probe_interval": 0.1},
        }
        named = run_and_kill(task, dice)
        outcome = play_after_kill(task, tmp_path)

        assert len(named) > ROUNDS
        assert set(named) <= set(server.stored)
        assert server.doubled == 0
    assert outcome["flush"] is True
    assert not list((tmp_path / "spool").rglob("*.db*"))


def run_and_kill(task, dice, rounds=ROUNDS):
    named = []
    with client(task, Path(task["report"]).parent, talks=True) as zygote:
        for _ in range(rounds):
            zygote.process.stdin.write("go\n")
            zygote.process.stdin.flush()
            named += live_and_die(zygote.process.stdout, dice)
        zygote.process.stdin.close()
    return named


def live_and_die(lines, dice):
    """One life: what the app named as safe before it was killed."""
    pid, killer, named = None, None, []
    from_the_start = dice.random() < 0.2
    for line in lines:
        if line == "gone\n":
            break
        if line.startswith("pid "):
            pid = int(line.split()[1])
        elif len(line) == 37:
            named.append(line.strip())
        if pid is not None and killer is None and (from_the_start or named):
            killer = threading.Timer(dice.uniform(0.0, 0.3), os.kill, (pid, signal.SIGKILL))
            killer.start()
    killer.join()
    return named


@pytest.mark.slow
def test_processes_that_share_a_directory_send_nothing_twice(tmp_path):
    with FaultServer() as server:
        task = {
            "url": server.url,
            "act": "zygote",
            "report": str(tmp_path / "report.json"),
            "settings": {"delivery": "durable", "spool_dir": str(tmp_path / "spool")},
            "limits": {"max_age": 0.05, "lookup_delays": SETTLE},
        }
        named: list[str] = []

        def one_after_another(seed):
            named.extend(run_and_kill(task, random.Random(seed), rounds=6))  # noqa: S311  # when

        families = [threading.Thread(target=one_after_another, args=(seed,)) for seed in range(4)]
        for family in families:
            family.start()
        for family in families:
            family.join()
        outcome = play_after_kill(task, tmp_path)

        assert outcome["flush"] is True
        assert named
        assert set(named) <= set(server.stored)
        assert server.doubled == 0
