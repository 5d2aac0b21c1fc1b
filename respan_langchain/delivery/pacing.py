"""When the next request may be sent: pauses after failures, the rate limit, the circuit breakers.

Pure but for the random source that spreads retries.
"""

from collections.abc import Callable

from respan_langchain.client.retry_policy import backoff
from respan_langchain.delivery.batch import ALWAYS
from respan_langchain.delivery.circuit_breaker import CircuitBreaker
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.rate_limiter import RateLimiter


class RequestPacer:
    """What earlier responses mean for the time of later requests."""

    def __init__(self, limits: DeliveryLimits, random: Callable[[], float]) -> None:
        """`random` returns a number from 0 to 1."""
        self._limits = limits
        self._random = random
        self.rate_limiter = RateLimiter(limits.requests_per_minute)
        self.circuit = CircuitBreaker(limits.probe_interval)
        self._failures = 0
        self.paused_until = ALWAYS
        """Before this no request is sent to any dataset."""
        self.last_error: str | None = None
        """Why rows cannot be delivered now; None while they can."""

    def insert_allowed_at(self, dataset: str) -> float:
        """Return when a bulk insert into this dataset may be sent."""
        return max(self.lookup_allowed_at(dataset), self.rate_limiter.next_allowed_at(ALWAYS))

    def lookup_allowed_at(self, dataset: str) -> float:
        """Return when a lookup in this dataset may be sent; the rate limit is for inserts."""
        return max(self.paused_until, self.circuit.next_probe_at(dataset))

    def pause(self, cause: str, now: float, *, retry_after: float, throttled: bool) -> None:
        """Pause after a temporary failure, for `retry_after` seconds at least."""
        if throttled:
            self.rate_limiter.decrease()
        self.paused_until = now + max(self.backoff(self._failures), retry_after)
        self._failures += 1
        self.last_error = cause

    def open_circuit(self, dataset: str, cause: str, now: float) -> bool:
        """Send probes only, after an error that retries cannot fix; True when that is new."""
        self.last_error = cause
        return self.circuit.trip(dataset, now)

    def on_success(self, dataset: str) -> bool:
        """Allow more requests after a successful one; True when requests failed before."""
        recovered = self.circuit.reset(dataset) or self._failures > 0
        self._failures = 0
        self.rate_limiter.increase()
        self.last_error = None
        return recovered

    def warn(self, warning: str) -> None:
        """Show a warning about successful requests where there is no error; empty for none."""
        self.last_error = self.last_error or warning or None

    def backoff(self, failures: int) -> float:
        """Return the seconds to wait after a number of earlier failures."""
        limits = self._limits
        return backoff(failures, limits.backoff_first, limits.backoff_max, self._random())
