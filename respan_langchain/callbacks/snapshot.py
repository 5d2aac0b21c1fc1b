"""What is taken from an event on the app's thread: copies of one level, names, ends in words.

Everything here runs inside the app's calls, so it does as little as can be done there, and never
raises.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from respan_langchain.tracing.events import Failure


def copy_shallow(value: object) -> object:
    """Copy what the app may change next.

    The dict or list itself and its direct lists; what is in them is shared.
    """
    if type(value) is dict:
        return {key: list(part) if type(part) is list else part for key, part in value.items()}
    return list(value) if type(value) is list else value


def describe_failure(error: BaseException) -> Failure:
    """Say in words how a run failed.

    The exception itself must not be kept: its traceback holds the app's frames.
    """
    errors = sys.modules.get("langgraph.errors")
    # By class, not by name: an app may have an error of its own called GraphInterrupt.
    if errors is not None and isinstance(error, errors.GraphBubbleUp):
        if isinstance(error, errors.GraphInterrupt):
            return Failure("interrupted", interrupts=_interrupts(error))
        return Failure("success")
    if isinstance(error, GeneratorExit | asyncio.CancelledError):
        return Failure("abandoned", type=type(error).__name__)
    return Failure("error", type=_class_of(error), message=_words_of(error))


def has_content(token: object, chunk: Any) -> bool:
    """Whether a streamed token is the first sign of an answer.

    Text, or a tool call being written.
    """
    return bool(token) or bool(getattr(getattr(chunk, "message", None), "tool_call_chunks", None))


def _interrupts(error: BaseException) -> Sequence[object]:
    found = error.args[0] if error.args else ()
    return tuple(found) if isinstance(found, list | tuple) else (found,)


def _class_of(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # its own __str__ can do anything
        return "<an error that cannot be shown>"
