"""Killed without warning, two hundred times over: what was safe arrives, and arrives once."""

import random
import threading

import pytest

from tests.faults.cases import play_after_kill
from tests.faults.kills import run_and_kill
from tests.faults.server import FaultServer

ROUNDS = 200
SETTLE = (0.02, 0.05, 0.1)
"""Seconds before lookups, which find only what is stored by then: the server stores at once."""


@pytest.mark.slow(seconds=40)
def test_two_hundred_kills_lose_and_duplicate_no_row(tmp_path):
    dice = random.Random(5)  # noqa: S311  # when to kill

    def answer_late(request):
        request.accept(pause=dice.choice([0.0, 0.0, 0.01, 0.05]))

    with FaultServer(mood=answer_late) as server:
        task = {
            "url": server.url,
            "act": "zygote",
            "report": str(tmp_path / "report.json"),
            "settings": {"delivery": "durable", "spool_dir": str(tmp_path / "spool")},
            "limits": {"max_age": 0.01, "lookup_delays": SETTLE, "probe_interval": 0.1},
        }
        named = run_and_kill(task, dice, range(ROUNDS)).safe
        outcome = play_after_kill(task, tmp_path)

        assert len(named) > ROUNDS
        assert set(named) <= set(server.stored)
        assert server.doubled == 0
    assert outcome["flush"] is True
    assert not list((tmp_path / "spool").rglob("*.db*"))


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
            dice = random.Random(seed)  # noqa: S311  # when to kill
            named.extend(run_and_kill(task, dice, range(6)).safe)

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
