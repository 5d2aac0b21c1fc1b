"""One call with its tries and waits, as a generator that says what to do next.

Does nothing by itself, so that the blocking and the asynchronous client differ only in how they
wait.
"""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from respan_langchain._http_result import Answer
from respan_langchain.client.requests import Call, Done, Failed, Patience, judge

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Send:
    """Carry out this call once, and send the answer back in."""

    call: Call[Any]
    content: bytes = field(repr=False)
    deadline: float


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait for so many seconds."""

    seconds: float


Errand = Generator[Send | Rest, Any, Value]
"""Is sent the `Answer` after a `Send`, and anything after a `Rest`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long one call may take, and who tells time and luck."""

    timeout: float = 60.0
    """Seconds for a call with all its tries and waits."""
    longest_try: float = 30.0
    """Seconds for one try, so that a second one fits in."""
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    luck: Callable[[], float] = random.random


def errand(call: Call[Value], terms: Terms) -> Errand[Value]:
    """Ask until there is an answer to return or an error to raise."""
    content = call.content()
    deadline = terms.clock() + terms.timeout
    attempt = 0
    while True:
        attempt += 1
        try_until = min(deadline, terms.clock() + terms.longest_try)
        answer: Answer = yield Send(call, content, try_until)
        verdict = judge(call, answer, attempt, terms.patience, terms.luck())
        if isinstance(verdict, Done):
            return verdict.value
        if isinstance(verdict, Failed) or terms.clock() + verdict.seconds >= deadline:
            raise verdict.error
        yield Rest(verdict.seconds)
