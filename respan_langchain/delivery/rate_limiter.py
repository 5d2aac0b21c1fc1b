"""How many requests delivery may send in a minute: a limit that processes share. Pure."""

from collections import deque

WINDOW = 60.0
"""Seconds in which requests are counted."""


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
