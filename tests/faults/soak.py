"""Delivers for an hour under faults: `python -m tests.faults.soak [--seconds 3600]`.

Three apps run at the same time, each against a server of its own that fails in some way for a third
of the time, and whose list of logs lags, ignores filters, has small pages, is forbidden or hides
what is stored: one app that delivers steadily, one that forks a child every two seconds, and one of
processes that are killed. Nothing may be lost, and no more rows may be stored twice than the apps
counted as sent again without proof.
"""

import argparse
import contextlib
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import cases
from tests.faults.cases import QUICK, play_after_kill
from tests.faults.hosting import client
from tests.faults.kills import run_and_kill
from tests.faults.server import FaultServer, Listing, Mood, healthy

MOODS: list[Mood] = [
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
LISTINGS = [
    Listing(),
    Listing(),
    Listing(lag=3.0),
    Listing(lag=60.0),
    Listing(has_filters=False),
    Listing(has_filters=False, max_page=10),
    Listing(max_page=10),
    Listing(status=403),
    Listing(lag=1e9),
]
PATIENCE = 600.0
"""Seconds that an app has to deliver the rest once all servers are well."""
RATE = 100
"""Events a second of the steady app."""


@dataclass
class Figures:
    """What became of the rows of one app."""

    name: str
    emitted: int = 0
    lost: int = 0
    stored_twice: int = 0
    resent: int = 0
    """Rows that the app counted as sent again without proof."""
    requests: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and no row is stored twice without being counted."""
        return self.lost == 0 and self.stored_twice <= self.resent

    def __str__(self) -> str:
        notes = "".join(f", {name} {value}" for name, value in self.notes.items())
        return (
            f"{self.name}: {self.emitted} rows, {self.lost} lost, {self.stored_twice} stored twice,"
            f" {self.resent} counted as resent, {self.requests} requests{notes}"
        )


def run(seconds: float, place: Path) -> list[Figures]:
    """Run all three apps for this long, and then until they have delivered."""
    figures: list[Figures] = []
    apps = (_deliver_steadily, _fork, _kill)
    threads = [
        threading.Thread(target=lambda app=app: figures.append(app(seconds, place / app.__name__)))
        for app in apps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(figures) == len(apps), "an app ended in an error, see above"
    return figures


def _deliver_steadily(seconds: float, place: Path) -> Figures:
    with _failing_server(seconds, seed=7) as server:
        task = _task(server, place, "soak", seconds=seconds, rate=RATE)
        report = _run_app(task, place)
        memory, files, threads = zip(*report["samples"], strict=True)
        half = len(memory) // 2
        return Figures(
            "steady",
            report["emitted"],
            report["emitted"] - len(server.stored),
            server.doubled,
            report["resent"],
            len(server.posts),
            {
                "MB in the first half": max(memory[: half + 1]) // 1_000_000,
                "MB in the second": max(memory[half:]) // 1_000_000,
                "files": f"{files[0]} to {max(files)}",
                "threads": f"{threads[0]} to {max(threads)}",
                "log lines": report["lines"],
            },
        )


def _fork(seconds: float, place: Path) -> Figures:
    with _failing_server(seconds, seed=8) as server:
        lines = place / "children"
        task = _task(server, place, "forking", seconds=seconds, children=str(lines))
        report = _run_app(task, place)
        children = [tuple(map(int, line.split())) for line in lines.read_text().splitlines()]
        emitted = report["captured"] + 5 * report["children"]
        return Figures(
            "forks",
            emitted,
            emitted - len(server.stored),
            server.doubled,
            report["resent"] + sum(resent for _, resent in children),
            len(server.posts),
            {"children": report["children"], "that failed": report["failed"]},
        )


def _kill(seconds: float, place: Path) -> Figures:
    dice = random.Random(9)  # noqa: S311  # when to kill
    with _failing_server(seconds, seed=9) as server:
        task = _task(server, place, "zygote", pause=0.05)
        task["settings"]["delivery"] = "durable"
        killed = run_and_kill(task, dice, _rounds(seconds), longest=3.0)
        report = play_after_kill(task, place)
        safe = set(killed.safe)
        return Figures(
            "kills",
            len(safe),
            len(safe - set(server.stored)),
            server.doubled,
            killed.resent + report["resent"],
            len(server.posts),
            {"spool files left": len(list((place / "spool").rglob("*.db*")))},
        )


def _rounds(seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def _task(server: FaultServer, place: Path, act: str, **more: Any) -> dict[str, Any]:
    place.mkdir(parents=True)
    return {
        "url": server.url,
        "act": act,
        "report": str(place / "report.json"),
        "settings": {"max_queue_rows": 50_000, "spool_dir": str(place / "spool")},
        "limits": {**QUICK, "request_timeout": 5.0},
        "patience": PATIENCE,
        **more,
    }


def _run_app(task: dict[str, Any], place: Path) -> dict[str, Any]:
    with client(task, place, patience=task["seconds"] + 2 * PATIENCE) as app:
        pass
    assert app.code == 0, app.outputs[-2000:]
    report: dict[str, Any] = json.loads(Path(task["report"]).read_text())
    return report


@contextlib.contextmanager
def _failing_server(seconds: float, seed: int) -> Iterator[FaultServer]:
    """A server that is well for two thirds of the time, and in the end."""
    done = threading.Event()
    dice = random.Random(seed)  # noqa: S311  # when to fail
    with FaultServer() as server:
        varying = threading.Thread(target=_vary, args=(server, done, dice), daemon=True)
        varying.start()
        threading.Timer(seconds, done.set).start()
        yield server


def _vary(server: FaultServer, done: threading.Event, dice: random.Random) -> None:
    while not done.is_set():
        server.mood, server.listing = dice.choice(MOODS), dice.choice(LISTINGS)
        done.wait(dice.uniform(1.0, 20.0))
        server.mood = healthy
        done.wait(dice.uniform(1.0, 40.0))
    server.mood, server.listing = healthy, Listing()


def main() -> None:
    """Print the figures; exit with 1 if a promise did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as place:
        figures = run(seconds, Path(place))
    for one in figures:
        print(one, flush=True)  # noqa: T201
    sys.exit(0 if all(one.holds for one in figures) else 1)


if __name__ == "__main__":
    main()
