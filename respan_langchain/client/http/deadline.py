"""The deadline of the request that the current thread is sending.

httpx's timeouts are per operation, so a server that sends one byte now and then could hold a
request for ever. `connection_pool.py` asks here how long each wait of a socket may take.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from respan_langchain._clock import CLOCK

_deadline: ContextVar[float] = ContextVar("respan_langchain_deadline", default=math.inf)


@contextmanager
def request_deadline(deadline: float) -> Iterator[None]:
    """End every network wait inside the block by `deadline`, a time of the monotonic clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining_time(timeout: float | None = None) -> float:
    """Return the seconds until the deadline, or `timeout` if that is less.

    Raises:
        TimeoutError: The deadline has passed.
    """
    remaining = _deadline.get() - CLOCK.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining if timeout is None else min(timeout, remaining)
