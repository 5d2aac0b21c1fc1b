"""Proxies and private certificate authorities are honoured, as the environment names them."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading

import pytest

from respan_langchain.client.log_requests import create_log

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
        f"-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def test_a_private_authority_is_trusted_when_the_environment_names_it(
    send, loopback, wire, authority, monkeypatch
):
    certificate, context = authority
    server = loopback(wire.answering(wire.message(b"{}")), context=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert send(server.url, CREATE).status == 200


def test_an_unknown_authority_is_not_trusted(send, loopback, wire, authority):
    server = loopback(wire.answering(wire.message(b"{}")), context=authority[1])

    answer = send(server.url, CREATE)

    assert (answer.status, answer.maybe_sent) == (None, False)
    assert "certificate" in answer.error.lower()
    assert server.requests == []


def test_a_proxy_carries_plain_requests(send, loopback, wire, monkeypatch):
    proxy = loopback(wire.answering(wire.message(b"{}")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:pa55word@"))

    answer = send("http://platform.invalid", CREATE, allow_http=True)

    assert answer.status == 200
    assert proxy.requests[0].startswith(b"POST http://platform.invalid/api/datasets/d1/logs/ ")


def tunnel(connection):
    """Open a tunnel to wherever it should lead, and carry bytes both ways."""
    request = connection.read_request()
    connection.requests.append(request)
    host, _, port = request.split()[1].decode().rpartition(":")
    connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with socket.create_connection((host, int(port))) as target:
        back = threading.Thread(target=carry, args=(target, connection.sock))
        back.start()
        carry(connection.sock, target)
        back.join()


def carry(source, target):
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


def test_a_proxy_carries_encrypted_requests_and_sees_no_key(
    send, loopback, wire, authority, monkeypatch
):
    certificate, context = authority
    server = loopback(wire.answering(wire.message(b"{}")), context=context)
    proxy = loopback(tunnel)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    answer = send(server.url, CREATE)

    assert (answer.status, len(server.requests)) == (200, 1)
    assert proxy.requests[0].startswith(f"CONNECT localhost:{server.port} ".encode())
    assert wire.key.encode() not in proxy.requests[0]


def test_a_proxy_that_refuses_sent_nothing_and_its_password_is_not_told(
    send, loopback, wire, monkeypatch, caplog
):
    proxy = loopback(wire.answering(wire.message(b"", "407 Proxy Authentication Required")))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:pa55word@"))

    answer = send("https://platform.invalid", CREATE)

    assert (answer.status, answer.maybe_sent) == (None, False)
    assert answer.error.startswith("the proxy refused: 407")
    assert "pa55word" not in repr(answer) + caplog.text


def test_a_proxy_that_hangs_is_left_at_the_deadline(send, loopback, monkeypatch):
    proxy = loopback(lambda connection: connection.hang())
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    answer = send("https://platform.invalid", CREATE, within=0.5)

    assert (answer.status, answer.maybe_sent, answer.timed_out) == (None, False, True)


def test_no_proxy_is_asked_for_a_host_that_needs_none(send, loopback, wire, monkeypatch):
    server = loopback(wire.answering(wire.message(b"{}")))
    proxy = loopback(wire.answering(wire.message(b"", "502 Bad Gateway")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "localhost")

    assert send(server.url, CREATE).status == 200
    assert proxy.connections == 0
