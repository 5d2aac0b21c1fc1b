"""Flush and shutdown: how a handler delivers what it captured, and how it ends."""

import asyncio
from typing import TYPE_CHECKING, Self

from respan_langchain._clock import CLOCK
from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.delivery.threads import run_in_thread

if TYPE_CHECKING:
    from respan_langchain.callbacks.config import FlushMode
    from respan_langchain.callbacks.factory import Components
    from respan_langchain.delivery.flush import FlushResult


class Lifecycle(CallbackBase):
    """Methods of the handler that deliver its rows; also at the end of a `with` block."""

    def __init__(self, components: "Components", flush: "FlushMode", exit_timeout: float) -> None:
        """Flush after each root as `flush` says, for at most `exit_timeout` seconds."""
        self._status, self._worker = components.status, components.worker
        self._fleet_row_states = components.states
        self._exit_timeout = exit_timeout
        flush_root = {"root": self._flush_now, "disk": self._sync_now}.get(flush)
        super().__init__(components.processor, flush_root=flush_root)

    def flush(self, timeout: float = 30.0, *, through: bool = False) -> "FlushResult":
        """Deliver what was captured before this call; true when all of it is delivered.

        Returns within `timeout` seconds. Open runs stay open. With `via`, rows are delivered when
        Redis has them; `through` waits until a forwarder has delivered the latest 10,000 of them.
        """
        timeout = self._flush_timeout(timeout)
        deadline = CLOCK.monotonic() + timeout
        result = self._worker.flush(timeout, self._status)
        if not through or self._fleet_row_states is None:
            return result
        return self._fleet_row_states.wait(result, deadline - CLOCK.monotonic())

    async def aflush(self, timeout: float = 30.0, *, through: bool = False) -> "FlushResult":
        """As `flush`, without blocking the event loop."""
        return await run_in_thread(
            lambda: self.flush(timeout, through=through), lambda: self.flush(0.0)
        )

    def shutdown(self, timeout: float = 30.0) -> "FlushResult":
        """Close open runs, deliver everything and capture nothing more.

        True when all is delivered.
        """
        self.stop()
        return self._worker.flush(self._flush_timeout(timeout), self._status)

    async def ashutdown(self, timeout: float = 30.0) -> "FlushResult":
        """As `shutdown`, without blocking the event loop."""
        return await run_in_thread(lambda: self.shutdown(timeout), lambda: self.shutdown(0.0))

    def stop(self) -> None:
        """Close open runs and capture nothing more; the worker delivers in the background."""
        self._processor.stop()

    def __enter__(self) -> Self:
        """Enter a block; at its end everything is delivered."""
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        """Enter a block of async code."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ashutdown()

    def _flush_timeout(self, timeout: float) -> float:
        # The thread that builds rows cannot wait for them: it would wait for itself.
        return 0.0 if self._processor.is_draining_thread else timeout

    def _sync_now(self) -> None:
        self._worker.sync_to_disk(self._exit_timeout)  # logs why it failed

    def _flush_now(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.flush(self._exit_timeout)
        # A task cannot wait here without stopping its event loop: it awaits `handler.aflush()`.
