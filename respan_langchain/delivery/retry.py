"""How often and when delivery may send: a rate limit shared by processes, and a circuit breaker.

Pure: time comes in as numbers. Backoff and `Retry-After` are in `client/retry.py`, since the client
and transfers use them too.
"""

from collections import deque

WINDOW = 60.0


class RateLimiter:
    """Requests allowed in any minute: at most the platform's limit, fewer while it says 'too many'.

    Halved by each 429 and raised by one with each success, it finds its fair share of a limit that
    other processes use as well. Retries are paid from it like everything else.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self.allowed = per_minute
        self._spent: deque[float] = deque()

    def next_allowed_at(self, now: float) -> float:
        """When the next request may leave."""
        if len(self._spent) < self.allowed:
            return now
        return max(now, self._spent[-self.allowed] + WINDOW)

    def record_request(self, now: float) -> None:
        """One request leaves."""
        while self._spent and self._spent[0] + WINDOW <= now:
            self._spent.popleft()
        self._spent.append(now)

    def decrease(self) -> None:
        """The platform said 'too many'."""
        self.allowed = max(1, self.allowed // 2)

    def increase(self) -> None:
        """The platform took a request."""
        self.allowed = min(self._most, self.allowed + 1)


class CircuitBreaker:
    """Whether an address is worth asking: open after an answer that no patience will mend."""

    def __init__(self, probe_interval: float) -> None:
        self._probe_interval = probe_interval
        self._probe_at: dict[str, float] = {}

    def trip(self, address: str, now: float) -> bool:
        """Stop sending there but for a probe now and then; True when it was not halted before."""
        fresh = address not in self._probe_at
        self._probe_at[address] = now + self._probe_interval
        return fresh

    def reset(self, address: str) -> bool:
        """It answers as it should; True when it was halted."""
        return self._probe_at.pop(address, None) is not None

    def is_open(self, address: str) -> bool:
        """Whether only probes may go there."""
        return address in self._probe_at

    def next_probe_at(self, address: str) -> float:
        """When something may be sent there: long ago, or when the next probe is due."""
        return self._probe_at.get(address, float("-inf"))
