"""One request with its retries, as a generator of steps that a client carries out.

The generator does no I/O, so the synchronous and the asynchronous client differ only in how they
send and sleep.
"""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from respan_langchain._arguments import check_number
from respan_langchain._clock import CLOCK
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.requests import ApiRequest, read_result
from respan_langchain.client.retry_policy import DEFAULT_RETRY, RetryPolicy, may_retry
from respan_langchain.errors import ApiError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request once, and pass its `HttpResult` back into the generator."""

    request: ApiRequest[Any]
    content: bytes = field(repr=False)
    deadline: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Sleep before the next step."""

    seconds: float


RequestFlow = Generator[Send | Sleep, Any, Value]
"""Yields steps and returns a value; is sent an `HttpResult` after `Send`, None after `Sleep`."""

_system_random = random.SystemRandom()
"""Leaves the app's seeded generator alone, and differs between forked processes."""


def draw_jitter() -> float:
    """Return a random number from 0 to 1; can be pickled, unlike the generator's method."""
    return _system_random.random()


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """How long one call may take, and its sources of time and randomness."""

    timeout: float = 60.0
    """Seconds for one call with all its tries and waits."""
    max_try_time: float = 30.0
    """Seconds for one try, so that the timeout leaves time for another."""
    retry: RetryPolicy = DEFAULT_RETRY
    clock: Callable[[], float] = CLOCK.monotonic
    sleep: Callable[[float], None] = time.sleep
    """Used by the synchronous client."""
    rng: Callable[[], float] = draw_jitter
    """Draws the jitter of a wait, from 0 to 1."""
    deadline: float | None = None
    """When several calls must have ended together; None gives each call `timeout` seconds."""

    def within(self, seconds: float | None) -> "RequestOptions":
        """Return options for calls that take at most so long together, by default `timeout`."""
        end = self.end() if seconds is None else self.clock() + check_number("timeout", seconds)
        return replace(self, deadline=end)

    def end(self) -> float:
        """Return when a call that begins now must have ended."""
        return self.clock() + self.timeout if self.deadline is None else self.deadline


def request_flow(request: ApiRequest[Value], options: RequestOptions) -> RequestFlow[Value]:
    """Send a request until it succeeds or must not be retried.

    Raises:
        ApiError: It failed, or its next try would begin after the timeout.
    """
    content = request.encode_body()
    deadline = options.end()
    attempt = 0
    while True:
        attempt += 1
        try_deadline = min(deadline, options.clock() + options.max_try_time)
        result: HttpResult = yield Send(request, content, try_deadline)
        try:
            return read_result(request, result, attempt)
        except ApiError as error:
            delay = options.retry.delay(attempt, error.retry_after, options.rng())
            is_retryable = may_retry(result, is_idempotent=request.is_idempotent())
            is_final = attempt >= options.retry.max_tries or not is_retryable
            if is_final or options.clock() + delay >= deadline:
                raise
        yield Sleep(delay)
