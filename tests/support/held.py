"""A worker that stands still, so that what an app does next is done before anything is read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.models import FakeChat


@contextmanager
def worker_held(make_handler: Callable[..., Any]) -> Iterator[None]:
    """Hold the one worker of a platform, in the listener of another handler, for a block."""
    held, go = threading.Event(), threading.Event()

    def hold(_: bytes) -> None:
        held.set()
        go.wait()

    other = make_handler(dataset="other", on_row=hold)
    FakeChat().invoke("Hello", {"callbacks": [other]})
    held.wait()
    try:
        yield
    finally:
        go.set()
