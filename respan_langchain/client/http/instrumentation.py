"""Hides the package's own requests from OpenTelemetry's instrumentations and from the app's log.

At DEBUG httpcore logs the headers of each response, and httpx its reason at INFO: a server may
repeat the API key there. The app's own requests are logged as before.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

LOGGERS: Final = [
    "httpx", "httpx2",
    *(
        f"{library}.{part}"
        for library in ("httpcore", "httpcore2")
        for part in ("connection", "http11", "http2", "proxy", "socks")
    ),
]  # fmt: skip

_is_ours: Final = ContextVar("respan_langchain.client.http.is_ours", default=False)


@contextmanager
def suppress_instrumentation() -> Iterator[None]:
    """Create no spans and no log lines for requests and ends of connections inside the block."""
    _filter_loggers()
    token = _is_ours.set(True)
    try:
        with _suppress_spans():
            yield
    finally:
        _is_ours.reset(token)


@cache
def _filter_loggers() -> None:
    # A filter of a logger does not hold for those below it, so each gets it.
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_of_the_app)


def _is_of_the_app(_: logging.LogRecord) -> bool:
    return not _is_ours.get()


@contextmanager
def _suppress_spans() -> Iterator[None]:
    opentelemetry: Any = sys.modules.get("opentelemetry.context")
    if opentelemetry is None:
        yield
        return
    # Older instrumentations look for the plain key, newer ones for the private constant.
    context = opentelemetry.set_value("suppress_instrumentation", True)
    key = getattr(opentelemetry, "_SUPPRESS_INSTRUMENTATION_KEY", None)
    if key is not None:
        context = opentelemetry.set_value(key, True, context)
    token = opentelemetry.attach(context)
    try:
        yield
    finally:
        opentelemetry.detach(token)
