"""The server: who may connect, under which host name, with which key."""

import socket
import sys

import httpx
import pytest

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.errors import ConfigurationError, MissingExtraError
from respan_langchain.server.asgi import serving
from respan_langchain.server.bind import BindConfig


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])  # noqa: S104
def test_a_public_address_needs_a_key(host):
    with pytest.raises(ConfigurationError, match="without an API key"):
        BindConfig(host=host)

    assert BindConfig(host=host, api_key="k").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_a_loopback_address_needs_no_key(host):
    assert BindConfig(host=host).host == host


@pytest.mark.parametrize(
    ("header", "allowed"),
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
def test_without_a_key_only_host_names_of_this_machine_are_allowed(header, allowed):
    assert BindConfig(allowed_hosts=frozenset({"box.local"})).allows_host(header) is allowed


def test_a_foreign_host_name_is_rejected(platform):
    with serving(platform.store) as address:
        response = httpx.post(
            f"{address}/api/datasets/list/",
            json={},
            headers={"Host": "evil.example", "Authorization": "Bearer any"},
        )

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("evil.example", "{address}"),
        ("box.local:80", "{address}"),
        ("localhost:1", "http://localhost:1"),
    ],
)
def test_the_next_link_of_a_page_leads_to_a_known_host_only(platform, host, expected):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "a"}, {"input": "b"}])
    with serving(platform.store, BindConfig(port=0, api_key="k")) as address:
        page = httpx.post(
            f"{address}/api/datasets/{dataset}/logs/list/?page_size=1",
            json={},
            headers={"Host": host, "Authorization": "Bearer k"},
        ).json()

    assert page["next"].startswith(expected.format(address=address) + "/api/datasets/")


def test_an_allowed_host_name_is_known():
    config = BindConfig(allowed_hosts=frozenset({"Box.local"}))

    assert config.knows_host("box.local:80")
    assert not config.knows_host("evil.example")


def test_the_api_requires_the_key(platform):
    with serving(platform.store, BindConfig(port=0, api_key="right")) as address:
        statuses = [
            httpx.post(f"{address}/api/datasets/list/", json={}, headers=headers).status_code
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer right"})
        ]

    assert statuses == [401, 401, 200]


def test_a_body_above_the_limit_is_answered_with_413(platform):
    with serving(platform.store, policy=AccessPolicy(max_body_bytes=1000)) as address:
        response = httpx.post(
            f"{address}/api/datasets/",
            content=(b"x" * 100 for _ in range(100)),
            headers={"Authorization": "Bearer any"},
        )

    assert response.status_code == 413


def test_a_port_in_use_is_reported(platform):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigurationError, match="Cannot listen on"),
        serving(platform.store, BindConfig(port=taken.getsockname()[1])),
    ):
        pass


def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "respan_langchain.server.asgi")

    with pytest.raises(MissingExtraError, match=r"pip install 'respan-langchain\[local\]'"):
        import respan_langchain.server.asgi  # noqa: F401


def test_pages_files_and_exports_are_served(platform):
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
