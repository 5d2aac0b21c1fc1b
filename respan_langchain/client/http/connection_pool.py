"""Connection pools for one platform, as httpx transports.

A loopback host is contacted directly, never through a proxy. The synchronous pool differs from
`httpx.HTTPTransport` in one more point: it gives httpcore a network backend with deadlines, by its
public argument `network_backend`.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from anyio.lowlevel import RunVar

from respan_langchain.client.http.deadline import remaining_time
from respan_langchain.client.urls import is_loopback

KEEPALIVE_EXPIRY: Final = 5.0
"""Seconds that an idle connection is kept: less than servers do, so that it is open when used."""
MAX_CONNECTIONS: Final = 100
"""Connections that one client opens at most; httpx's own default."""
WRITE_CHUNK: Final = 65_536
"""Bytes per write; the deadline is checked between two, so that a slow reader cannot outlast it."""

_loop_token: RunVar[object] = RunVar("respan_langchain_loop")


class PoolTransport(httpx.BaseTransport):
    """Sends requests to one platform through a connection pool."""

    def __init__(self, base_url: str) -> None:
        url = httpx.URL(base_url)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(url),
            proxy=_to_httpcore_proxy(_find_proxy(url)),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_EXPIRY,
            network_backend=DeadlineBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the response's headers."""
        response = self._pool.handle_request(_to_httpcore(request))
        return httpx.Response(
            response.status, headers=response.headers, stream=_PoolStream(response)
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _PoolStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _to_httpcore(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore.Request(
        request.method,
        url,
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class DeadlineBackend(httpcore.SyncBackend):
    """Opens connections whose every wait ends by the deadline of the current request."""

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
        return DeadlineStream(super().connect_tcp(host, port, share, local_address, socket_options))


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


def current_loop_token() -> object:
    """Return an object that stands for the running event loop; each loop has its own."""
    try:
        return _loop_token.get()
    except LookupError:
        token = object()
        _loop_token.set(token)
        return token


def open_async_pool(base_url: str) -> httpx.AsyncHTTPTransport:
    """Open httpx's own pool for one platform; it belongs to one event loop."""
    url = httpx.URL(base_url)
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_EXPIRY)
    # Without TLS there is nothing to verify, and loading the authorities would take 50 ms.
    verify = _ssl_context(url) or False
    return httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=_find_proxy(url))


def _find_proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the environment or the system names for a platform."""
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address:
        return None
    proxy_url = httpx.URL(address if "://" in address else f"http://{address}")
    return httpx.Proxy(proxy_url, ssl_context=_ssl_context(proxy_url))


def _to_httpcore_proxy(proxy: httpx.Proxy | None) -> httpcore.Proxy | None:
    if proxy is None:
        return None
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth, ssl_context=proxy.ssl_context)


def _ssl_context(url: httpx.URL) -> ssl.SSLContext | None:
    """Trust what httpx trusts: certifi's authorities, or those of SSL_CERT_FILE, SSL_CERT_DIR."""
    return httpx.create_ssl_context() if url.scheme == "https" else None
