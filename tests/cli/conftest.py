"""The command line, run as a person runs it: in an empty folder, on a platform in a file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli.cli_support import ROOT
from typer.testing import CliRunner

from respan_langchain._connect import open_client
from respan_langchain.cli.app import app
from respan_langchain.settings.reading import read_settings


@dataclass(frozen=True)
class CommandResult:
    """What a command result, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commands run."""
    place = tmp_path / "folder"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CommandResult]:
    """Runs a command in this process; a variable of None is one that is not set."""
    monkeypatch.setenv("RESPAN_BASE_URL", "sqlite:///respan.db")
    monkeypatch.setenv("COLUMNS", "140")

    def invoke(*words: str, stdin: str | None = None, **variables: str | None) -> CommandResult:
        result = CliRunner().invoke(
            app, list(words), input=stdin, env=variables, catch_exceptions=False
        )
        return CommandResult(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def process(folder: Path) -> Callable[..., CommandResult]:
    """Runs a command as a process of its own."""

    def start(*words: str, **variables: str) -> CommandResult:
        clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
        ended = subprocess.run(
            [sys.executable, "-m", "respan_langchain", *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            cwd=folder,
            env={**clean, "PYTHONPATH": str(ROOT), **variables},
        )
        return CommandResult(ended.returncode, ended.stdout, ended.stderr)

    return start


@pytest.fixture
def fill(folder: Path) -> Callable[..., str]:
    """Puts rows into a dataset of the folder's platform, and tells the dataset's id."""

    def put(
        rows: list[dict[str, Any]], name: str = "demo", url: str = "sqlite:///respan.db"
    ) -> str:
        with open_client(read_settings(base_url=url)) as client:
            dataset = client.find_or_create_dataset(name)
            for start in range(0, len(rows), 500):
                assert client.bulk_create_logs(dataset.id, rows[start : start + 500])
            return dataset.id

    return put
