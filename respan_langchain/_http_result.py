"""What came back for one HTTP request, or why nothing did.

Ground floor: the api room produces answers, the delivery room judges them, and neither knows the
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpResult:
    """One answer as the wire gave it, nothing interpreted."""

    status: int | None
    """The HTTP status; None when no whole answer came."""
    body: bytes = b""
    """What was read of the body, capped."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    error: str = ""
    """Why no whole answer came, in words for a log line.

    No key, no payload. Empty when `status` is set.
    """
    maybe_sent: bool = True
    """False only when the request surely did not reach the server whole: it can be sent again."""
    timed_out: bool = False
    """Whether time ran out, as opposed to the connection failing."""
    permanent: bool = False
    """Whether asking again is of no use until somebody changes something, as `problem` says."""
