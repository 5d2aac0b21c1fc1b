"""A worker that stands still, so that what an app does next is done before anything is read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.models import FakeChat


@contextmanager
def worker_held(make_handler: Callable[..., Any], **options: Any) -> Iterator[None]:
    """Hold the worker of handlers with these options, in the `on_row` of another, for a block."""
    held, go = threading.Event(), threading.Event()

    def hold(_: bytes) -> None:
        held.set()
        go.wait()

    other = make_handler(dataset="other", on_row=hold, **options)
    FakeChat().invoke("Hello", {"callbacks": [other]})
    held.wait()
    try:
        yield
    finally:
        go.set()
