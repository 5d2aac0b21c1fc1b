"""The port: who may knock, under which name, with which key."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.store.store import Store
from respan_langchain.errors import ConfigurationError, MissingExtraError
from respan_langchain.server.asgi import serve, serving
from respan_langchain.server.bind import BindConfig


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])  # noqa: S104
def test_other_machines_are_let_in_only_with_a_key(host):
    with pytest.raises(ConfigurationError, match="give a key"):
        BindConfig(host=host)

    assert BindConfig(host=host, api_key="k").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_needs_no_key(host):
    assert BindConfig(host=host).is_loopback


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("box.local", True),
        ("", False),
        ("evil.example", False),
        ("evil.example:8000", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
    ],
)
def test_without_a_key_only_names_of_this_machine_are_served(header, admitted):
    assert BindConfig(allowed_hosts=frozenset({"box.local"})).allows_host(header) is admitted


def test_a_foreign_name_is_refused_over_the_port(platform):
    with serving(platform.store) as address:
        response = httpx.post(
            f"{address}/api/datasets/list/",
            json={},
            headers={"Host": "evil.example", "Authorization": "Bearer any"},
        )

    assert response.status_code == 403


def test_a_key_is_asked_for_over_the_port(platform):
    with serving(platform.store, BindConfig(port=0, api_key="right")) as address:
        statuses = [
            httpx.post(f"{address}/api/datasets/list/", json={}, headers=headers).status_code
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer right"})
        ]

    assert statuses == [401, 401, 200]


def test_a_body_that_grows_too_large_is_413_over_the_port(platform):
    with serving(platform.store, policy=AccessPolicy(max_body_bytes=1000)) as address:
        response = httpx.post(
            f"{address}/api/datasets/",
            content=(b"x" * 100 for _ in range(100)),
            headers={"Authorization": "Bearer any"},
        )

    assert response.status_code == 413


def test_a_port_that_is_taken_is_said_in_words(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigurationError, match="cannot be had"),
    ):
        serve(f"sqlite:///{tmp_path}/a.db", BindConfig(port=taken.getsockname()[1]))


def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "respan_langchain.server.asgi")

    with pytest.raises(MissingExtraError, match=r"pip install 'respan-langchain\[local\]'"):
        import respan_langchain.server.asgi  # noqa: F401


def test_a_served_file_keeps_its_rows_when_the_server_is_told_to_stop(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = (
        "from respan_langchain.server.asgi import serve\n"
        "from respan_langchain.server.bind import BindConfig\n"
        f"serve('sqlite:///{tmp_path}/a.db', BindConfig(port={port}))"
    )
    server = subprocess.Popen([sys.executable, "-c", program])

    with httpx.Client(
        transport=httpx.HTTPTransport(retries=10),
        headers={"Authorization": "Bearer any"},
        base_url=f"http://127.0.0.1:{port}/api/",
    ) as client:
        made = client.post("datasets/", json={"name": "d", "is_empty": True})
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    store = Store(tmp_path / "a.db")
    with store.reading() as connection:
        names = [row["name"] for row in connection.execute("SELECT name FROM datasets")]
    store.close()

    assert made.status_code == 201
    assert names == ["Saved logs", "d"]


def test_the_page_is_served_with_its_files_and_downloads(platform):
    dataset = platform.dataset("support-bot")
    platform.fill(dataset, [{"input": f"row {n}"} for n in range(450)])
    with serving(platform.store) as address, httpx.Client(base_url=address) as browser:
        page, style = browser.get("/"), browser.get("/static/app.css")
        export = browser.get(f"/datasets/{dataset}/export.jsonl")
        foreign = browser.get("/", headers={"Host": "evil.example"})

    assert "support-bot" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert style.headers["content-type"].startswith("text/css")
    assert len(export.text.splitlines()) == 450
    assert (foreign.status_code, "support-bot" in foreign.text) == (403, False)
