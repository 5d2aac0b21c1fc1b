"""Flushes for servers that end a process without running its exit hooks.

uvicorn raises the SIGTERM that it got once more when it has shut down, and the processes of a
Celery pool leave by `os._exit`. Neither signal handlers nor exit codes are changed. Where a library
is not imported, or has no such name in another version, nothing happens.

Tested with uvicorn 0.34 and 0.54, and Celery 5.7.
"""

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from respan_langchain.delivery.threads import run_in_thread


def flush_after_server_shutdown(flush: Callable[[], None]) -> None:
    """Call `flush` when the uvicorn server of this process has shut down; once per server.

    The running server is found by its signal handler: uvicorn imports the app after it has set it.
    """
    uvicorn = sys.modules.get("uvicorn.server")
    server: Any = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if uvicorn is None or not isinstance(server, uvicorn.Server) or "shutdown" in vars(server):
        return
    shut_down = server.shutdown

    async def shut_down_and_flush(*args: Any, **options: Any) -> None:
        await shut_down(*args, **options)
        await run_in_thread(flush, lambda: None)

    server.shutdown = shut_down_and_flush


def flush_in_celery_children(flush: Callable[[], None]) -> None:
    """Call `flush` at the end of each process of a Celery pool."""
    if "celery" not in sys.modules:
        return
    signals: Any = import_module("celery.signals")
    signals.worker_process_shutdown.connect(
        lambda **_: flush(), weak=False, dispatch_uid="respan_langchain"
    )
