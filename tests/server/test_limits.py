"""Limits of the server: strangers cannot fill its memory or lock its owner out."""

import re
import socket
import time
import tracemalloc
from collections.abc import Iterator

import httpx
import pytest

from respan_langchain.embedded.http import Request
from respan_langchain.server.asgi import serving
from respan_langchain.server.bind import BindConfig
from respan_langchain.server.connection_limits import ConnectionLimits
from respan_langchain.server.routes import WebPages
from respan_langchain.server.session import Sessions

MEGABYTE = 1_000_000


def large_body() -> Iterator[bytes]:
    for _ in range(40):
        yield b"x" * MEGABYTE


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/datasets/", 401), ("/login", 413), ("/datasets/a/logs/b/review", 401)],
)
def test_the_body_of_a_stranger_is_not_kept_in_memory(platform, path, status):
    with serving(platform.store, BindConfig(port=0, api_key="right")) as address:
        httpx.get(address)
        tracemalloc.start()
        response = httpx.post(
            address + path, content=large_body(), headers={"Origin": address}, timeout=30
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert response.status_code == status
    assert peak < 20 * MEGABYTE


def connect(address: str) -> socket.socket:
    host, port = re.fullmatch(r"http://(.+):(\d+)", address).groups()
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHo"], ids=["nothing", "half a header"])
def test_a_connection_whose_headers_do_not_come_is_closed(platform, sent):
    with (
        serving(platform.store, limits=ConnectionLimits(header_timeout=0.2)) as address,
        connect(address) as client,
    ):
        client.sendall(sent)

        assert _is_closed(client)


def test_the_second_request_of_a_connection_has_a_header_timeout_too(platform):
    with (
        serving(platform.store, limits=ConnectionLimits(header_timeout=0.2)) as address,
        connect(address) as client,
    ):
        client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(10) == b"HTTP/1.1 2"
        client.sendall(b"GET / HTTP")

        assert _is_closed(client)


def _is_closed(client: socket.socket) -> bool:
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_body_that_does_not_come_is_answered_in_time(platform):
    with (
        serving(platform.store, limits=ConnectionLimits(body_timeout=0.2)) as address,
        connect(address) as client,
    ):
        client.sendall(
            b"POST /api/datasets/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )

        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_connections_beyond_the_limit_are_closed_and_the_others_served(platform):
    with serving(platform.store, limits=ConnectionLimits(max_connections=3)) as address:
        clients = [connect(address) for _ in range(3)]
        _until_served(clients[-1])
        with connect(address) as fourth:
            assert _is_closed(fourth)
        for client in clients:
            client.close()
        deadline = time.monotonic() + 20
        while True:
            try:
                assert httpx.get(f"{address}/static/icon.svg").status_code == 200
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline


def _until_served(client: socket.socket) -> None:
    client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.recv(10) == b"HTTP/1.1 2"


def log_in(pages: WebPages, key: str, client: str) -> int:
    headers = {"host": "h", "origin": "http://h"}
    body = f"key={key}".encode()
    return pages.respond(
        Request("POST", "/login", headers=headers, body=body, client=client)
    ).status


def test_wrong_keys_of_strangers_do_not_lock_the_owner_out(platform):
    pages = WebPages(platform.store, Sessions("right"))

    strangers = [log_in(pages, "wrong", f"10.0.0.{number % 50}") for number in range(2000)]
    owner = log_in(pages, "right", "192.168.0.1")

    assert set(strangers) == {401, 429}
    assert owner == 303


def test_addresses_of_one_ipv6_network_share_their_attempts(platform):
    pages = WebPages(platform.store, Sessions("right"))

    statuses = [log_in(pages, "wrong", f"2001:db8:0:1::{number:x}") for number in range(1, 30)]

    assert statuses.count(401) == 10
    assert log_in(pages, "right", "2001:db8:0:2::1") == 303


@pytest.mark.parametrize(
    "target",
    [
        "/datasets/{}/?page=" + "9" * 5000,
        "/datasets/{}/?" + "&".join(f"where=a{n}" for n in range(300)),
        "/datasets/{}/compare?" + "&".join(f"row=a{n}" for n in range(300)),
        '/datasets/{}/?filters={"cost":{"operator":"gt","value":' + "9" * 5000 + "}}",
        "/datasets/{}/?where=cost|gt|" + "9" * 5000,
        "/api/datasets/list/?" + "&".join(f"a{n}=1" for n in range(300)),
        "/api/datasets/list/?page=" + "9" * 5000,
    ],
    ids=["page", "fields", "rows", "filter", "where", "API fields", "API page"],
)
def test_absurd_queries_are_answered_without_a_traceback(platform, target, capfd):
    dataset = platform.dataset()
    method = "POST" if target.startswith("/api") else "GET"
    with serving(platform.store) as address:
        response = httpx.request(
            method, address + target.replace("{}", dataset), headers={"Authorization": "Bearer any"}
        )

    assert response.status_code < 500
    assert "Traceback" not in capfd.readouterr().err


def test_a_malformed_origin_is_rejected(platform):
    pages = WebPages(platform.store, Sessions(None))

    response = pages.respond(Request("POST", "/login", headers={"host": "h", "origin": "http://["}))

    assert response.status == 403


def test_an_export_is_not_stored_by_the_browser(platform):
    dataset = platform.dataset()
    pages = WebPages(platform.store, Sessions(None))

    response = pages.respond(Request("GET", f"/datasets/{dataset}/export.csv"))

    assert response.headers["cache-control"] == "no-store"
