"""The platform on a port: Starlette and uvicorn, from the extra `local`.

Translates between ASGI and the values of messages.py, and nothing else: the API answers in app.py,
the page for people in pages/.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from respan_langchain.embedded.access import Rules
from respan_langchain.embedded.app import respond
from respan_langchain.embedded.http import RefusedError, Request, Response, refusal
from respan_langchain.embedded.store.store import Store, store_at
from respan_langchain.errors import ConfigurationError, MissingExtraError
from respan_langchain.server.bind import Door
from respan_langchain.server.routes import Site
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

GRACE = 3
"""Seconds that open requests have when the server is told to stop."""


def serve(url: str, door: Door | None = None, rules: Rules | None = None) -> None:
    """Serve a store until interrupted.

    Args:
        url: As for `store_at`.
        door: Where, and to whom; port 8000 of this machine by default.
        rules: What is allowed; the bearer key is the door's.

    Raises:
        ConfigurationError: The store cannot be opened, or the port cannot be had.
    """
    store, door = store_at(url), door or Door()
    with _listening(door) as listener:
        _server(store, door, rules).run([listener])
    store.close()


@contextmanager
def serving(store: Store, door: Door | None = None, rules: Rules | None = None) -> Iterator[str]:
    """Serve a store beside the block, on any free port by default; yields the address."""
    door = door or Door(port=0)
    with _listening(door) as listener:
        server = _server(store, door, rules)
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
    door: Door
    rules: Rules
    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = WebRequest(scope, receive)
        try:
            request = await _read(asked, self.rules.max_body)
            response = await run_in_threadpool(self._answer_to, request)
        except RefusedError as refused:
            response = refusal(refused)
        except ClientDisconnect:
            return
        await _written(response)(scope, receive, send)

    def _answer_to(self, request: Request) -> Response:
        if not self.door.admits(request.headers.get("host", "")):
            return refusal(RefusedError(403, "This host name is not served here."))
        if request.path.startswith("/api/"):
            rules = replace(self.rules, bearer_required=True, key=self.door.key)
            return respond(request, self.store, rules)
        return self.site.visit(request)


async def _read(asked: WebRequest, max_body: int) -> Request:
    body = bytearray()
    async for chunk in asked.stream():
        body += chunk
        if len(body) > max_body:
            raise RefusedError(413, f"The body is larger than {max_body} bytes.")
    raw: bytes = asked.scope.get("raw_path", b"") or asked.url.path.encode()
    return Request(
        asked.method,
        raw.partition(b"?")[0].decode("latin-1"),
        asked.url.query,
        dict(asked.headers),
        bytes(body),
        f"{asked.url.scheme}://{asked.headers.get('host', '')}",
    )


def _written(response: Response) -> WebResponse:
    headers = dict(response.headers)
    if response.chunks is not None:
        return StreamingResponse(response.chunks, response.status, headers)
    return WebResponse(response.body, response.status, headers)


@contextmanager
def _listening(door: Door) -> Iterator[socket.socket]:
    # Bound before the server starts, so that who knows the port can connect at once.
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        listener = socket.create_server((door.host, door.port), family=family)
    except OSError as error:
        raise ConfigurationError(f"{door.host}:{door.port} cannot be had: {error}") from error
    with listener:
        yield listener


def _server(store: Store, door: Door, rules: Rules | None) -> uvicorn.Server:
    site = Site(store, Sessions(door.key))
    application = Application(store, door, rules or Rules(), site)
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    )
