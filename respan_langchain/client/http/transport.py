"""One request, one answer: the door to the network.

Raises nothing for what happens on the way: whatever became of the request is an `Answer`. Decides
nothing either, and never tries again. Works with httpx and with httpx2, its continuation, by their
common shape; the import waits for the first request, since it takes a while.
"""

import contextlib
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pydantic import SecretStr

from respan_langchain._http_result import HttpResult
from respan_langchain.client.http.client_cache import ClientCache, clock_offset
from respan_langchain.client.http.codec import HttpCodec, suppress_instrumentation
from respan_langchain.client.http.deadline import DeadlineBackend, request_deadline
from respan_langchain.client.http.request_trace import BodyReader, RequestTrace
from respan_langchain.client.requests import ApiRequest
from respan_langchain.client.urls import normalize_base_url, validate_api_key

MAX_RESPONSE_BYTES = 1024 * 1024
"""Bytes of an answer that are read unless told otherwise."""
KEEPALIVE_EXPIRY = 5.0
"""Seconds that an idle connection is kept: less than servers do, so that it is alive when used."""


class _HttpTransportBase(ABC):
    """What both exchanges have in common: everything but the waiting."""

    def __init__(
        self,
        base_url: str,
        api_key: str | SecretStr | None = None,
        *,
        http_client: Any = None,
        transport: Any = None,
        library: ModuleType | None = None,
        allow_http: bool = False,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        clock_offset: Callable[[], float] = clock_offset,
    ) -> None:
        """Agree on where to send and with which client.

        Args:
            base_url: The platform, with or without `/api`.
            api_key: Sent as a bearer token; None sends none.
            http_client: A client of httpx or httpx2 to use; it stays the caller's to close. Its
                own transport limits what a deadline can do: it holds between two parts of an
                answer, not while the headers trickle in.
            transport: A transport for a client of our own, such as the embedded platform's.
            library: httpx or httpx2, for a client of our own; httpx unless told otherwise.
            allow_http: Send the key without encryption to another machine.
            max_response_bytes: Bytes of an answer that are read.
            clock_offset: Seconds from the monotonic clock to the one on the wall.
        """
        key = validate_api_key(api_key)
        self.root = normalize_base_url(
            base_url, with_key=key is not None and transport is None, allow_http=allow_http
        )
        self._codec = HttpCodec(self.root, key)
        self.max_response_bytes = max_response_bytes
        self.closed = False
        self._library = library
        self._transport = transport
        self._injected_client = http_client
        self._clients: ClientCache[Any] = ClientCache(
            self._new_client, clock_offset=clock_offset, loop=self._loop_token
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @abstractmethod
    def _new_client(self) -> Any:
        """Make a client of our own."""

    def _loop_token(self) -> object:
        return None

    def _is_closed(self) -> bool:
        return self.closed or getattr(self._injected_client, "is_closed", False)

    def _httpx(self) -> ModuleType:
        if self._library is None:
            import httpx

            self._library = httpx
        return self._library

    def _client_settings(self) -> dict[str, Any]:
        limits = self._httpx().Limits(keepalive_expiry=KEEPALIVE_EXPIRY)
        return {"transport": self._transport, "limits": limits, "follow_redirects": False}


class HttpTransport(_HttpTransportBase):
    """Sends one request at a time from each thread that calls it."""

    def send(
        self,
        request: ApiRequest[Any],
        deadline: float,
        content: bytes | None = None,
        max_response_bytes: int | None = None,
    ) -> HttpResult:
        """Carry out a call once.

        Args:
            request: What to send; `content` takes the place of its body when given.
            deadline: The moment of the monotonic clock by which the last byte must be here.
            content: The body, already written.
            max_response_bytes: Bytes of the answer that are read, this time.
        """
        left = deadline - time.monotonic()
        if self._is_closed() or left <= 0:
            return _not_sent(closed=self._is_closed())
        content = request.encode_body() if content is None else content
        trace = RequestTrace(last_event="send_request_body.complete")
        body = BodyReader(
            self.max_response_bytes if max_response_bytes is None else max_response_bytes
        )
        try:
            with request_deadline(deadline), suppress_instrumentation():
                arguments = self._codec.build_request(request, content, left)
                extensions = {"trace": trace}
                with self._current_client().stream(**arguments, extensions=extensions) as response:
                    unpacked = response.is_stream_consumed
                    for part in response.iter_bytes() if unpacked else response.iter_raw():
                        _check_deadline(deadline)
                        if not body.add(part):
                            break
                    return self._codec.read_response(response, body, unpacked=unpacked)
        except _http_errors() as error:
            return self._codec.read_failure(error, trace, late=_is_late(error, deadline))

    def close(self) -> None:
        """Close what was opened here; an injected client stays open."""
        self.closed = True
        for client in self._clients.take_all():
            client.close()

    def _current_client(self) -> Any:
        if self._injected_client is not None:
            return self._injected_client
        client, outdated = self._clients.current()
        for old in outdated:
            old.close()
        return client

    def _new_client(self) -> Any:
        return _wrap_network_backend(
            DeadlineBackend, self._httpx().Client(**self._client_settings())
        )


class AsyncHttpTransport(_HttpTransportBase):
    """The same without blocking: the event loop's own cancellation holds the deadline."""

    async def send(
        self,
        request: ApiRequest[Any],
        deadline: float,
        content: bytes | None = None,
        max_response_bytes: int | None = None,
    ) -> HttpResult:
        """Carry out a call once; the arguments are those of `HttpTransport.send`."""
        left = deadline - time.monotonic()
        if self._is_closed() or left <= 0:
            return _not_sent(closed=self._is_closed())
        import anyio

        # What was begun may go on leaving after a cancellation, so it counts as sent.
        content = request.encode_body() if content is None else content
        trace = RequestTrace(last_event="send_request_body.started")
        body = BodyReader(
            self.max_response_bytes if max_response_bytes is None else max_response_bytes
        )
        try:
            with anyio.fail_after(left), suppress_instrumentation():
                arguments = self._codec.build_request(request, content, left)
                extensions = {"trace": trace.on_event_async}
                client = await self._current_client()
                async with client.stream(**arguments, extensions=extensions) as response:
                    unpacked = response.is_stream_consumed
                    async for part in response.aiter_bytes() if unpacked else response.aiter_raw():
                        if not body.add(part):
                            break
                    return self._codec.read_response(response, body, unpacked=unpacked)
        except _http_errors() as error:
            return self._codec.read_failure(error, trace, late=_is_late(error, deadline))

    async def close(self) -> None:
        """Close what was opened here; an injected client stays open."""
        self.closed = True
        for client in self._clients.take_all():
            await _close_client(client)

    async def _current_client(self) -> Any:
        if self._injected_client is not None:
            return self._injected_client
        client, outdated = self._clients.current()
        for old in outdated:
            await _close_client(old)
        return client

    def _loop_token(self) -> object:
        from respan_langchain.client.http.async_cleanup import current_loop_token

        return current_loop_token()

    def _new_client(self) -> Any:
        from respan_langchain.client.http.async_cleanup import AsyncCleanupBackend

        return _wrap_network_backend(
            AsyncCleanupBackend, self._httpx().AsyncClient(**self._client_settings())
        )


def _wrap_network_backend(backend: Callable[[Any], Any], client: Any) -> Any:
    """Put a network backend in front of every connection pool of a client that we made.

    httpx has no public way to hand its transports one, though httpcore takes one; `tests/api` holds
    that this works. A transport without a pool, such as the embedded platform's, is left as it is.
    """
    for transport in [client._transport, *client._mounts.values()]:  # noqa: SLF001  # as said above
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = backend(pool._network_backend)  # noqa: SLF001  # as said above
    return client


async def _close_client(client: Any) -> None:
    # The event loop that its connections belong to may have ended before them.
    with contextlib.suppress(*_http_errors()):
        await client.aclose()


def _not_sent(*, closed: bool) -> HttpResult:
    problem = "the client is closed" if closed else "no time was left to ask"
    return HttpResult(status=None, error=problem, maybe_sent=False, timed_out=not closed)


def _is_late(error: Exception, deadline: float) -> bool:
    return type(error) is TimeoutError or time.monotonic() >= deadline


def _check_deadline(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise TimeoutError


def _http_errors() -> tuple[type[Exception], ...]:
    """What can go wrong on the way: the errors of httpx and httpx2 are strangers to each other."""
    loaded = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    theirs = [kind for library in loaded for kind in (library.HTTPError, library.InvalidURL)]
    # RuntimeError: a stream or a client that was closed meanwhile. ValueError: a host that is no
    # text for DNS.
    return (*theirs, OSError, RuntimeError, ValueError)
