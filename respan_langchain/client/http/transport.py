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

from respan_langchain._http_result import Answer
from respan_langchain.client.http.client_cache import Lines, clock_gap
from respan_langchain.client.http.codec import Wording, unseen_by_tracers
from respan_langchain.client.http.deadline import ClippedBackend, until
from respan_langchain.client.http.request_trace import Body, Witness
from respan_langchain.client.requests import Call
from respan_langchain.client.urls import platform_root, usable_key

MOST_READ = 1024 * 1024
"""Bytes of an answer that are read unless told otherwise."""
KEPT_ALIVE = 5.0
"""Seconds that an idle connection is kept: less than servers do, so that it is alive when used."""


class _Terms(ABC):
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
        most_read: int = MOST_READ,
        clock_gap: Callable[[], float] = clock_gap,
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
            most_read: Bytes of an answer that are read.
            clock_gap: Seconds from the monotonic clock to the one on the wall.
        """
        key = usable_key(api_key)
        self.root = platform_root(
            base_url, with_key=key is not None and transport is None, allow_http=allow_http
        )
        self._wording = Wording(self.root, key)
        self.most_read = most_read
        self.closed = False
        self._library = library
        self._transport = transport
        self._given = http_client
        self._lines: Lines[Any] = Lines(self._made, gap=clock_gap, loop=self._loop)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @abstractmethod
    def _made(self) -> Any:
        """Make a client of our own."""

    def _loop(self) -> object:
        return None

    def _is_closed(self) -> bool:
        return self.closed or getattr(self._given, "is_closed", False)

    def _httpx(self) -> ModuleType:
        if self._library is None:
            import httpx

            self._library = httpx
        return self._library

    def _client_settings(self) -> dict[str, Any]:
        limits = self._httpx().Limits(keepalive_expiry=KEPT_ALIVE)
        return {"transport": self._transport, "limits": limits, "follow_redirects": False}


class Exchange(_Terms):
    """Sends one request at a time from each thread that calls it."""

    def send(
        self,
        call: Call[Any],
        deadline: float,
        content: bytes | None = None,
        most_read: int | None = None,
    ) -> Answer:
        """Carry out a call once.

        Args:
            call: What to ask; `content` takes the place of its body when given.
            deadline: The moment of the monotonic clock by which the last byte must be here.
            content: The body, already written.
            most_read: Bytes of the answer that are read, this time.
        """
        left = deadline - time.monotonic()
        if self._is_closed() or left <= 0:
            return _not_begun(closed=self._is_closed())
        content = call.content() if content is None else content
        witness = Witness(whole="send_request_body.complete")
        body = Body(self.most_read if most_read is None else most_read)
        try:
            with until(deadline), unseen_by_tracers():
                request = self._wording.request(call, content, left)
                extensions = {"trace": witness}
                with self._client().stream(**request, extensions=extensions) as response:
                    unpacked = response.is_stream_consumed
                    for part in response.iter_bytes() if unpacked else response.iter_raw():
                        _still_in_time(deadline)
                        if not body.add(part):
                            break
                    return self._wording.answer(response, body, unpacked=unpacked)
        except _failures() as error:
            return self._wording.failure(error, witness, late=_is_late(error, deadline))

    def close(self) -> None:
        """Close what was opened here; an injected client stays open."""
        self.closed = True
        for client in self._lines.all():
            client.close()

    def _client(self) -> Any:
        if self._given is not None:
            return self._given
        client, outdated = self._lines.current()
        for old in outdated:
            old.close()
        return client

    def _made(self) -> Any:
        return _behind(ClippedBackend, self._httpx().Client(**self._client_settings()))


class AsyncExchange(_Terms):
    """The same without blocking: the event loop's own cancellation holds the deadline."""

    async def send(
        self,
        call: Call[Any],
        deadline: float,
        content: bytes | None = None,
        most_read: int | None = None,
    ) -> Answer:
        """Carry out a call once; the arguments are those of `Exchange.send`."""
        left = deadline - time.monotonic()
        if self._is_closed() or left <= 0:
            return _not_begun(closed=self._is_closed())
        import anyio

        # What was begun may go on leaving after a cancellation, so it counts as sent.
        content = call.content() if content is None else content
        witness = Witness(whole="send_request_body.started")
        body = Body(self.most_read if most_read is None else most_read)
        try:
            with anyio.fail_after(left), unseen_by_tracers():
                request = self._wording.request(call, content, left)
                extensions = {"trace": witness.watch}
                client = await self._client()
                async with client.stream(**request, extensions=extensions) as response:
                    unpacked = response.is_stream_consumed
                    async for part in response.aiter_bytes() if unpacked else response.aiter_raw():
                        if not body.add(part):
                            break
                    return self._wording.answer(response, body, unpacked=unpacked)
        except _failures() as error:
            return self._wording.failure(error, witness, late=_is_late(error, deadline))

    async def close(self) -> None:
        """Close what was opened here; an injected client stays open."""
        self.closed = True
        for client in self._lines.all():
            await _closed(client)

    async def _client(self) -> Any:
        if self._given is not None:
            return self._given
        client, outdated = self._lines.current()
        for old in outdated:
            await _closed(old)
        return client

    def _loop(self) -> object:
        from respan_langchain.client.http.async_cleanup import loop_mark

        return loop_mark()

    def _made(self) -> Any:
        from respan_langchain.client.http.async_cleanup import TidyBackend

        return _behind(TidyBackend, self._httpx().AsyncClient(**self._client_settings()))


def _behind(backend: Callable[[Any], Any], client: Any) -> Any:
    """Put a network backend in front of every connection pool of a client that we made.

    httpx has no public way to hand its transports one, though httpcore takes one; `tests/api` holds
    that this works. A transport without a pool, such as the embedded platform's, is left as it is.
    """
    for transport in [client._transport, *client._mounts.values()]:  # noqa: SLF001  # as said above
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = backend(pool._network_backend)  # noqa: SLF001  # as said above
    return client


async def _closed(client: Any) -> None:
    # The event loop that its connections belong to may have ended before them.
    with contextlib.suppress(*_failures()):
        await client.aclose()


def _not_begun(*, closed: bool) -> Answer:
    problem = "the client is closed" if closed else "no time was left to ask"
    return Answer(status=None, problem=problem, sent=False, timed_out=not closed)


def _is_late(error: Exception, deadline: float) -> bool:
    return type(error) is TimeoutError or time.monotonic() >= deadline


def _still_in_time(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise TimeoutError


def _failures() -> tuple[type[Exception], ...]:
    """What can go wrong on the way: the errors of httpx and httpx2 are strangers to each other."""
    loaded = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    theirs = [kind for library in loaded for kind in (library.HTTPError, library.InvalidURL)]
    # RuntimeError: a stream or a client that was closed meanwhile. ValueError: a host that is no
    # text for DNS.
    return (*theirs, OSError, RuntimeError, ValueError)
