"""httpx transports over the platform: no port, no process, the same client.

The only place of this room that knows httpx. Time-outs do not apply: nothing here waits for a
network, and a transaction that was begun is finished. A store that fails is a platform that could
not be reached: nothing was changed.
"""

import sqlite3

import httpx
from anyio import to_thread

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.app import DEFAULT_POLICY, handle
from respan_langchain.embedded.http import Request
from respan_langchain.embedded.store.migrate import describe_error
from respan_langchain.embedded.store.store import Store


class LocalTransport(httpx.BaseTransport):
    """Carries a synchronous client's requests to a store in this process."""

    def __init__(self, store: Store, rules: AccessPolicy = DEFAULT_POLICY) -> None:
        self._store = store
        self._rules = rules

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one request."""
        return _handle(request, request.read(), self._store, self._rules)


class AsyncLocalTransport(httpx.AsyncBaseTransport):
    """Carries an asynchronous client's requests to a store, on a thread beside the event loop."""

    def __init__(self, store: Store, rules: AccessPolicy = DEFAULT_POLICY) -> None:
        self._store = store
        self._rules = rules

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one request."""
        body = await request.aread()
        return await to_thread.run_sync(_handle, request, body, self._store, self._rules)


def _handle(
    request: httpx.Request, body: bytes, store: Store, rules: AccessPolicy
) -> httpx.Response:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    asked = Request(
        request.method,
        path,
        query,
        dict(request.headers),
        body,
        f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
    )
    try:
        said = handle(asked, store, rules)
    except sqlite3.Error as error:
        # In one process a reason can be told that no status has room for.
        raise httpx.ConnectError(
            f"{store.path}: {describe_error(error)}", request=request
        ) from error
    return httpx.Response(
        said.status, headers=dict(said.headers), content=said.body, request=request
    )
