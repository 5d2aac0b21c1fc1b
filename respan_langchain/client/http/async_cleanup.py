"""What the asynchronous half needs: event loops told apart, and connections tidied up.

An event loop ends the waits by itself, but httpcore leaves a connection behind.
Knows httpcore by shape only, as `clipped.py` does.
"""

from typing import Any

import anyio
from anyio.lowlevel import RunVar

_loop_token: RunVar[object] = RunVar("respan_langchain_loop")


def current_loop_token() -> object:
    """Return what stands for the event loop that runs: the same one each time, for each its own."""
    try:
        return _loop_token.get()
    except LookupError:
        mark = object()
        _loop_token.set(mark)
        return mark


class AsyncCleanupBackend:
    """A network backend that leaves no connection behind when a request is cancelled."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def connect_tcp(self, *where: Any, **more: Any) -> "AsyncCleanupStream":
        """Connect as ever."""
        return AsyncCleanupStream(await self._inner.connect_tcp(*where, **more))


class AsyncCleanupStream:
    """A connection that is closed when agreeing on TLS is cancelled."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def start_tls(self, *terms: Any, **more: Any) -> "AsyncCleanupStream":
        """Agree on TLS, or close."""
        try:
            return AsyncCleanupStream(await self._inner.start_tls(*terms, **more))
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise
