"""Sends one API request and returns one `HttpResult`, synchronously or asynchronously.

Never raises for what happens on the network, decides nothing and never retries. Imports httpx with
the first request, since that import takes long.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import SecretStr

from respan_langchain._clock import CLOCK
from respan_langchain.client.http.client_cache import ClientCache, clock_offset
from respan_langchain.client.http.codec import MAX_CONNECT_TIME, BodyReader, HttpCodec, http_errors
from respan_langchain.client.http.deadline import remaining_time, request_deadline
from respan_langchain.client.http.instrumentation import suppress_instrumentation
from respan_langchain.client.http.request_trace import RequestTrace
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.requests import ApiRequest
from respan_langchain.client.urls import normalize_base_url, validate_api_key

if TYPE_CHECKING:
    import httpx

    from respan_langchain.client.http.connection_pool import PoolTransport

DEFAULT_RESPONSE_BYTES = 1024 * 1024
"""Bytes of a response that are read by default."""
SEND_OPTIONS: dict[str, Any] = {"stream": True, "auth": None, "follow_redirects": False}
"""An injected client may authenticate and follow redirects by default; here it must not."""


class _HttpTransportBase(ABC):
    """What the synchronous and the asynchronous transport share."""

    def __init__(
        self,
        base_url: str,
        api_key: str | SecretStr | None = None,
        *,
        http_client: Any = None,
        transport: Any = None,
        allow_http: bool = False,
        max_response_bytes: int = DEFAULT_RESPONSE_BYTES,
        clock_offset: Callable[[], float] = clock_offset,
    ) -> None:
        """Check the arguments; nothing is opened before the first request.

        Args:
            base_url: The platform, with or without `/api`.
            api_key: Sent as a bearer token; None sends none.
            http_client: A client of httpx or httpx2 to send with; the caller closes it. Its own
                transport limits the deadline, which holds between two parts of a response but not
                while headers arrive slowly.
            transport: An httpx transport to send with, such as the embedded platform's.
            allow_http: Send the key unencrypted to another machine.
            max_response_bytes: Bytes of a response that are read.
            clock_offset: Returns the seconds between the monotonic and the wall clock.

        Raises:
            ConfigurationError: The URL or the key cannot be used.
        """
        key = validate_api_key(api_key)
        with_key = key is not None and transport is None
        self.base_url = normalize_base_url(base_url, with_key=with_key, allow_http=allow_http)
        self._max_response_bytes = max_response_bytes
        self.closed = False
        self._codec = HttpCodec(self.base_url, key)
        # The base URL may be plain HTTP since its host is this machine, so a proxy must not get it.
        self._loopback_only = with_key and not allow_http and self.base_url.startswith("http://")
        self._injected_client = http_client
        self._transport = transport
        self._pools: ClientCache[Any] = ClientCache(
            self._new_pool, clock_offset=clock_offset, loop=self._loop_token
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds an API key and cannot be pickled")

    @abstractmethod
    def _new_pool(self) -> Any:
        """Open a connection pool."""

    def _loop_token(self) -> object:
        return None

    def _refuse(self, deadline: float) -> HttpResult | None:
        """Return the result of a request that must not be sent; None when it may be."""
        if self.closed or getattr(self._injected_client, "is_closed", False):
            return HttpResult(status=None, error="the client is closed", maybe_sent=False)
        if deadline <= CLOCK.monotonic():
            error = "deadline exceeded before the request was sent"
            return HttpResult(status=None, error=error, maybe_sent=False, timed_out=True)
        return None

    def _build(self, request: ApiRequest[Any], content: bytes, trace: Any, deadline: float) -> Any:
        """Build the request, for the injected client if there is one."""
        message = self._codec.build_request(request, content)
        remaining = deadline - CLOCK.monotonic()
        connect = min(MAX_CONNECT_TIME, remaining)
        timeout = {"connect": connect, "read": remaining, "write": remaining, "pool": remaining}
        if self._injected_client is None:
            import httpx

            return httpx.Request(**message, extensions={"trace": trace, "timeout": timeout})
        outgoing = self._injected_client.build_request(
            **message, timeout=tuple(timeout.values()), extensions={"trace": trace}
        )
        outgoing.headers.pop("Cookie", None)  # the app's session is none of the platform's business
        return outgoing


class HttpTransport(_HttpTransportBase):
    """Sends requests synchronously; several threads may use it at once."""

    _pools: "ClientCache[PoolTransport]"
    _transport: "httpx.BaseTransport | None"

    def send(
        self,
        request: ApiRequest[Any],
        deadline: float,
        content: bytes | None = None,
    ) -> HttpResult:
        """Send a request once; its last byte must arrive by `deadline` (monotonic clock).

        `content` is the encoded body, in place of the request's own.
        """
        refused = self._refuse(deadline)
        if refused is not None:
            return refused
        content = request.encode_body() if content is None else content
        # A server that has not received the whole body cannot store any of it.
        trace = RequestTrace("send_request_body.complete", loopback_only=self._loopback_only)
        body = BodyReader(self._max_response_bytes)
        try:
            with request_deadline(deadline), suppress_instrumentation():
                outgoing = self._build(request, content, trace, deadline)
                return self._exchange(outgoing, trace, body)
        except http_errors() as error:
            return self._codec.read_failure(error, trace, late=_is_late(error, deadline))

    def close(self) -> None:
        """Close the connections and a given transport; a given client stays open."""
        self.closed = True
        with suppress_instrumentation():
            for pool in self._pools.take_all():
                pool.close()
        if self._transport is not None:
            self._transport.close()

    def _exchange(self, outgoing: Any, trace: RequestTrace, body: BodyReader) -> HttpResult:
        with contextlib.closing(self._start(outgoing, trace)) as response:
            decoded = response.is_stream_consumed
            for chunk in response.iter_bytes() if decoded else response.iter_raw():
                remaining_time()
                if not body.add(chunk):
                    break
            return self._codec.read_response(response, body, decoded=decoded)

    def _start(self, outgoing: Any, trace: RequestTrace) -> Any:
        """Send the request; return the response with its body still to be read."""
        if self._injected_client is not None:
            trace.start()
            return self._injected_client.send(outgoing, **SEND_OPTIONS)
        transport = self._current_pool() if self._transport is None else self._transport
        trace.start()
        return transport.handle_request(outgoing)

    def _current_pool(self) -> "PoolTransport":
        pool, outdated = self._pools.current()
        for old in outdated:
            old.close()
        return pool

    def _new_pool(self) -> "PoolTransport":
        from respan_langchain.client.http.connection_pool import PoolTransport

        return PoolTransport(self.base_url)


class AsyncHttpTransport(_HttpTransportBase):
    """Sends requests asynchronously; the event loop's cancellation enforces the deadline."""

    _pools: "ClientCache[httpx.AsyncHTTPTransport]"
    _transport: "httpx.AsyncBaseTransport | None"

    async def send(
        self,
        request: ApiRequest[Any],
        deadline: float,
        content: bytes | None = None,
    ) -> HttpResult:
        """Send a request once; the arguments are those of `HttpTransport.send`."""
        refused = self._refuse(deadline)
        if refused is not None:
            return refused
        content = request.encode_body() if content is None else content
        import anyio

        # What was handed to the system may still leave after a cancellation, so it counts as sent.
        trace = RequestTrace("send_request_body.started", loopback_only=self._loopback_only)
        body = BodyReader(self._max_response_bytes)
        try:
            with anyio.fail_after(deadline - CLOCK.monotonic()), suppress_instrumentation():
                outgoing = self._build(request, content, trace.on_event_async, deadline)
                return await self._exchange(outgoing, trace, body)
        except http_errors() as error:
            return self._codec.read_failure(error, trace, late=_is_late(error, deadline))

    async def close(self) -> None:
        """Close the connections and a given transport; a given client stays open."""
        self.closed = True
        with suppress_instrumentation():
            for pool in self._pools.take_all():
                await _close_pool(pool)
        if self._transport is not None:
            await self._transport.aclose()

    async def _exchange(self, outgoing: Any, trace: RequestTrace, body: BodyReader) -> HttpResult:
        async with contextlib.aclosing(await self._start(outgoing, trace)) as response:
            decoded = response.is_stream_consumed
            async for chunk in response.aiter_bytes() if decoded else response.aiter_raw():
                if not body.add(chunk):
                    break
            return self._codec.read_response(response, body, decoded=decoded)

    async def _start(self, outgoing: Any, trace: RequestTrace) -> Any:
        """Send the request; return the response with its body still to be read."""
        if self._injected_client is not None:
            trace.start()
            return await self._injected_client.send(outgoing, **SEND_OPTIONS)
        transport = await self._current_pool() if self._transport is None else self._transport
        trace.start()
        return await transport.handle_async_request(outgoing)

    async def _current_pool(self) -> "httpx.AsyncHTTPTransport":
        pool, outdated = self._pools.current()
        for old in outdated:
            await _close_pool(old)
        return pool

    def _new_pool(self) -> "httpx.AsyncHTTPTransport":
        from respan_langchain.client.http.connection_pool import open_async_pool

        return open_async_pool(self.base_url)

    def _loop_token(self) -> object:
        from respan_langchain.client.http.connection_pool import current_loop_token

        return current_loop_token()


async def _close_pool(pool: "httpx.AsyncHTTPTransport") -> None:
    # The event loop that its connections belong to may have ended before.
    with contextlib.suppress(*http_errors()):
        await pool.aclose()


def _is_late(error: Exception, deadline: float) -> bool:
    return type(error) is TimeoutError or CLOCK.monotonic() >= deadline
