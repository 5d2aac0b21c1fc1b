"""How long to wait: what the server says, what the failures say, what the minute allows.

Pure: time and randomness come in as numbers and functions.
"""

import math
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from respan_langchain._http_result import HttpResult

LONGEST_ASKED = 300.0
"""A server that asks for more is not believed."""
WINDOW = 60.0


def parse_retry_after(answer: HttpResult, wall_clock: float) -> float | None:
    """Seconds that the server asks to wait, in its body or its header; None when it does not say.

    A date is measured against the server's own `Date`, so that a wrong clock on either side does no
    harm; `wall_clock` (seconds since the epoch) stands in when that header is missing.
    """
    asked = _asked_in_body(answer.body)
    if asked is None:
        asked = _asked_in_header(answer, wall_clock)
    return None if asked is None else min(max(asked, 0.0), LONGEST_ASKED)


def _asked_in_body(body: bytes) -> float | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return _seconds(content.get("retry_after")) if isinstance(content, dict) else None


def _asked_in_header(answer: HttpResult, wall_clock: float) -> float | None:
    header = answer.headers.get("retry-after", "")
    seconds = _seconds(header)
    if seconds is not None:
        return seconds
    until = _timestamp(header)
    if until is None:
        return None
    now = _timestamp(answer.headers.get("date", ""))
    return until - (wall_clock if now is None else now)


def _seconds(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        seconds = float(said)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(seconds) else seconds


def _timestamp(header: str) -> float | None:
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def backoff(
    failures: int, *, first: float, maximum: float, uniform: Callable[[float, float], float]
) -> float:
    """Anything up to `first` doubled with each failure, so that clients do not march in step."""
    return uniform(0.0, min(maximum, first * 2.0 ** min(failures, 32)))


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
