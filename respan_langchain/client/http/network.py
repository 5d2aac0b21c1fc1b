"""A network backend for httpcore that enforces deadlines, and what stands for an event loop.

httpcore takes a backend as its public argument `network_backend`; `connection_pool.py` passes it.
"""

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
from anyio.lowlevel import RunVar

from respan_langchain.client.http.deadline import remaining_time

WRITE_CHUNK = 65_536
"""Bytes per write; the deadline is checked between two, so that a slow reader cannot outlast it."""

_loop_token: RunVar[object] = RunVar("respan_langchain_loop")


def current_loop_token() -> object:
    """Return an object that stands for the running event loop; each loop has its own."""
    try:
        return _loop_token.get()
    except LookupError:
        token = object()
        _loop_token.set(token)
        return token


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose every wait ends by the deadline of the current request."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> "DeadlineStream":
        """Connect; `timeout` is shared by all addresses of the host, which are tried in turn."""
        share = remaining_time(timeout) / _count_addresses(host, port)
        return DeadlineStream(
            self._inner.connect_tcp(host, port, share, local_address, socket_options)
        )


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait ends by the deadline of the current request."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has arrived."""
        return self._inner.read(max_bytes, remaining_time(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes."""
        for start in range(0, len(buffer), WRITE_CHUNK):
            self._inner.write(buffer[start : start + WRITE_CHUNK], remaining_time(timeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "DeadlineStream":
        """Perform the TLS handshake."""
        try:
            remaining = remaining_time(timeout)
        except TimeoutError:
            self._inner.close()  # httpcore closes after a failed handshake, and none was begun
            raise
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, remaining))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself, such as its socket."""
        return self._inner.get_extra_info(info)


def _count_addresses(host: str, port: int) -> int:
    try:
        return len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return 1  # connecting fails in the same way, and reports it
