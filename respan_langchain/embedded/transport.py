"""An httpx transport over a store in this process: the same client without a network.

Timeouts do not apply: nothing waits for a network, and a transaction that was begun is finished.
An SQLite error becomes `httpx.ConnectError`, since nothing was changed.
"""

import sqlite3

import httpx

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.http import Request
from respan_langchain.embedded.routes import DEFAULT_POLICY, handle
from respan_langchain.embedded.store.errors import describe_error
from respan_langchain.embedded.store.store import Store


class LocalTransport(httpx.BaseTransport):
    """Handles a synchronous client's requests with a store in this process."""

    def __init__(self, store: Store, policy: AccessPolicy = DEFAULT_POLICY) -> None:
        self._store = store
        self._policy = policy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Handle one request."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        headers, body = dict(request.headers), request.read()
        translated = Request(request.method, path, query, headers, body, origin)
        try:
            response = handle(translated, self._store, self._policy)
        except sqlite3.Error as error:
            # The reason that SQLite gives fits into an exception, but not into a status.
            reason = f"{self._store.path}: {describe_error(error)}"
            raise httpx.ConnectError(reason, request=request) from error
        return httpx.Response(
            response.status, headers=dict(response.headers), content=response.body, request=request
        )
