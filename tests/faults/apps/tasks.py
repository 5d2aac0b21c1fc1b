"""An app of tasks on an event loop."""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
from common import call, new_handler, say

MORE_THAN_THERE_IS = 2**60
"""Bytes of stack for a new thread; the system refuses it, as one does that has too many threads."""


async def turns_while(flushing):
    """How many turns another task got, and what the flush returned."""
    task, turns = asyncio.create_task(flushing), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    return turns, task.result()


async def hung():
    """The server hangs, and the app has filled all of the loop's own threads."""
    handler = new_handler(exit_timeout=0.5)
    release = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    waiting = loop.run_in_executor(None, release.wait)
    call(handler, 40)
    started = time.monotonic()
    turns, flushed = await turns_while(handler.aflush(1.0))
    release.set()
    await waiting
    say(handler, turns=turns, flush=bool(flushed), seconds=time.monotonic() - started)


async def cancelled():
    """Somebody has less patience than the flush; the loop ends without waiting for it."""
    handler = new_handler(exit_timeout=0.5)
    call(handler, 40)
    started = time.monotonic()
    try:
        await asyncio.wait_for(handler.aflush(600.0), 0.2)
    except TimeoutError:
        say(handler, seconds=time.monotonic() - started)


async def healthy():
    """Everything arrives, without a flush from outside a task."""
    handler = new_handler()
    call(handler, 40)
    flushed = await handler.aflush(60.0)
    call(handler, 40, "late")
    closed = await handler.ashutdown(60.0)
    say(handler, flush=bool(flushed) and bool(closed))


async def refused():
    """No thread can be started: it is said at once, and the rows leave when the process does."""
    handler = new_handler()
    call(handler, 1)
    await handler.aflush(60.0)
    handler = new_handler(app_version="another handler, another worker", batch_rows=499)
    threading.stack_size(MORE_THAN_THERE_IS)
    call(handler, 79)
    flushed = await handler.aflush(60.0)
    say(handler, flush=bool(flushed))


ACTS = {act.__name__: act for act in (hung, cancelled, healthy, refused)}
anyio.run(ACTS[sys.argv[1]], backend=sys.argv[2] if sys.argv[2:] else "asyncio")
