"""Connection pools for one platform, as httpx transports.

A loopback host is contacted directly, never through a proxy. The synchronous pool differs from
`httpx.HTTPTransport` in one more point: it gives httpcore a network backend with deadlines.
"""

import ssl
from collections.abc import Iterator
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from respan_langchain.client.http.network import DeadlineBackend
from respan_langchain.client.urls import is_loopback

KEEPALIVE_EXPIRY: Final = 5.0
"""Seconds that an idle connection is kept: less than servers do, so that it is open when used."""
MAX_CONNECTIONS: Final = 100
"""Connections that one client opens at most; httpx's own default."""


class PoolTransport(httpx.BaseTransport):
    """Sends requests to one platform through a connection pool."""

    def __init__(self, base_url: str) -> None:
        url = httpx.URL(base_url)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(url),
            proxy=_to_httpcore_proxy(_find_proxy(url)),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_EXPIRY,
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
