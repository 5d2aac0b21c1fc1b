"""Starting a thread from anywhere, a signal handler and `__del__` included.

`threading.Thread.start` takes locks and waits for the new thread. It must not be called where the
interrupted code may be inside another start.
"""

import asyncio
import contextlib
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable
from contextvars import Context
from typing import TypeVar


def start(name: str, run: Callable[[], None]) -> bool:
    """Run it on a new daemon thread in an empty context; False when the system refuses a thread."""
    try:
        start_new_thread(lambda: Context().run(_introduced, name, run), ())
    except RuntimeError:
        return False
    return True


def _introduced(name: str, run: Callable[[], None]) -> None:
    threading.current_thread().name = name
    # Debuggers and coverage hook threads through the threading module alone.
    if (trace := threading.gettrace()) is not None:
        sys.settrace(trace)
    run()


Result = TypeVar("Result")


async def run_in_thread(wait: Callable[[], Result], at_once: Callable[[], Result]) -> Result:
    """Return the result of `wait` on a thread; that of `at_once` if no thread can be started."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # trio
        import anyio.to_thread

        return await anyio.to_thread.run_sync(wait, abandon_on_cancel=True)
    future: asyncio.Future[Result] = loop.create_future()

    def resolve(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def run() -> None:
        result = wait()
        # The event loop may be closed before `wait` returns.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(resolve, result)

    return await future if start("respan-flush", run) else at_once()
