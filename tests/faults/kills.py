"""Processes that are killed at random moments, each replaced by the next."""

import os
import random
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.hosting import client

ROW_ID_LENGTH = 36


@dataclass
class Killed:
    """What the killed processes reported while they lived."""

    safe: list[str] = field(default_factory=list)
    """Ids of rows that were on disk."""
    resent: int = 0
    """Rows that they sent again without proof that these were not stored."""


def run_and_kill(
    task: dict[str, Any], dice: random.Random, rounds: Iterable[object], longest: float = 0.3
) -> Killed:
    """Start one process for each round; kill it within `longest` seconds of its first row."""
    killed = Killed()
    with client(task, Path(task["report"]).parent, talks=True) as zygote:
        assert zygote.process.stdin is not None
        assert zygote.process.stdout is not None
        for _ in rounds:
            zygote.process.stdin.write("go\n")
            zygote.process.stdin.flush()
            _live_and_die(zygote.process.stdout, dice, longest, killed)
        zygote.process.stdin.close()
    return killed


def _live_and_die(
    lines: Iterator[str], dice: random.Random, longest: float, killed: Killed
) -> None:
    pid, killer, resent, is_safe = None, None, 0, False
    is_killed_at_start = dice.random() < 0.2
    for line in lines:
        word, _, number = line.strip().partition(" ")
        if word == "gone":
            break
        if word == "pid":
            pid = int(number)
        elif word == "resent":
            resent = int(number)
        elif len(word) == ROW_ID_LENGTH:
            killed.safe.append(word)
            is_safe = True
        if pid is not None and killer is None and (is_killed_at_start or is_safe):
            killer = threading.Timer(dice.uniform(0.0, longest), os.kill, (pid, signal.SIGKILL))
            killer.start()
    killed.resent += resent
    assert killer is not None
    killer.join()
