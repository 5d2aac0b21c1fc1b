"""A server of raw bytes on this machine, and a function that sends one request to it."""

import asyncio
import contextlib
import importlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from respan_langchain.client.endpoints import dataset
from respan_langchain.client.http.transport import AsyncHttpTransport, HttpTransport

KEY = "sk-5ecret-0f-th1s-0rganization"
AGES = 60.0
"""Seconds; more than any test takes."""

Script = Callable[["Connection"], None]


class Connection:
    """One connection as its server sees it."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over

    def read_request(self) -> bytes:
        """Read headers and body; empty when the client has closed the connection."""
        received = b""
        while b"\r\n\r\n" not in received:
            part = self.sock.recv(65_536)
            if not part:
                return b""
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        parts = [head, b"\r\n\r\n", body]
        missing = length - len(body)
        while missing > 0 and (part := self.sock.recv(min(missing, 1_000_000))):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def drip(self, parts) -> None:
        """Send one part now and then, until the test is over."""
        for part in parts:
            if self.over.wait(0.02):
                return
            self.sock.sendall(part)

    def hang(self) -> None:
        self.over.wait(AGES)

    def reset(self) -> None:
        """Close by a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Loopback:
    """Serves each connection with the next script, and further ones with the last."""

    def __init__(self, scripts: list[Script], context: ssl.SSLContext | None = None) -> None:
        self.scripts = scripts
        self.context = context
        self.requests: list[bytes] = []
        self.sockets: list[socket.socket] = []
        self.connections = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://localhost:{self.port}"
        self.threads = [threading.Thread(target=self.listen, daemon=True)]
        self.threads[0].start()

    def listen(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            self.sockets.append(sock)
            thread = threading.Thread(target=self.serve, args=(sock, script), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, sock: socket.socket, script: Script) -> None:
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            connection = Connection(sock, self.over)
            connection.requests = self.requests
            script(connection)
        except OSError:
            pass
        finally:
            sock.close()

    def close(self) -> None:
        self.over.set()
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        # A listener that is closed does not wake the thread that accepts from it.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in list(self.threads):
            thread.join(AGES)


@pytest.fixture
def loopback():
    """Start a server: `loopback(script, ...)`."""
    servers = []

    def start(*scripts: Script, context: ssl.SSLContext | None = None) -> Loopback:
        servers.append(Loopback(list(scripts), context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answering(raw: bytes) -> Script:
    """Answer every request on a connection with these bytes."""

    def script(connection: Connection) -> None:
        while request := connection.read_request():
            connection.requests.append(request)
            connection.send(raw)

    return script


def message(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a complete response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def wire():
    """Return what scripts and tests share."""
    return SimpleNamespace(answering=answering, message=message, key=KEY)


@pytest.fixture(params=["httpx", "httpx2"])
def library(request):
    return importlib.import_module(request.param)


@pytest.fixture(params=[HttpTransport, AsyncHttpTransport], ids=["sync", "async"])
def kind(request):
    return request.param


@pytest.fixture
def send(kind, caplog):
    """Send one request and return its result; neither logs nor reprs may contain the key."""
    caplog.set_level("DEBUG")

    def send_once(
        url, request=None, *, within=AGES, content=None, api_key=KEY, client=None, **settings
    ):
        async def run():
            injected = None if client is None else client()
            transport = kind(url, api_key, http_client=injected, **settings)
            try:
                sending = transport.send(
                    request or dataset("d1"), time.monotonic() + within, content
                )
                result = await sending if kind is AsyncHttpTransport else sending
            finally:
                closing = transport.close()
                await closing if kind is AsyncHttpTransport else None
            if injected is not None:
                assert not injected.is_closed
                await injected.aclose() if kind is AsyncHttpTransport else injected.close()
            assert KEY not in repr(result) + repr(transport) + caplog.text
            return result

        return asyncio.run(run())

    return send_once
