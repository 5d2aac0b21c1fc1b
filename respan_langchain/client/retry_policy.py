"""Retry rules: which requests the client repeats, how long to back off, what `Retry-After` says.

Pure. `request_flow.py` applies them to the client's requests. Delivery uses the backoff and
`Retry-After` only: what a failed batch means is in `delivery/response_classification.py`, when the
next request is sent in `delivery/pacing.py`.
"""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from respan_langchain.client.http_result import HttpResult
from respan_langchain.errors import (
    ConnectionFailedError,
    DeadlineError,
    RateLimitError,
    ServerError,
)

TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the client repeats an idempotent request; after 429 any request."""
TRANSIENT_ERRORS = (ConnectionFailedError, DeadlineError, RateLimitError, ServerError)
"""Errors of failures that may pass, for `datasets/transfer/transfer.py`."""
MAX_RETRY_AFTER = 300.0
"""Seconds; a server that asks for a longer wait is retried after this."""
_MAX_DOUBLINGS = 32
"""Keeps `2.0 ** failures` within a float."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is tried, and how long to wait between tries (seconds)."""

    max_tries: int = 4
    initial_backoff: float = 0.5
    """Upper bound of the first wait; doubles with each try."""
    max_backoff: float = 20.0

    def delay(self, attempt: int, retry_after: float | None, jitter: float) -> float:
        """Return the wait after try number `attempt` (from 1), `jitter` being from 0 to 1."""
        own = backoff(attempt - 1, self.initial_backoff, self.max_backoff, jitter)
        return min(retry_after or 0.0, MAX_RETRY_AFTER) + own


DEFAULT_RETRY = RetryPolicy()


def may_retry(result: HttpResult, *, is_idempotent: bool) -> bool:
    """Whether the client repeats a request whose try had this result."""
    if result.status is None:
        return is_idempotent or not result.maybe_sent
    return result.status == 429 or (is_idempotent and result.status in TRANSIENT_STATUSES)


def backoff(failures: int, initial: float, maximum: float, jitter: float) -> float:
    """Return `initial` doubled with each failure, up to `maximum`, times `jitter` (0 to 1).

    >>> [backoff(failures, 0.5, 60.0, 1.0) for failures in (0, 1, 2, 1000)]
    [0.5, 1.0, 2.0, 60.0]
    """
    return jitter * min(maximum, initial * 2.0 ** min(failures, _MAX_DOUBLINGS))


def parse_retry_after(result: HttpResult, now: float | None = None) -> float | None:
    """Return the seconds that the server asks to wait, None when it does not say.

    The body's `retry_after` comes before the header. A date in the header is compared with the
    server's own `Date`, so a wrong clock on either side does no harm; without that header it is
    compared with `now` (seconds since the epoch), and ignored when `now` is None.
    """
    header = result.headers.get("retry-after", "")
    for value in (result.read_object().get("retry_after"), header):
        seconds = _parse_seconds(value)
        if seconds is not None:
            return seconds
    until = _parse_date(header)
    since = _parse_date(result.headers.get("date", ""))
    since = now if since is None else since
    return None if until is None or since is None else max(0.0, until - since)


def _parse_seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0.0 else None


def _parse_date(header: str) -> float | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
