"""The platform on a port: Starlette and uvicorn, from the extra `local`.

Translates between ASGI and the values of messages.py, and nothing else: the API answers in app.py,
the page for people in pages/.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.app import respond
from respan_langchain.embedded.http import HttpError, Request, Response, error_response
from respan_langchain.embedded.store.store import Store, open_store
from respan_langchain.errors import ConfigurationError, MissingExtraError
from respan_langchain.server.bind import BindConfig
from respan_langchain.server.routes import WebPages
from respan_langchain.server.session import Sessions

try:
    import uvicorn
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect
    from starlette.requests import Request as WebRequest
    from starlette.responses import Response as WebResponse
    from starlette.responses import StreamingResponse
    from starlette.types import Receive, Scope, Send
except ImportError as error:
    raise MissingExtraError(
        "Serving needs Starlette and uvicorn: pip install 'respan-langchain[local]'"
    ) from error

SHUTDOWN_TIMEOUT = 3
"""Seconds that open requests have when the server is told to stop."""


def serve(url: str, config: BindConfig | None = None, policy: AccessPolicy | None = None) -> None:
    """Serve a store until interrupted.

    Args:
        url: As for `open_store`.
        config: Address, port, key and host names; port 8000 on loopback by default.
        policy: Limits of requests; the API key comes from `config`.

    Raises:
        ConfigurationError: The store cannot be opened, or the port cannot be had.
    """
    store, config = open_store(url), config or BindConfig()
    with _listen(config) as listener:
        _build_server(store, config, policy).run([listener])
    store.close()


@contextmanager
def serving(
    store: Store, config: BindConfig | None = None, policy: AccessPolicy | None = None
) -> Iterator[str]:
    """Serve a store beside the block, on any free port by default; yields the address."""
    config = config or BindConfig(port=0)
    with _listen(config) as listener:
        server = _build_server(store, config, policy)
        thread = threading.Thread(target=server.run, args=([listener],), name="respan-serve")
        thread.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname()[:2])
        finally:
            server.should_exit = True
            thread.join()


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application."""

    store: Store
    config: BindConfig
    policy: AccessPolicy
    site: WebPages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = WebRequest(scope, receive)
        try:
            request = await _read_request(asked, self.policy.max_body_bytes)
            response = await run_in_threadpool(self._respond, request)
        except HttpError as refused:
            response = error_response(refused)
        except ClientDisconnect:
            return
        await _to_starlette(response)(scope, receive, send)

    def _respond(self, request: Request) -> Response:
        if not self.config.allows_host(request.headers.get("host", "")):
            return error_response(HttpError(403, "This host name is not served here."))
        if request.path.startswith("/api/"):
            rules = replace(self.policy, require_bearer=True, api_key=self.config.api_key)
            return respond(request, self.store, rules)
        return self.site.respond(request)


async def _read_request(request: WebRequest, max_body_bytes: int) -> Request:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_body_bytes:
            raise HttpError(413, f"The body is larger than {max_body_bytes} bytes.")
    raw: bytes = request.scope.get("raw_path", b"") or request.url.path.encode()
    return Request(
        request.method,
        raw.partition(b"?")[0].decode("latin-1"),
        request.url.query,
        dict(request.headers),
        bytes(body),
        f"{request.url.scheme}://{request.headers.get('host', '')}",
    )


def _to_starlette(response: Response) -> WebResponse:
    headers = dict(response.headers)
    if response.chunks is not None:
        return StreamingResponse(response.chunks, response.status, headers)
    return WebResponse(response.body, response.status, headers)


@contextmanager
def _listen(config: BindConfig) -> Iterator[socket.socket]:
    # Bound before the server starts, so that who knows the port can connect at once.
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        listener = socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise ConfigurationError(f"{config.host}:{config.port} cannot be had: {error}") from error
    with listener:
        yield listener


def _build_server(store: Store, config: BindConfig, policy: AccessPolicy | None) -> uvicorn.Server:
    site = WebPages(store, Sessions(config.api_key))
    application = Application(store, config, policy or AccessPolicy(), site)
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        )
    )
