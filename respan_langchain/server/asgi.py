"""The ASGI server: the dataset API and the web pages on a port. Needs the `local` extra.

Translates between ASGI and the values of `embedded/http.py`. The host name and the key are checked
before a body is read, so that strangers cannot fill the memory.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from respan_langchain.embedded.access import AccessPolicy, check_key
from respan_langchain.embedded.http import HttpError, Request, Response, error_response
from respan_langchain.embedded.routes import respond
from respan_langchain.embedded.store.store import Store
from respan_langchain.errors import ConfigurationError, MissingExtraError
from respan_langchain.server.bind import BindConfig
from respan_langchain.server.indexer import indexing

try:
    import uvicorn
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect
    from starlette.requests import Request as AsgiRequest
    from starlette.responses import Response as AsgiResponse
    from starlette.responses import StreamingResponse
    from starlette.types import Receive, Scope, Send

    from respan_langchain.server.connection_limits import ConnectionLimits, build_protocol
    from respan_langchain.server.routes import WebPages
    from respan_langchain.server.session import Sessions
except ImportError as error:
    raise MissingExtraError(
        "Serving needs Starlette and uvicorn: pip install 'respan-langchain[local]'"
    ) from error

SHUTDOWN_TIMEOUT = 3
"""Seconds that open requests have to end when the server stops."""


@contextmanager
def serving(
    store: Store,
    config: BindConfig | None = None,
    policy: AccessPolicy | None = None,
    limits: ConnectionLimits | None = None,
) -> Iterator[str]:
    """Serve a store on a thread while the block runs; yields the address.

    By default on any free port of loopback. The API key comes from `config`, not from `policy`.

    Raises:
        ConfigurationError: The port is not free, or the address is not of this machine.
    """
    config, limits = config or BindConfig(port=0), limits or ConnectionLimits()
    api_policy = replace(policy or AccessPolicy(), require_bearer=True, api_key=config.api_key)
    pages = WebPages(store, Sessions(config.api_key))
    application = Application(store, config, api_policy, pages, limits)
    with _listen(config) as listener, indexing(store):
        server = _build_server(application)
        thread = threading.Thread(target=server.run, args=([listener],), name="respan-serve")
        thread.start()
        try:
            yield _local_address(*listener.getsockname()[:2])
        finally:
            server.should_exit = True
            thread.join()


def _local_address(host: str, port: int) -> str:
    """Return the URL by which this machine reaches an address that the server listens on."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # not to listen on
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application."""

    store: Store
    config: BindConfig
    policy: AccessPolicy
    pages: WebPages
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asgi_request = AsgiRequest(scope, receive)
        try:
            response = await self._respond(asgi_request)
        except ClientDisconnect:
            return
        await _to_asgi(response)(scope, receive, send)

    async def _respond(self, asgi_request: AsgiRequest) -> Response:
        head = _read_head(asgi_request, self.config)
        try:
            max_body_bytes = self._check_head(head)
        except HttpError as error:
            await self._discard_body(asgi_request)
            return self._error_response(head, error)
        try:
            body = await self._read_body(asgi_request, max_body_bytes)
        except HttpError as error:
            return self._error_response(head, error)
        return await run_in_threadpool(self._handle, replace(head, body=body))

    def _check_head(self, head: Request) -> int:
        """Check a request without its body; return how many bytes the body may have."""
        if not self.config.allows_host(head.headers.get("host", "")):
            raise HttpError(403, "This host name is not served here.")
        if _is_api(head):
            check_key(head, self.policy)
            return self.policy.max_body_bytes
        return self.pages.check_head(head)

    async def _read_body(self, asgi_request: AsgiRequest, max_body_bytes: int) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_timeout):
                async for chunk in asgi_request.stream():
                    body += chunk
                    if len(body) > max_body_bytes:
                        raise HttpError(413, f"The body is larger than {max_body_bytes} bytes.")
        except TimeoutError:
            raise HttpError(408, "The body did not arrive in time.") from None
        return bytes(body)

    async def _discard_body(self, asgi_request: AsgiRequest) -> None:
        # A client that is still sending sees a reset connection in place of an early response.
        try:
            async with asyncio.timeout(self.limits.discard_timeout):
                async for _ in asgi_request.stream():
                    pass
        except TimeoutError:
            pass

    def _handle(self, request: Request) -> Response:
        if _is_api(request):
            return respond(request, self.store, self.policy)
        return self.pages.respond(request)

    def _error_response(self, head: Request, error: HttpError) -> Response:
        return error_response(error) if _is_api(head) else self.pages.error_page(error)


def _is_api(request: Request) -> bool:
    return request.path.startswith("/api/")


def _read_head(asgi_request: AsgiRequest, config: BindConfig) -> Request:
    raw: bytes = asgi_request.scope.get("raw_path", b"") or asgi_request.url.path.encode()
    return Request(
        asgi_request.method,
        raw.partition(b"?")[0].decode("latin-1"),
        asgi_request.url.query,
        dict(asgi_request.headers),
        origin=f"{asgi_request.url.scheme}://{_public_host(asgi_request, config)}",
        client=asgi_request.client.host if asgi_request.client is not None else "",
    )


def _public_host(asgi_request: AsgiRequest, config: BindConfig) -> str:
    """Return the host for links: that of the request if it is known, else this address."""
    host_header = asgi_request.headers.get("host", "")
    if config.knows_host(host_header):
        return host_header
    host, port = asgi_request.scope["server"]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _to_asgi(response: Response) -> AsgiResponse:
    headers = dict(response.headers)
    if response.chunks is not None:
        return StreamingResponse(response.chunks, response.status, headers)
    return AsgiResponse(response.body, response.status, headers)


def _listen(config: BindConfig) -> socket.socket:
    # Bound before the server starts, so that a client that knows the port can connect at once.
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigurationError(
            f"Cannot listen on {config.host}:{config.port}: {reason}."
        ) from error


def _build_server(application: Application) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=build_protocol(application.limits),
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        )
    )
