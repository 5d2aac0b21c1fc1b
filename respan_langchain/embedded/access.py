"""What the platform accepts: API keys, rate limits, sizes.

The defaults are the contract's, without its rate limits; `serve --enforce-rate-limits` adds those.
"""

import hmac
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from respan_langchain._constants import MAX_BULK_LOGS
from respan_langchain.embedded.http import HttpError, Request

WINDOW = 60.0
"""Seconds."""


class ServerRateLimit:
    """Counts requests of the last minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Count a request and return 0.0, or return the seconds until one is allowed."""
        with self._lock:
            now = self._clock()
            while self._times and self._times[0] <= now - WINDOW:
                self._times.popleft()
            if len(self._times) >= self._per_minute:
                return self._times[0] + WINDOW - now if self._times else WINDOW
            self._times.append(now)
            return 0.0


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What one platform accepts; share one value between all that serve the same platform."""

    require_bearer: bool = False
    """Whether a request without a bearer key is rejected."""
    api_key: str | None = field(default=None, repr=False)
    """The only valid key; None accepts any."""
    max_body_bytes: int = 64 * 1024 * 1024
    """Bytes of one request body."""
    max_bulk_logs: int = MAX_BULK_LOGS
    max_listed_errors: int | None = None
    """How many rejected rows a bulk response lists; None lists all."""
    requests: ServerRateLimit | None = None
    bulk_requests: ServerRateLimit | None = None
    allow_python_evaluators: bool = False
    """Whether a request may name a Python function as an evaluator."""


def check_access(request: Request, policy: AccessPolicy) -> None:
    """Check a request before it is handled.

    Raises:
        HttpError: 401, 413 or 429.
    """
    check_key(request, policy)
    if len(request.body) > policy.max_body_bytes:
        raise HttpError(413, f"The body is larger than {policy.max_body_bytes} bytes.")
    limiter = policy.bulk_requests if request.path.endswith("/logs/bulk/") else policy.requests
    wait = limiter.acquire() if limiter is not None else 0.0
    if wait > 0:
        raise HttpError(429, "Rate limit exceeded", retry_after=math.ceil(wait))


def check_key(request: Request, policy: AccessPolicy) -> None:
    """Check the bearer key, for which the body is not needed.

    Raises:
        HttpError: 401.
    """
    if not policy.require_bearer:
        return
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise HttpError(401, "Authentication credentials were not provided.")
    if policy.api_key is not None and not hmac.compare_digest(
        key.strip().encode(), policy.api_key.encode()
    ):
        raise HttpError(401, "The API key is not valid.")
