"""Names the OpenTelemetry trace in which the app makes a call. Imports nothing of OpenTelemetry."""

import sys
from collections.abc import Mapping
from typing import Any, Final

TRACE_ID: Final = "otel_trace_id"
"""The key in a root's metadata; the value is the trace's id, 32 hexadecimal digits."""


def add_trace_id(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a root's metadata with the id of the current trace; an id of the app's own wins.

    Return it as it is where the app has not imported OpenTelemetry, or is in no span.
    """
    get_context: Any = getattr(sys.modules.get("opentelemetry.context"), "get_current", None)
    # Outside of all spans the context is empty: one call finds that out.
    if get_context is None or not get_context():
        return metadata
    get_current_span: Any = getattr(
        sys.modules.get("opentelemetry.trace"), "get_current_span", None
    )
    if get_current_span is None:
        return metadata
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return metadata
    return {TRACE_ID: format(context.trace_id, "032x"), **(metadata or {})}
