"""How long a transfer waits for what, by a clock that it is given."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from respan_langchain.client.urls import is_loopback
from respan_langchain.errors import (
    ApiError,
    ConnectionFailedError,
    DeadlineError,
    RateLimitError,
    ServerError,
)
from respan_langchain.settings import Settings

Value = TypeVar("Value")

TRANSIENT_ERRORS: Final = (ConnectionFailedError, DeadlineError, RateLimitError, ServerError)
"""What may go away by itself; most of it does not say whether the request was carried out."""


@dataclass(frozen=True, slots=True)
class TransferRetry:
    """How long to wait for what, in seconds."""

    visibility_delay: float = 30.0
    """After this a row that was sent and is not seen is held not to be there."""
    max_elapsed: float = 60.0
    """For so long a platform may be away before the transfer stops."""
    initial_backoff: float = 0.5
    """Doubles with each try."""
    max_backoff: float = 10.0
    clock: Callable[[], float] = time.time
    """Wall time, since what is written down is read by later processes."""
    sleep: Callable[[float], None] = time.sleep

    def call(self, ask: Callable[[], Value]) -> Value:
        """Ask until there is an answer, or patience ends."""
        began = self.clock()
        tries = 0
        while True:
            try:
                return ask()
            except TRANSIENT_ERRORS as problem:
                tries += 1
                self.backoff(problem, tries, began)

    def backoff(self, problem: ApiError, tries: int, began: float) -> None:
        """Wait before the next try, or raise the problem when patience has ended."""
        asked = problem.retry_after or 0.0
        if self.clock() - began + asked > self.max_elapsed:
            raise problem
        self.sleep(max(asked, min(self.max_backoff, self.initial_backoff * 2.0 ** (tries - 1))))


def build_transfer_retry(settings: Settings) -> TransferRetry:
    """Tell how fast a platform shows what it was sent."""
    if settings.is_local:
        return TransferRetry(visibility_delay=0.0)
    if is_loopback(urlsplit(settings.base_url).hostname):
        return TransferRetry(visibility_delay=5.0)
    return TransferRetry(max_elapsed=300.0)
