"""httpx transports over a store in this process: the same client without a network.

Timeouts do not apply: nothing waits for a network, and a transaction that was begun is finished.
An SQLite error becomes `httpx.ConnectError`, since nothing was changed.
"""

import sqlite3

import httpx

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.app import DEFAULT_POLICY, handle
from respan_langchain.embedded.http import Request
from respan_langchain.embedded.store.migrate import describe_error
from respan_langchain.embedded.store.store import Store


class LocalTransport(httpx.BaseTransport):
    """Handles a synchronous client's requests with a store in this process."""

    def __init__(self, store: Store, policy: AccessPolicy = DEFAULT_POLICY) -> None:
        self._store = store
        self._rules = policy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Handle one request."""
        return _handle(request, request.read(), self._store, self._rules)


def _handle(
    request: httpx.Request, body: bytes, store: Store, policy: AccessPolicy
) -> httpx.Response:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    platform_request = Request(
        request.method,
        path,
        query,
        dict(request.headers),
        body,
        f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
    )
    try:
        response = handle(platform_request, store, policy)
    except sqlite3.Error as error:
        # The reason that SQLite gives fits into an exception, but not into a status.
        raise httpx.ConnectError(
            f"{store.path}: {describe_error(error)}", request=request
        ) from error
    return httpx.Response(
        response.status, headers=dict(response.headers), content=response.body, request=request
    )
