"""`push` and `pull`: from a file over a port and back, also when a process is killed half-way."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cli.cli_support import ROOT, row
from support.processes import read_line

from respan_langchain._connect import open_client
from respan_langchain.embedded.store.store import open_store
from respan_langchain.server.asgi import serving
from respan_langchain.settings.reading import read_settings

FROM = "sqlite:///respan.db"


def identifiers(url: str, dataset: str = "demo") -> Counter[str | None]:
    with open_client(read_settings(base_url=url, api_key="rk-1")) as client:
        found = [each for each in client.datasets() if each.name == dataset]
        return Counter(log.custom_identifier for log in client.logs(found[0].id))


def test_rows_are_pushed_and_pulled_over_http(run, fill, folder):
    fill([row(number) for number in range(130)])
    with serving(open_store(f"sqlite:///{folder}/there.db")) as address:
        pushed = run("push", "demo", "--to", address, "--api-key", "rk-1", "--json")
        again = run("push", "demo", "--to", address, "--api-key", "rk-1", "--json")
        pulled = run(
            "pull", "demo", "--from", address, "--api-key", "rk-1", "--to", "sqlite:///back.db"
        )

    assert pushed.json == {"sent": 130, "already_there": 0, "rejected": {}}
    assert again.json == {"sent": 0, "already_there": 130, "rejected": {}}
    assert pulled.code == 0
    assert identifiers("sqlite:///back.db") == identifiers(FROM)


def test_a_second_push_sends_only_new_rows(run, fill):
    fill([row(1)])
    run("push", "demo", "--to", "sqlite:///there.db")
    fill([row(2)])

    result = run("push", "demo", "--to", "sqlite:///there.db", "--json").json
    assert (result["sent"], result["already_there"]) == (1, 1)


def test_a_filtered_push_can_rename_the_dataset(run, fill):
    failed = row(2)
    failed["metadata"]["status"] = "error"
    fill([row(1), failed])
    result = run(
        "push", "demo", "--to", "sqlite:///there.db", "--as", "failures", "-w", "status=error"
    )

    assert result.code == 0, result.err
    assert identifiers("sqlite:///there.db", "failures") == {"run-2": 1}


def test_a_dataset_cannot_be_pushed_onto_itself(run, fill, folder):
    fill([row(1)])
    result = run("push", "demo", "--to", f"sqlite:///{folder}/respan.db")

    assert result.code == 2
    assert "--as" in result.err


@pytest.mark.parametrize("command", ["push", "pull"])
def test_pushing_an_unknown_dataset_creates_no_file(command, run, fill, folder):
    fill([row(1)])
    result = run(command, "dmeo", "--from", FROM, "--to", "sqlite:///there.db")

    assert result.code == 2
    assert "'dmeo'" in result.err
    assert [each.name for each in folder.glob("*.db")] == ["respan.db"]


def test_push_without_a_key_fails_before_reading(run, fill):
    fill([row(1)])
    result = run("push", "demo")

    assert result.code == 2
    assert "RESPAN_API_KEY" in result.err


class Server:
    """`serve` as a process that can be killed, always on the same port and file."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._words = ["serve", "--base-url", "sqlite:///there.db", "--port", str(port), "--json"]
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = begun(self._folder, *self._words)
        assert self._process.stdout is not None
        assert self.address in read_line(self._process)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def begun(folder: Path, *words: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "respan_langchain", *words],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**clean, "PYTHONPATH": str(ROOT), "RESPAN_API_KEY": "rk-1"},
    )  # fmt: skip


@pytest.fixture
def server(folder) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(folder, port)
    server.start()
    yield server
    server.kill()


def stored(folder: Path) -> int:
    with open_store(f"sqlite:///{folder}/there.db").reading() as connection:
        return int(connection.execute("SELECT count(*) FROM logs").fetchone()[0])


@contextmanager
def pushing(folder: Path, server: Server, enough: int) -> Iterator[subprocess.Popen[str]]:
    """Push, and give the process once so many rows are stored."""
    process = begun(folder, "push", "demo", "--from", FROM, "--to", server.address, "--json")
    ends = time.monotonic() + 120
    while stored(folder) < enough:
        assert time.monotonic() < ends, "too few rows are stored"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
            break
    yield process


def push_all(folder: Path, server: Server) -> None:
    process = begun(folder, "push", "demo", "--from", FROM, "--to", server.address, "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err + out


@pytest.mark.slow
def test_nothing_is_lost_or_duplicated_if_the_pushing_process_is_killed(fill, folder, server):
    fill([row(number) for number in range(3_000)])
    with pushing(folder, server, 500) as process:
        process.kill()
        process.communicate()
    push_all(folder, server)

    assert identifiers(f"sqlite:///{folder}/there.db") == identifiers(FROM)


@pytest.mark.slow
def test_nothing_is_lost_or_duplicated_if_the_server_is_killed(fill, folder, server):
    fill([row(number) for number in range(3_000)])
    with pushing(folder, server, 1_000) as process:
        server.kill()
        server.start()
        out, err = process.communicate(timeout=300)

    assert process.returncode == 0, err + out
    assert identifiers(f"sqlite:///{folder}/there.db") == identifiers(FROM)


@pytest.mark.slow(seconds=70)
def test_a_hundred_thousand_rows_survive_both(fill, folder, server):
    fill([row(number) for number in range(100_000)])
    for enough in (10_000, 60_000):
        with pushing(folder, server, enough) as process:
            process.kill()
            process.communicate()
    with pushing(folder, server, 80_000) as process:
        server.kill()
        server.start()
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err + out

    counted = identifiers(f"sqlite:///{folder}/there.db")
    assert counted == Counter(f"run-{number}" for number in range(100_000))
