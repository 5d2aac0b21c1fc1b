"""One request has one deadline, whatever the server does, and never raises."""

import asyncio
import functools
import gc
import gzip
import itertools
import json
import logging
import pickle
import socket
import subprocess
import sys
import textwrap
import time
import warnings
from contextlib import closing

import httpx
import pytest

from respan_langchain.client.client import DatasetClient
from respan_langchain.client.endpoints import bulk_request, create_log, dataset
from respan_langchain.client.http.connection_pool import WRITE_CHUNK, DeadlineStream
from respan_langchain.client.http.deadline import request_deadline
from respan_langchain.client.http.transport import (
    DEFAULT_RESPONSE_BYTES,
    AsyncHttpTransport,
    HttpTransport,
)
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.transport import LocalTransport

LONG = 30.0
"""Seconds; only a stuck request takes so long."""
LARGE = 30 * 1024 * 1024
"""Bytes; more than the buffers of two sockets hold."""


def test_a_response_is_returned_as_it_was_received(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b'{"id": "d1"}', "200 OK", "X-Some: Thing")))

    result = send(server.url)

    assert (result.status, result.body, result.error) == (200, b'{"id": "d1"}', "")
    assert result.headers["x-some"] == "Thing"


def test_a_request_has_the_key_and_the_content_type(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))

    send(server.url + "/api/", create_log("d1", {"input": "hé"}))

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/datasets/d1/logs/ HTTP/1.1\r\n")
    lines = {line.lower() for line in head.decode().split("\r\n")}
    assert f"authorization: bearer {wire.key}" in lines
    assert {"content-type: application/json", "accept-encoding: gzip"} <= lines
    assert json.loads(body) == {"input": "hé"}


def test_an_encoded_body_is_sent_unchanged(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))

    send(server.url, bulk_request("d1"), content=b'{"logs":[ ]}')

    assert server.requests[0].endswith(b'\r\n\r\n{"logs":[ ]}')


def test_without_a_key_no_header_is_sent(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))

    send(server.url, api_key=None)

    assert b"authorization" not in server.requests[0].lower()


def hanging(connection):
    connection.requests.append(connection.read_request())
    connection.hang()


def dripping_headers(connection):
    connection.requests.append(connection.read_request())
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.drip(b"X-%d: y\r\n" % number for number in itertools.count())


def dripping_body(connection):
    connection.requests.append(connection.read_request())
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    connection.drip(itertools.repeat(b" "))


def reading_by_the_byte(connection):
    while not connection.over.wait(0.005):
        connection.sock.recv(1)


def silent_from_the_start(connection):
    connection.hang()


@pytest.mark.parametrize(
    ("script", "size"),
    [
        (hanging, 1),
        (dripping_headers, 1),
        (dripping_body, 1),
        (reading_by_the_byte, LARGE),
        (silent_from_the_start, LARGE),
    ],
)
def test_the_deadline_covers_the_request_from_connect_to_the_last_byte(
    send, loopback, script, size
):
    server = loopback(script)
    begun = time.monotonic()

    result = send(server.url, bulk_request("d1"), content=b"x" * size, within=0.4)

    assert time.monotonic() - begun < LONG
    assert (result.status, result.timed_out) == (None, True)
    assert "deadline exceeded" in result.error


def test_the_deadline_covers_the_tls_handshake(send, loopback):
    server = loopback(silent_from_the_start)
    begun = time.monotonic()

    result = send(server.url.replace("http:", "https:"), within=0.4)

    assert time.monotonic() - begun < LONG
    assert (result.status, result.maybe_sent, result.timed_out) == (None, False, True)


def send_until_it_arrives(send, server, **settings):
    """Send with longer deadlines until the request arrives, for busy machines."""
    for within in (0.5, 2.0, 8.0, 20.0):
        result = send(server.url, bulk_request("d1"), content=b"{}", within=within, **settings)
        if server.requests:
            break
    return result


@pytest.mark.parametrize("script", [hanging, dripping_headers, dripping_body])
def test_a_request_without_a_response_counts_as_maybe_sent(send, loopback, script):
    result = send_until_it_arrives(send, loopback(script))

    assert (result.status, result.maybe_sent, result.timed_out) == (None, True, True)


def test_a_request_whose_body_was_not_sent_whole_counts_as_not_sent(loopback, wire):
    server = loopback(silent_from_the_start)

    with_deadline = HttpTransport(server.url, wire.key)
    result = with_deadline.send(bulk_request("d1"), time.monotonic() + 0.4, b"x" * LARGE)
    with_deadline.close()

    assert (result.maybe_sent, result.timed_out) == (False, True)


def test_a_request_after_the_deadline_is_not_sent(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))

    result = send(server.url, within=-1.0)

    assert (result.maybe_sent, result.timed_out, server.connections) == (False, True, 0)


def test_a_refused_connection_counts_as_not_sent(send):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    result = send(f"http://127.0.0.1:{port}")

    assert (result.maybe_sent, result.timed_out) == (False, False)
    assert result.error.startswith("could not connect")


def test_an_unknown_host_counts_as_not_sent(send):
    result = send("https://no-such-host.invalid")

    assert (result.maybe_sent, result.status) == (False, None)
    assert result.error.startswith("could not connect")


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".invalid"])
def test_an_invalid_host_name_counts_as_not_sent(send, host):
    result = send(f"https://{host}")

    assert (result.maybe_sent, result.status) == (False, None)


def test_a_connection_reset_after_the_request_counts_as_maybe_sent(send, loopback):
    def script(connection):
        connection.read_request()
        connection.reset()

    result = send(loopback(script).url, create_log("d1", {"input": "x"}))

    assert (result.status, result.maybe_sent, result.timed_out) == (None, True, False)


def test_a_connection_reset_while_the_body_is_sent_counts_as_not_sent(loopback, wire):
    def script(connection):
        connection.sock.recv(1)
        connection.reset()

    transport = HttpTransport(loopback(script).url, wire.key)
    result = transport.send(bulk_request("d1"), time.monotonic() + LONG, b"x" * LARGE)
    transport.close()

    assert (result.status, result.maybe_sent) == (None, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 999999 What\r\n\r\n",
    ],
    ids=["truncated", "empty", "not-http", "odd-status"],
)
def test_an_incomplete_response_counts_as_none(send, loopback, raw):
    def script(connection):
        connection.read_request()
        connection.send(raw)

    result = send(loopback(script).url, create_log("d1", {"input": "x"}))

    assert (result.status, result.maybe_sent) == (None, True)
    assert result.error


def test_a_response_that_comes_while_the_body_is_sent_is_read(send, loopback, wire):
    def script(connection):
        connection.sock.recv(1)
        connection.send(wire.message(b"{}", "413 Too Large", "Connection: close"))
        while connection.sock.recv(1_000_000):
            pass

    result = send(loopback(script).url, bulk_request("d1"), content=b"x" * LARGE)

    assert result.status == 413


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(send, loopback, wire, status):
    other = loopback(wire.answering(wire.message(b"{}")))
    server = loopback(
        wire.answering(wire.message(b"", f"{status} Moved", f"Location: {other.url}/api/"))
    )

    result = send(server.url, create_log("d1", {"input": "x"}))

    assert (result.status, other.connections) == (status, 0)


def test_a_response_is_read_up_to_the_limit(send, loopback):
    def endless(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.send(b"x" * 65_536)

    result = send(loopback(endless).url)

    assert (result.status, len(result.body)) == (200, DEFAULT_RESPONSE_BYTES)


def test_a_gzip_bomb_is_decompressed_only_up_to_the_limit(send, loopback, wire):
    bomb = gzip.compress(bytes(50 * DEFAULT_RESPONSE_BYTES), 1)
    server = loopback(wire.answering(wire.message(bomb, "200 OK", "Content-Encoding: gzip")))

    result = send(server.url)

    assert len(bomb) < DEFAULT_RESPONSE_BYTES
    assert len(result.body) == DEFAULT_RESPONSE_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_a_compressed_response_is_decompressed(send, loopback, wire, encoding):
    packed = gzip.compress(b'{"id": "d1"}')
    server = loopback(
        wire.answering(wire.message(packed, "200 OK", f"Content-Encoding: {encoding}"))
    )

    assert send(server.url).body == b'{"id": "d1"}'


def test_a_body_that_only_claims_to_be_compressed_is_kept(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b"no gzip", "200 OK", "Content-Encoding: gzip")))

    assert send(server.url).body == b"no gzip"


def test_the_key_is_redacted_where_the_server_repeats_it(send, loopback, wire):
    body = json.dumps({"detail": f"Unknown key {wire.key}"}).encode()
    server = loopback(wire.answering(wire.message(body, "401 No")))

    assert json.loads(send(server.url).body) == {"detail": "Unknown key ***"}


def test_the_key_is_redacted_in_the_errors_of_single_rows(send, loopback, wire):
    body = json.dumps({"errors": [{"index": 0, "error": f"not for {wire.key}"}]}).encode()
    server = loopback(wire.answering(wire.message(body, "201 Created")))

    assert b"not for ***" in send(server.url).body


def test_the_key_is_in_no_log_line_where_a_header_or_the_reason_repeats_it(send, loopback, wire):
    answer = wire.message(b"{}", f"500 Not {wire.key}", f"X-Echo: Bearer {wire.key}")
    server = loopback(wire.answering(answer))

    assert send(server.url).headers["x-echo"] == "Bearer ***"


def test_the_key_is_in_no_log_line_of_the_apps_own_client(send, loopback, wire, kind, library):
    answer = wire.message(b"{}", f"500 Not {wire.key}", f"X-Echo: Bearer {wire.key}")
    server = loopback(wire.answering(answer))
    client = library.Client if kind is HttpTransport else library.AsyncClient

    assert send(server.url, client=client).headers["x-echo"] == "Bearer ***"


def test_the_log_lines_of_the_apps_own_requests_stay(send, loopback, wire, caplog):
    server = loopback(wire.answering(wire.message(b"{}")), wire.answering(wire.message(b"{}")))
    send(server.url)
    caplog.clear()

    httpx.get(server.url)

    assert {"httpx", "httpcore.http11"} <= {record.name for record in caplog.records}


def test_requests_and_the_end_of_connections_leave_no_log_line(send, loopback, wire, caplog):
    server = loopback(wire.answering(wire.message(b"{}")))

    send(server.url)

    assert not [record for record in caplog.records if record.name.startswith("http")]


def test_a_key_that_is_too_short_to_be_real_is_not_redacted(send, loopback, wire):
    server = loopback(wire.answering(wire.message(b'{"detail": "key"}', "401 No")))

    assert send(server.url, api_key="k").body == b'{"detail": "key"}'


def test_a_connection_serves_several_requests(loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))

    transport = HttpTransport(server.url, wire.key)
    for _ in range(3):
        transport.send(dataset("d1"), time.monotonic() + LONG)
    transport.close()

    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_closed_transport_sends_nothing(loopback, kind, wire):
    server = loopback(wire.answering(wire.message(b"{}")))
    transport = kind(server.url, wire.key)

    async def closed_first():
        await transport.close()
        return await transport.send(dataset("d1"), time.monotonic() + LONG)

    if kind is AsyncHttpTransport:
        result = asyncio.run(closed_first())
    else:
        transport.close()
        result = transport.send(dataset("d1"), time.monotonic() + LONG)

    assert (result.maybe_sent, result.error) == (False, "the client is closed")
    assert server.connections == 0


@pytest.fixture
def injected(library, kind):
    """Return a client of an app, with redirects and authentication of its own."""
    settings = {"follow_redirects": True, "auth": ("user", "pa55word"), "timeout": LONG}
    make = library.AsyncClient if kind is AsyncHttpTransport else library.Client
    return functools.partial(make, **settings)


def test_an_injected_client_sends_without_its_own_redirects_and_authentication(
    send, loopback, wire, injected
):
    other = loopback(wire.answering(wire.message(b"{}")))
    server = loopback(wire.answering(wire.message(b"", "307 Moved", f"Location: {other.url}")))

    result = send(server.url, client=injected)

    assert (result.status, other.connections) == (307, 0)
    assert f"authorization: bearer {wire.key}".encode() in server.requests[0].lower()


@pytest.mark.parametrize("script", [hanging, dripping_body])
def test_an_injected_client_keeps_the_deadline(send, loopback, injected, script):
    begun = time.monotonic()

    result = send_until_it_arrives(send, loopback(script), client=injected)

    assert time.monotonic() - begun < 2 * LONG
    assert (result.status, result.maybe_sent, result.timed_out) == (None, True, True)


def test_a_closed_injected_client_sends_nothing(library, wire):
    client = library.Client()
    client.close()

    transport = HttpTransport("http://127.0.0.1:9", wire.key, http_client=client)
    result = transport.send(dataset("d1"), time.monotonic() + LONG)

    assert (result.maybe_sent, result.error) == (False, "the client is closed")


def test_a_child_process_opens_a_connection_of_its_own(loopback, wire):
    server = loopback(wire.answering(wire.message(b'{"id": "d1"}')))
    code = f"""
        import os, sys, time
        from respan_langchain.client.endpoints import dataset
        from respan_langchain.client.http.transport import HttpTransport

        transport = HttpTransport({server.url!r}, "sk-5ecret-0f-th1s")
        def send():
            return transport.send(dataset("d1"), time.monotonic() + {LONG}).status
        assert send() == 200
        child = os.fork()
        if child == 0:
            os._exit(0 if send() == 200 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert send() == 200
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)

    assert (server.connections, len(server.requests)) == (2, 3)


def test_a_process_that_was_suspended_opens_a_new_connection(loopback, kind, wire):
    server = loopback(wire.answering(wire.message(b"{}")))
    gap = 1000.0

    async def run():
        nonlocal gap
        transport = kind(server.url, wire.key, clock_offset=lambda: gap)
        for _ in range(2):
            result = transport.send(dataset("d1"), time.monotonic() + LONG)
            assert (await result if kind is AsyncHttpTransport else result).status == 200
            gap += 30.0
        closing = transport.close()
        await closing if kind is AsyncHttpTransport else None

    asyncio.run(run())

    assert (server.connections, len(server.requests)) == (2, 2)


class Inner:
    """A connection that records what is written to it, and whether it was closed."""

    closed = False

    def __init__(self):
        self.written = []

    def write(self, part, timeout):
        self.written.append(bytes(part))

    def close(self):
        self.closed = True


def test_a_connection_is_closed_when_no_time_is_left_for_tls():
    inner = Inner()

    with request_deadline(time.monotonic() - 1.0), pytest.raises(TimeoutError):
        DeadlineStream(inner).start_tls(None, "localhost", 1.0)

    assert inner.closed


def test_a_large_body_is_written_in_chunks():
    inner = Inner()
    body = bytes(range(256)) * 1000

    with request_deadline(time.monotonic() + LONG):
        DeadlineStream(inner).write(body)

    assert b"".join(inner.written) == body
    assert max(map(len, inner.written)) == WRITE_CHUNK


def test_the_event_loop_may_end_before_the_client(loopback, wire):
    server = loopback(wire.answering(wire.message(b"{}")))
    transport = AsyncHttpTransport(server.url, wire.key)

    with warnings.catch_warnings():
        # asyncio complains of the connection that its own end left open.
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(2):
            result = asyncio.run(transport.send(dataset("d1"), time.monotonic() + LONG))
            assert result.status == 200
        asyncio.run(transport.close())
        del transport
        gc.collect()


def test_cookies_are_neither_kept_nor_sent(loopback, kind, wire):
    server = loopback(wire.answering(wire.message(b"{}", "200 OK", "Set-Cookie: session=1")))

    async def send_twice():
        transport = kind(server.url, wire.key)
        for _ in range(2):
            sending = transport.send(dataset("d1"), time.monotonic() + LONG)
            await sending if kind is AsyncHttpTransport else None
        closing = transport.close()
        await closing if kind is AsyncHttpTransport else None

    asyncio.run(send_twice())

    assert len(server.requests) == 2
    assert b"cookie" not in b"".join(server.requests).lower()


def test_cookies_of_an_injected_client_are_not_sent(send, loopback, wire, injected):
    server = loopback(wire.answering(wire.message(b"{}")))

    send(server.url, client=functools.partial(injected, cookies={"session": "1"}))

    assert b"cookie" not in server.requests[0].lower()


def test_a_request_leaves_no_line_in_the_app_s_log_at_info(loopback, wire, caplog):
    server = loopback(wire.answering(wire.message(b"{}")))
    caplog.set_level(logging.INFO)

    transport = HttpTransport(server.url, wire.key)
    transport.send(dataset("d1"), time.monotonic() + LONG)
    transport.close()
    with closing(
        HttpTransport("http://localhost", transport=LocalTransport(Store(":memory:")))
    ) as local:
        assert local.send(dataset("d1"), time.monotonic() + LONG).status == 404

    assert caplog.records == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_without_a_free_descriptor_is_not_sent_and_the_next_one_is(
    loopback, wire, scheme
):
    server = loopback(wire.answering(wire.message(b"{}")))
    code = f"""
        import os, resource, time
        from respan_langchain.client.endpoints import dataset
        from respan_langchain.client.http.transport import HttpTransport

        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        def send(url):
            transport = HttpTransport(url, "sk-5ecret-0f-th1s")
            return transport, transport.send(dataset("d1"), time.monotonic() + {LONG})
        taken = []
        try:
            while True:
                taken.append(os.dup(0))
        except OSError:
            pass
        transport, result = send({server.url!r}.replace("http:", "{scheme}:"))
        assert (result.status, result.maybe_sent) == (None, False), result
        for descriptor in taken:
            os.close(descriptor)
        assert send({server.url!r})[1].status == 200
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)

    assert len(server.requests) == 1


@pytest.mark.parametrize("value", [HttpTransport, AsyncHttpTransport, DatasetClient])
def test_objects_with_a_key_do_not_show_it_and_cannot_be_pickled(value, wire):
    holder = value(api_key=wire.key, base_url="https://api.respan.ai")

    assert wire.key not in repr(holder) + str(vars(holder))
    assert all(
        wire.key not in str(vars(part))
        for part in vars(holder).values()
        if hasattr(part, "__dict__")
    )
    with pytest.raises(TypeError, match="holds an API key"):
        pickle.dumps(holder)


def test_no_http_library_is_imported_before_the_first_request():
    code = """
        import sys
        import respan_langchain, respan_langchain.client.client
        client = respan_langchain.client.client.DatasetClient("sk-5ecret-0f-th1s")
        assert not {"httpx", "httpcore", "anyio"} & sys.modules.keys()
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_debug_logging_shows_no_content(send, loopback, wire, caplog):
    server = loopback(wire.answering(wire.message(b'{"detail": "PROMPT"}', "400 Bad")))
    caplog.set_level(logging.DEBUG)

    send(server.url, create_log("d1", {"input": "PROMPT"}))

    assert "PROMPT" not in caplog.text
