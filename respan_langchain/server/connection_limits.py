"""Limits of connections that uvicorn does not have: how many, and how long headers may take.

uvicorn's `http` setting takes a protocol class; this one adds to uvicorn's own. It was tested with
uvicorn 0.54, and tests/server/test_limits.py fails where it no longer fits.
"""

import asyncio
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of one server."""

    max_connections: int = 200
    """Open connections; a further one is closed at once."""
    header_timeout: float = 10.0
    """Seconds until the headers of a request must be complete."""
    body_timeout: float = 60.0
    """Seconds until the body of a request must be complete."""
    discard_timeout: float = 5.0
    """Seconds in which the body of a refused request is read and dropped before the response."""


def build_protocol(limits: ConnectionLimits) -> type[H11Protocol]:
    """Build a protocol class with these limits, for `uvicorn.Config(http=...)`."""

    class LimitedProtocol(H11Protocol):
        header_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            if len(self.connections) > limits.max_connections:
                transport.abort()
            else:
                self._start_header_timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            in_request = self.cycle is not None and not self.cycle.response_complete
            if in_request:
                self._stop_header_timer()
            elif self.header_timer is None:
                self._start_header_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_header_timer()
            super().connection_lost(exc)

        def _start_header_timer(self) -> None:
            self.header_timer = self.loop.call_later(limits.header_timeout, self.transport.abort)

        def _stop_header_timer(self) -> None:
            if self.header_timer is not None:
                self.header_timer.cancel()
                self.header_timer = None

    return LimitedProtocol
