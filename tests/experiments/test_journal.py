"""A replay that is killed at random moments resumes: the same result, and no finished row again."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from respan_langchain import Dataset, replay
from respan_langchain._connect import open_client
from respan_langchain.experiments.plan import load_runnable
from respan_langchain.settings.reading import read_settings

ROOT = Path(__file__).parents[2]
ROWS = 2_000
KILLS = 6
CHAIN = """
import os

log = os.open("ran.log", os.O_APPEND | os.O_CREAT | os.O_WRONLY)

def chain(text):
    os.write(log, f"{text}\\n".encode())
    return text.lower() if text.endswith("7") else text.upper()
"""
PROGRAM = """
import os, signal, sys, threading
from respan_langchain import Dataset, replay

timer = threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGKILL))

def die_soon(trial, left):
    if timer.ident is None:
        timer.start()

rows = Dataset.open("many", base_url=sys.argv[1])
replay(rows, "chain:chain", journal="replay.jsonl", concurrency=8,
       on_trial=die_soon)
os._exit(0)
"""


@pytest.fixture
def many(platform):
    """A dataset of 2,000 rows."""
    with open_client(read_settings(base_url=platform)) as client:
        dataset = client.find_or_create_dataset("many")
        for first in range(0, ROWS, 500):
            client.bulk_create_logs(
                dataset.id,
                [
                    {
                        "input": f"q{n}",
                        "output": f"Q{n}",
                        "metadata": {"custom_identifier": f"row-{n}", "log_type": "workflow"},
                    }
                    for n in range(first, first + 500)
                ],
            )
    return platform


@pytest.mark.slow(seconds=20)
def test_a_replay_that_is_killed_resumes_to_the_same_result(many, tmp_path, monkeypatch):
    (tmp_path / "chain.py").write_text(CHAIN)
    monkeypatch.chdir(tmp_path)
    seconds = random.Random(20)  # noqa: S311  # moments, no secret
    codes = []
    for kill in range(KILLS + 1):
        finished = finished_rows(tmp_path)
        started_before = len(started_rows(tmp_path))
        delay = seconds.uniform(0, 0.1) if kill < KILLS else 600
        codes.append(run_program(many, delay, tmp_path))
        again = finished & set(started_rows(tmp_path)[started_before:])
        assert not again

    monkeypatch.syspath_prepend(str(tmp_path))
    resumed = replay(open_rows(many), "chain:chain", journal="replay.jsonl")
    whole = replay(open_rows(many), load_runnable("chain:chain"), name="whole")
    assert codes.count(-signal.SIGKILL) >= KILLS // 2
    assert codes[-1] == 0
    assert [picture(trial) for trial in resumed.trials] == [picture(t) for t in whole.trials]
    assert resumed.verdict().outcome == whole.verdict().outcome == "regression"


def run_program(platform: str, delay: float, folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, platform, str(delay)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        cwd=folder,
        check=False,
    ).returncode


def open_rows(platform: str) -> Dataset:
    return Dataset.open("many", base_url=platform)


def started_rows(folder: Path) -> list[str]:
    """Inputs of all rows that started, in their order."""
    log = folder / "ran.log"
    return log.read_text().split() if log.exists() else []


def finished_rows(folder: Path) -> set[str]:
    """Inputs of the rows in the journal; a line that was cut off is of none."""
    journal = folder / "replay.jsonl"
    lines = journal.read_text().split("\n")[1:-1] if journal.exists() else []
    return {json.loads(line)["row_id"].replace("row-", "q") for line in lines}


def picture(trial):
    return trial.row_id, trial.status, trial.output, dict(trial.scores)
