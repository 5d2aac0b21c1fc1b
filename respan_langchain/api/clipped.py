"""One deadline for a whole request: every wait of a socket is cut to the time that is left.

httpx's timeouts are per operation, so that a server which sends a byte now and then holds a
request for ever. All waiting happens in the network backend of its connection pool; the one here
stands in front of that and asks how long the request of this thread may still take. It knows
httpcore by shape only, so that it serves httpcore2 as well.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

SLICE = 16_384
"""Bytes written at once: a peer that takes them one by one is noticed between two slices."""

_deadline: ContextVar[float | None] = ContextVar("respan_langchain_deadline", default=None)


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Let nothing that a clipped client does in here last beyond this, by the monotonic clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def clip(client: Any) -> Any:
    """Put the clip in front of every connection pool of an httpx client that we made.

    httpx has no public way to hand its transports a network backend, though httpcore takes one.
    A transport without a pool is left as it is.
    """
    for transport in [client._transport, *client._mounts.values()]:  # noqa: SLF001  # as said above
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001  # as said above
    return client


def remaining(timeout: float | None = None) -> float | None:
    """Seconds that may be waited now, None without an end.

    Raises TimeoutError when there are none.
    """
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left if timeout is None else min(timeout, left)


class _Backend:
    """A network backend whose connections must be there before the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **more: Any
    ) -> "_Stream":
        left = remaining(timeout)
        if left is not None:
            # Each address of the host gets the whole timeout from the standard library.
            left /= _count_addresses(host, port)
        return _Stream(self._inner.connect_tcp(host, port, timeout=left, **more))


class _Stream:
    """A connection whose every wait is cut to the time that is left."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received: bytes = self._inner.read(max_bytes, remaining(timeout))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), SLICE):
            self._inner.write(view[start : start + SLICE], remaining(timeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Stream":
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, remaining(timeout)))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _count_addresses(host: str, port: int) -> int:
    try:
        return len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError:
        return 1  # the connection will fail in the same way, and say so
