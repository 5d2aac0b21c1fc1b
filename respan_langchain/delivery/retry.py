"""How often and when delivery may send: a rate limit shared by processes, and a circuit breaker.

Pure: time comes in as numbers. Backoff and `Retry-After` are in `client/retry.py`, since the client
and transfers use them too.
"""

from collections import deque

WINDOW = 60.0


class RateLimiter:
    """Requests allowed in any minute: at most the platform's limit, fewer after a 429.

    Each 429 halves the number and each success raises it by one, so processes that use the same
    limit share it. Retries count like any other request.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self.allowed = per_minute
        self._spent: deque[float] = deque()

    def next_allowed_at(self, now: float) -> float:
        """Return when the next request may be sent."""
        if len(self._spent) < self.allowed:
            return now
        return max(now, self._spent[-self.allowed] + WINDOW)

    def record_request(self, now: float) -> None:
        """Count a request that is sent now."""
        while self._spent and self._spent[0] + WINDOW <= now:
            self._spent.popleft()
        self._spent.append(now)

    def decrease(self) -> None:
        """Halve the allowed requests, after a 429."""
        self.allowed = max(1, self.allowed // 2)

    def increase(self) -> None:
        """Allow one request more, after a success."""
        self.allowed = min(self._most, self.allowed + 1)


class CircuitBreaker:
    """Stops sending to an address, except for probes, after an error that retries cannot fix."""

    def __init__(self, probe_interval: float) -> None:
        self._probe_interval = probe_interval
        self._probe_at: dict[str, float] = {}

    def trip(self, address: str, now: float) -> bool:
        """Open the circuit of an address, or delay its next probe; True when it was closed."""
        was_closed = address not in self._probe_at
        self._probe_at[address] = now + self._probe_interval
        return was_closed

    def reset(self, address: str) -> bool:
        """Close the circuit of an address that works again; True when it was open."""
        return self._probe_at.pop(address, None) is not None

    def is_open(self, address: str) -> bool:
        """Whether only probes may be sent to this address."""
        return address in self._probe_at

    def next_probe_at(self, address: str) -> float:
        """Return when the next probe is due; minus infinity when the circuit is closed."""
        return self._probe_at.get(address, float("-inf"))
