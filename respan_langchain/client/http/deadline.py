"""One deadline for a whole request: every wait of a socket is cut to the time that is left.

httpx's timeouts are per operation, so that a server which sends a byte now and then holds a
request for ever. All waiting happens in the network backend of its connection pool; the one here
stands in front of that and asks how long the request of this thread may still take. It knows
httpcore by shape only, so that it serves httpcore2 as well.
"""

import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

WRITE_CHUNK = 65_536
"""Bytes written at once: a peer that takes them one by one is noticed between two slices."""

_deadline: ContextVar[float] = ContextVar("respan_langchain_deadline", default=math.inf)


@contextmanager
def request_deadline(deadline: float) -> Iterator[None]:
    """Let nothing that a clipped client does in here last beyond this, by the monotonic clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(timeout: float | None) -> float:
    """Seconds that may be waited now; raises TimeoutError when there are none."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left if timeout is None else min(timeout, left)


class DeadlineBackend:
    """A network backend whose connections must be there before the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **more: Any
    ) -> "DeadlineStream":
        """Connect in time; each address of the host would get the whole timeout otherwise."""
        left = remaining(timeout) / _count_addresses(host, port)
        return DeadlineStream(self._inner.connect_tcp(host, port, timeout=left, **more))


class DeadlineStream:
    """A connection whose every wait is cut to the time that is left."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, in time."""
        received: bytes = self._inner.read(max_bytes, remaining(timeout))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it, in time."""
        view = memoryview(buffer)
        for start in range(0, len(view), WRITE_CHUNK):
            self._inner.write(view[start : start + WRITE_CHUNK], remaining(timeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "DeadlineStream":
        """Agree on TLS, in time."""
        try:
            left = remaining(timeout)
        except TimeoutError:
            self._inner.close()  # as a failed handshake does; nobody else would
            raise
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left))


def _count_addresses(host: str, port: int) -> int:
    try:
        return len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError:
        return 1  # the connection will fail in the same way, and say so
