"""Our own requests stay out of the app's traces.

An instrumented httpx would report them as if the app had made them. OpenTelemetry's
instrumentations look at two keys of its context; they are set only where the app has loaded it, so
that nothing is imported for this.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unseen_by_tracers() -> Iterator[None]:
    """Let OpenTelemetry's instrumentations overlook what happens in here."""
    opentelemetry: Any = sys.modules.get("opentelemetry.context")
    if opentelemetry is None:
        yield
        return
    # The plain key is what older instrumentations ask for.
    ours = opentelemetry.set_value("suppress_instrumentation", True)
    key = getattr(opentelemetry, "_SUPPRESS_INSTRUMENTATION_KEY", None)
    if key is not None:
        ours = opentelemetry.set_value(key, True, ours)
    token = opentelemetry.attach(ours)
    try:
        yield
    finally:
        opentelemetry.detach(token)
