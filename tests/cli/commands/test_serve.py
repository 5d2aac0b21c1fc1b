"""`serve`: a file on a port, to whom it is meant for."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cli.given import ROOT, row

from respan_langchain._connect import client_of
from respan_langchain.errors import AuthenticationError
from respan_langchain.settings import read_settings


@contextmanager
def served(folder, *words: str) -> Iterator[dict[str, str]]:
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    command = [sys.executable, "-m", "respan_langchain", "serve", "--port", "0", "--json", *words]
    with subprocess.Popen(
        command, cwd=folder, env={**clean, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def names(address: str, key: str = "any") -> list[str | None]:
    with client_of(read_settings(base_url=address, api_key=key)) as client:
        return [each.name for each in client.datasets()]


def test_the_file_of_the_folder_is_served(fill, folder):
    fill([row(1)])
    with served(folder) as said:
        assert said["base_url"] == "sqlite:///respan.db"
        assert "demo" in names(said["address"])


def test_a_key_that_was_given_is_asked_for(fill, folder):
    fill([row(1)])
    with served(folder, "--api-key", "rk-1") as said:
        assert "demo" in names(said["address"], "rk-1")
        with pytest.raises(AuthenticationError):
            names(said["address"], "rk-2")


def test_a_port_that_is_taken_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run("serve", "--port", str(port))

    assert said.code == 2
    assert str(port) in said.err


def test_a_port_that_there_is_not_is_a_wrong_use(run):
    said = run("serve", "--port", "99999")

    assert said.code == 2
    assert "65535" in said.err


def test_other_machines_are_not_let_in_without_a_key(run):
    said = run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104  # that is the point

    assert said.code == 2
    assert "key" in said.err


def test_only_a_file_is_served(run):
    said = run("serve", "--base-url", "https://api.respan.ai")

    assert said.code == 2
    assert "sqlite:///" in said.err
