"""How a run failed, in strings.

An exception is never kept: its traceback would keep the app's frames. Runs inside the app's calls
and never raises.
"""

import asyncio
import sys
from collections.abc import Sequence

from respan_langchain.tracing.events import Failure


def describe_failure(error: BaseException) -> Failure:
    """Describe the exception that ended a run, langgraph's control flow included."""
    errors = sys.modules.get("langgraph.errors")
    # By class, not by name: an app may have an error of its own called GraphInterrupt.
    if errors is not None and isinstance(error, errors.GraphBubbleUp):
        if isinstance(error, errors.GraphInterrupt):
            return Failure("interrupted", interrupts=_interrupts(error))
        if type(error).__name__ == "GraphDrained":  # not in every langgraph
            return Failure("drained", message=_message(error))
        return Failure("success")
    if isinstance(error, GeneratorExit | asyncio.CancelledError):
        return Failure("abandoned", type=type(error).__name__)
    return Failure("error", type=_qualified_class(error), message=_message(error))


def _interrupts(error: BaseException) -> Sequence[object]:
    interrupts = error.args[0] if error.args else ()
    return tuple(interrupts) if isinstance(interrupts, list | tuple) else (interrupts,)


def _qualified_class(error: BaseException) -> str:
    cls = type(error)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # the app's own `__str__` may raise anything
        return "<an error that cannot be shown>"
