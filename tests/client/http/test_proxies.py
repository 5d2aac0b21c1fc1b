"""Proxies and private certificate authorities from the environment are used."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading

import httpx
import httpx2
import pytest

from respan_langchain.client.endpoints import create_log
from respan_langchain.client.http.transport import AsyncHttpTransport

CREATE = create_log("d1", {"input": "x"})


@pytest.fixture(autouse=True)
def no_ways_but_those_of_the_test(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate that signs itself, for localhost: the file, and a server's side of TLS."""
    place = tmp_path_factory.mktemp("authority")
    certificate, key = place / "certificate.pem", place / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:platform.invalid "
        f"-keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def test_a_private_authority_is_trusted_when_ssl_cert_file_names_it(
    send, loopback, wire, authority, monkeypatch
):
    certificate, context = authority
    server = loopback(wire.answering(wire.message(b"{}")), context=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert send(server.url, CREATE).status == 200


def test_an_unknown_authority_is_not_trusted(send, loopback, wire, authority):
    server = loopback(wire.answering(wire.message(b"{}")), context=authority[1])

    result = send(server.url, CREATE)

    assert (result.status, result.maybe_sent) == (None, False)
    assert "certificate" in result.error.lower()
    assert server.requests == []


def test_a_proxy_forwards_plain_requests(send, loopback, wire, monkeypatch):
    proxy = loopback(wire.answering(wire.message(b"{}")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:pa55word@"))

    result = send("http://platform.invalid", CREATE, allow_http=True)

    assert result.status == 200
    assert proxy.requests[0].startswith(b"POST http://platform.invalid/api/datasets/d1/logs/ ")


def tunnel(connection):
    """Open a tunnel to wherever it should lead, and forward bytes both ways."""
    request = connection.read_request()
    connection.requests.append(request)
    host, _, port = request.split()[1].decode().rpartition(":")
    connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert host == "platform.invalid"
    with socket.create_connection(("localhost", int(port))) as target:
        back = threading.Thread(target=forward, args=(target, connection.sock))
        back.start()
        forward(connection.sock, target)
        back.join()


def forward(source, target):
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


def test_a_proxy_forwards_encrypted_requests_without_seeing_the_key(
    send, loopback, wire, authority, monkeypatch
):
    certificate, context = authority
    server = loopback(wire.answering(wire.message(b"{}")), context=context)
    proxy = loopback(tunnel)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    result = send(f"https://platform.invalid:{server.port}", CREATE)

    assert (result.status, len(server.requests)) == (200, 1)
    assert proxy.requests[0].startswith(f"CONNECT platform.invalid:{server.port} ".encode())
    assert wire.key.encode() not in proxy.requests[0]


def test_a_proxy_that_refuses_counts_as_not_sent_and_its_password_is_not_shown(
    send, loopback, wire, monkeypatch, caplog
):
    proxy = loopback(wire.answering(wire.message(b"", "407 Proxy Authentication Required")))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:pa55word@"))

    result = send("https://platform.invalid", CREATE)

    assert (result.status, result.maybe_sent) == (None, False)
    assert result.error.startswith("the proxy refused the request: 407")
    assert "pa55word" not in repr(result) + caplog.text


def test_a_hanging_proxy_is_abandoned_at_the_deadline(send, loopback, monkeypatch):
    proxy = loopback(lambda connection: connection.hang())
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    result = send("https://platform.invalid", CREATE, within=0.5)

    assert (result.status, result.maybe_sent, result.timed_out) == (None, False, True)


def test_a_host_in_no_proxy_is_contacted_directly(send, loopback, wire, monkeypatch):
    server = loopback(wire.answering(wire.message(b"{}")))
    proxy = loopback(wire.answering(wire.message(b"", "502 Bad Gateway")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "localhost")

    assert send(server.url, CREATE).status == 200
    assert proxy.connections == 0


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_loopback_host_is_never_contacted_through_a_proxy(
    send, loopback, wire, monkeypatch, variable, host
):
    server = loopback(wire.answering(wire.message(b"{}")))
    proxy = loopback(wire.answering(wire.message(b"{}")))
    monkeypatch.setenv(variable, proxy.url)

    assert send(server.url.replace("localhost", host), CREATE).status == 200
    assert proxy.connections == 0


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_an_injected_client_does_not_send_the_key_to_a_proxy_unencrypted(
    send, loopback, wire, kind, library
):
    server = loopback(wire.answering(wire.message(b"{}")))
    client_type = library.AsyncClient if kind is AsyncHttpTransport else library.Client

    result = send(server.url, CREATE, client=lambda: client_type(proxy="http://0.0.0.0:9"))

    assert (result.status, result.maybe_sent, result.permanent) == (None, False, True)
    assert "NO_PROXY" in result.error
    assert server.requests == []


def test_a_proxy_may_get_plain_requests_where_allow_http_says_so(send, loopback, wire, kind):
    proxy = loopback(wire.answering(wire.message(b"{}")))
    client_type = httpx.AsyncClient if kind is AsyncHttpTransport else httpx.Client

    result = send(
        "http://localhost:9",
        CREATE,
        allow_http=True,
        client=lambda: client_type(proxy=proxy.url),
    )

    assert (result.status, len(proxy.requests)) == (200, 1)
