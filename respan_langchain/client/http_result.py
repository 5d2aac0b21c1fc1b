"""The result of sending one HTTP request: a response, or the reason why there is none.

The client's transports produce it; the client and delivery interpret it, each in its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class HttpResult:
    """A response as it was received, not interpreted, or an error."""

    status: int | None
    """The HTTP status; None when no complete response came."""
    body: bytes = b""
    """The body, up to the transport's limit."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    error: str = ""
    """Why no complete response came, without key or content. Empty when `status` is set."""
    maybe_sent: bool = True
    """Whether the server may have received the whole request; if not, sending again is safe."""
    timed_out: bool = False
    """Whether the time ran out, as opposed to a failed connection."""
    permanent: bool = False
    """Whether retrying is useless until somebody changes what `error` says."""
    warning: str = ""
    """What does not work though this request did."""
    lookups_exact_for: float = 0.0
    """For this many seconds, a row of the request that a lookup does not show is not stored.

    0 where a list may lag behind.
    """

    def read_object(self) -> dict[str, Any]:
        """Return the body as a JSON object; empty when it is none."""
        try:
            content = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return content if isinstance(content, dict) else {}
