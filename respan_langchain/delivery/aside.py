"""Waiting on a thread of its own, so that an event loop need not.

Not on asyncio's threads: the app may have filled those, and `asyncio.run` waits for them when it
ends.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

from respan_langchain.delivery import threads

Result = TypeVar("Result")


async def aside(wait: Callable[[], Result], at_once: Callable[[], Result]) -> Result:
    """What `wait` returns in the end; where no thread can be started, what `at_once` returns."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[Result] = loop.create_future()

    def tell(result: Result) -> None:
        if not told.done():
            told.set_result(result)

    def run() -> None:
        result = wait()
        # The loop may have ended before the wait.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result)

    return await told if threads.start("respan-flush", run) else at_once()
