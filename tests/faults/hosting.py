"""Runs an app in a process of its own, and searches all that comes out of it for secrets.

No test of a fault starts an app by another way, so that none forgets to search: S1 and S2 of the
bar.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

KEY = "key-that-nobody-may-see"
MARKER = "payload-that-no-log-may-show"
HERE = Path(__file__).parent
APPS = HERE / "apps"
PATIENCE = 240.0
"""Seconds after which an app that does not end is a failure."""


@dataclass
class App:
    """One app; what it left behind is there once it has ended."""

    process: subprocess.Popen[str]
    outputs: str = ""
    code: int = 0
    ended: float = 0.0
    """By the clock on the wall."""
    said: list[dict[str, Any]] = field(default_factory=list)
    """What it reported, a line at a time."""


@contextlib.contextmanager
def running(
    command: list[str],
    place: Path,
    *,
    talks: bool = False,
    patience: float = PATIENCE,
    **how: Any,
) -> Iterator[App]:
    """An app, which has ended when the block has; one that `talks` is read and written to."""
    pipe = subprocess.PIPE if talks else None
    with tempfile.TemporaryFile() as outputs:
        with subprocess.Popen(
            [sys.executable, *command],
            stdin=pipe,
            stdout=pipe or outputs,
            stderr=outputs,
            text=True,
            **how,
        ) as process:
            try:
                app = App(process)
                yield app
                app.code, app.ended = process.wait(patience), time.time()
            finally:
                process.kill()
        outputs.seek(0)
        app.outputs = outputs.read().decode(errors="replace")
    search(app.outputs, place)


def search(outputs: str, place: Path) -> None:
    """Neither the key nor a payload is told to anyone; the disk may hold payloads, not the key."""
    assert KEY not in outputs
    assert MARKER not in outputs
    assert "Traceback" not in outputs
    for path in place.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def client(
    task: dict[str, Any], place: Path, *, home: str | None = None, **how: Any
) -> contextlib.AbstractContextManager[App]:
    """The client of the fault server, at one of its acts."""
    variables = environment(place) if home is None else environment(place, HOME=home)
    return running([str(HERE / "client.py"), json.dumps(task)], place, env=variables, **how)


def host(
    place: Path,
    url: str,
    *command: str,
    meanwhile: Any = None,
    told: Mapping[str, str] = MappingProxyType({}),
    **how: Any,
) -> App:
    """Run a command whose environment names the platform; `meanwhile` gets its process."""
    report = place / "report"
    told = environment(place, RESPAN_BASE_URL=url, RESPAN_API_KEY=KEY, REPORT=str(report), **told)
    with running(list(command), place, env=told, cwd=place, **how) as app:
        if meanwhile is not None:
            meanwhile(app.process)
    lines = report.read_text().splitlines() if report.exists() else []
    app.said = [json.loads(line) for line in lines]
    return app


def app(name: str, *arguments: str) -> list[str]:
    """The command for one of the apps."""
    return [str(APPS / f"{name}.py"), *arguments]


def environment(place: Path, **more: str) -> dict[str, str]:
    """A home of its own, and no settings but those of the test."""
    paths = f"{HERE.parents[1]}{os.pathsep}{APPS}"
    return {**os.environ, "PYTHONPATH": paths, "HOME": str(place), **more}
