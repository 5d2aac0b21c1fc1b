"""One event loop, on a thread of its own, for chains that run only with `ainvoke`.

All replays of the process share it: async clients keep connections of the loop that opened them,
and a trial that is given up goes on after its replay.
"""

import asyncio
from collections.abc import Coroutine
from functools import cache
from threading import Thread
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_on_loop(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine with the context variables of the calling thread, which waits for it."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="respan-replay-loop", daemon=True).start()
    return loop
