"""Describes the exception that ended a run, in strings.

An exception is never kept: its traceback would keep the app's frames. Runs inside the app's calls
and never raises.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, Final

from respan_langchain._foreign_code import safe_call
from respan_langchain.tracing.events import RaisedException

_MAX_CAUSES: Final = 5
"""Errors that are followed from one to the one it was raised from."""


def describe_exception(error: BaseException) -> RaisedException:
    """Describe the exception that ended a run, langgraph's control flow included."""
    errors = sys.modules.get("langgraph.errors")
    # By class, not by name: an app may have an error of its own called GraphInterrupt.
    if errors is not None and isinstance(error, errors.GraphBubbleUp):
        if isinstance(error, errors.GraphInterrupt):
            return RaisedException("interrupted", interrupts=_interrupts(error))
        if type(error).__name__ == "GraphDrained":  # not in every langgraph
            return RaisedException("drained", message=_message(error))
        return RaisedException("success")
    if isinstance(error, GeneratorExit | asyncio.CancelledError):
        return RaisedException("abandoned", type=type(error).__name__)
    return RaisedException(
        "error",
        type=_qualified_class(error),
        message=_message(error),
        status_code=_status_code(error),
    )


def _interrupts(error: BaseException) -> Sequence[object]:
    interrupts = error.args[0] if error.args else ()
    return tuple(interrupts) if isinstance(interrupts, list | tuple) else (interrupts,)


def _qualified_class(error: BaseException) -> str:
    cls = type(error)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def _message(error: BaseException) -> str:
    message = safe_call(str, error)
    return message if isinstance(message, str) else "<an error that cannot be shown>"


def _status_code(error: BaseException) -> int | None:
    """Read the HTTP status of an error, or of the error that it was raised from."""
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            return None
        code = safe_call(_own_status_code, current)
        if isinstance(code, int):
            return code
        current = current.__cause__
    return None


def _own_status_code(error: Any) -> int | None:
    """Read the status of one error, wherever its library keeps it."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode")
    else:  # httpx and requests; OpenAI, Anthropic, Cohere and Ollama; google-genai
        status = getattr(response, "status_code", None)
    for code in (status, getattr(error, "status_code", None), getattr(error, "code", None)):
        if type(code) is int and 400 <= code <= 599:
            return code
    return None
