"""One call with its tries and waits, as a generator that says what to do next.

Does nothing by itself, so that the blocking and the asynchronous client differ only in how they
wait.
"""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from respan_langchain._http_result import HttpResult
from respan_langchain.client.requests import (
    ApiRequest,
    Failure,
    Success,
    classify_result,
)
from respan_langchain.client.retry import RetryPolicy

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Send:
    """Carry out this call once, and send the answer back in."""

    request: ApiRequest[Any]
    content: bytes = field(repr=False)
    deadline: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for so many seconds."""

    seconds: float


RequestFlow = Generator[Send | Sleep, Any, Value]
"""Is sent the `Answer` after a `Send`, and anything after a `Rest`."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """How long one call may take, and who tells time and luck."""

    timeout: float = 60.0
    """Seconds for a call with all its tries and waits."""
    max_try_seconds: float = 30.0
    """Seconds for one try, so that a second one fits in."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Callable[[], float] = time.monotonic
    rng: Callable[[], float] = random.random


def request_flow(request: ApiRequest[Value], options: RequestOptions) -> RequestFlow[Value]:
    """Ask until there is an answer to return or an error to raise."""
    content = request.encode_body()
    deadline = options.clock() + options.timeout
    attempt = 0
    while True:
        attempt += 1
        try_deadline = min(deadline, options.clock() + options.max_try_seconds)
        result: HttpResult = yield Send(request, content, try_deadline)
        decision = classify_result(request, result, attempt, options.retry, options.rng())
        if isinstance(decision, Success):
            return decision.value
        if isinstance(decision, Failure) or options.clock() + decision.seconds >= deadline:
            raise decision.error
        yield Sleep(decision.seconds)
