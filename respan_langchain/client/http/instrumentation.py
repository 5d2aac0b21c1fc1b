"""Hides the package's own requests from OpenTelemetry's HTTP instrumentations."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def suppress_instrumentation() -> Iterator[None]:
    """Create no spans for requests inside the block; does nothing without OpenTelemetry."""
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
