"""How long a transfer waits for what, by a clock that it is given."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from respan_langchain.errors import (
    ApiError,
    ConnectionFailedError,
    DeadlineError,
    RateLimitError,
    ServerError,
)
from respan_langchain.settings import Settings

Value = TypeVar("Value")

PASSING: Final = (ConnectionFailedError, DeadlineError, RateLimitError, ServerError)
"""What may go away by itself; most of it does not say whether the request was carried out."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait for what, in seconds."""

    settle: float = 30.0
    """After this a row that was sent and is not seen is held not to be there."""
    patience: float = 60.0
    """For so long a platform may be away before the transfer stops."""
    first_wait: float = 0.5
    """Doubles with each try."""
    longest_wait: float = 10.0
    clock: Callable[[], float] = time.time
    """Wall time, since what is written down is read by later processes."""
    sleep: Callable[[float], None] = time.sleep

    def patiently(self, ask: Callable[[], Value]) -> Value:
        """Ask until there is an answer, or patience ends."""
        began = self.clock()
        tries = 0
        while True:
            try:
                return ask()
            except PASSING as problem:
                tries += 1
                self.rest(problem, tries, began)

    def rest(self, problem: ApiError, tries: int, began: float) -> None:
        """Wait before the next try, or raise the problem when patience has ended."""
        asked = problem.retry_after or 0.0
        if self.clock() - began + asked > self.patience:
            raise problem
        self.sleep(max(asked, min(self.longest_wait, self.first_wait * 2.0 ** (tries - 1))))


def pace_for(settings: Settings) -> Pace:
    """Tell how fast a platform shows what it was sent."""
    if settings.is_local:
        return Pace(settle=0.0)
    if urlsplit(settings.base_url).hostname in LOOPBACK:
        return Pace(settle=5.0)
    return Pace(patience=300.0)
