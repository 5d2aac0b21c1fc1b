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
from cli.cli_support import ROOT, row
from support.processes import read_line

from respan_langchain._connect import open_client
from respan_langchain.errors import AuthenticationError
from respan_langchain.settings.reading import read_settings


@contextmanager
def served(folder, *words: str, **variables: str) -> Iterator[dict[str, str]]:
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    command = [sys.executable, "-m", "respan_langchain", "serve", "--port", "0", "--json", *words]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(read_line(process))
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def names(address: str, key: str = "any") -> list[str | None]:
    with open_client(read_settings(base_url=address, api_key=key)) as client:
        return [each.name for each in client.datasets()]


def test_serve_uses_the_file_in_the_current_folder(fill, folder):
    fill([row(1)])
    with served(folder) as result:
        assert result["base_url"] == "sqlite:///respan.db"
        assert "demo" in names(result["address"])


def test_serve_requires_the_given_key(fill, folder):
    fill([row(1)])
    with served(folder, "--api-key", "rk-1") as result:
        assert "demo" in names(result["address"], "rk-1")
        with pytest.raises(AuthenticationError):
            names(result["address"], "rk-2")


def test_the_key_of_the_environment_is_for_servers_that_other_machines_reach(fill, folder):
    fill([row(1)])
    with served(folder, RESPAN_API_KEY="rk-1") as result:
        assert "demo" in names(result["address"], "rk-2")
    with served(folder, "--host", "0.0.0.0", RESPAN_API_KEY="rk-1") as result:  # noqa: S104  # the point
        assert "demo" in names(result["address"], "rk-1")
        with pytest.raises(AuthenticationError):
            names(result["address"], "rk-2")


def test_a_port_in_use_is_reported(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port))

    assert result.code == 2
    assert str(port) in result.err


def test_an_invalid_port_exits_with_2(run):
    result = run("serve", "--port", "99999")

    assert result.code == 2
    assert "65535" in result.err


def test_serve_refuses_a_public_address_without_a_key(run):
    result = run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104  # that is the point

    assert result.code == 2
    assert "key" in result.err


def test_serve_refuses_a_remote_url(run):
    result = run("serve", "--base-url", "https://api.respan.ai")

    assert result.code == 2
    assert "sqlite:///" in result.err


def test_serve_opens_the_pages_in_a_browser(fill, folder, monkeypatch):
    fill([row(1)])
    opened = folder / "opened"
    os.mkfifo(opened)
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    with served(folder, "--open") as result:
        assert opened.read_text().strip() == result["address"]
