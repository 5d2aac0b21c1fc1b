"""httpx transports of our own: an httpcore connection pool with deadlines, proxies and TLS.

They differ from `httpx.HTTPTransport` in two points: they give httpcore a network backend of their
own, and they always contact a loopback host directly, never through a proxy.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from respan_langchain.client.http.network import AsyncCleanupBackend, DeadlineBackend
from respan_langchain.client.urls import is_loopback

KEEPALIVE_EXPIRY: Final = 5.0
"""Seconds that an idle connection is kept: less than servers do, so that it is open when used."""
MAX_CONNECTIONS: Final = 100
"""Connections that one client opens at most; httpx's own default."""


class PoolTransport(httpx.BaseTransport):
    """Sends requests to one platform through a connection pool."""

    def __init__(self, base_url: str) -> None:
        self._pool = httpcore.ConnectionPool(
            **_pool_options(httpx.URL(base_url)),
            network_backend=DeadlineBackend(httpcore.SyncBackend()),
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


class AsyncPoolTransport(httpx.AsyncBaseTransport):
    """Sends requests to one platform through a connection pool; belongs to one event loop."""

    def __init__(self, base_url: str) -> None:
        # Any: httpcore declares a placeholder of the same name for when anyio is not installed.
        backend: Any = httpcore.AnyIOBackend()
        self._pool = httpcore.AsyncConnectionPool(
            **_pool_options(httpx.URL(base_url)), network_backend=AsyncCleanupBackend(backend)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the response's headers."""
        response = await self._pool.handle_async_request(_to_httpcore(request))
        return httpx.Response(
            response.status, headers=response.headers, stream=_AsyncPoolStream(response)
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _AsyncPoolStream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


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


def _pool_options(url: httpx.URL) -> dict[str, Any]:
    return {
        "ssl_context": _ssl_context(url),
        "proxy": _find_proxy(url),
        "max_connections": MAX_CONNECTIONS,
        "keepalive_expiry": KEEPALIVE_EXPIRY,
    }


def _find_proxy(url: httpx.URL) -> httpcore.Proxy | None:
    """Return the proxy that the environment or the system names for a platform."""
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address:
        return None
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth, ssl_context=_ssl_context(proxy.url))


def _ssl_context(url: httpx.URL) -> ssl.SSLContext | None:
    """Trust what httpx trusts: certifi's authorities, or those of SSL_CERT_FILE, SSL_CERT_DIR."""
    return httpx.create_ssl_context() if url.scheme == "https" else None
