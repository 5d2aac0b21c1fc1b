"""What is taken from an event on the app's thread: copies of one level, names, ends in words.

Everything here runs inside the app's calls, so it does as little as can be done there, and never
raises.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from respan_langchain.records.event import Failure


def copied(value: object) -> object:
    """Copy what the app may change next.

    The dict or list itself and its direct lists; what is in them is shared.
    """
    if type(value) is dict:
        return {key: list(part) if type(part) is list else part for key, part in value.items()}
    return list(value) if type(value) is list else value


def above_in(around: Mapping[str, Any] | None) -> tuple[UUID | None, Mapping[str, Any] | None]:
    """The run above, and the caller's `configurable`, as the context of a call says.

    LangChain forgets the parent of what `with_fallbacks` tries, or names the one above it, and
    forgets that of what is called by hand with `callbacks=[...]` inside a node (langchain issue
    36072); its own `RunnableConfig`, which stands in the context, still knows. The `configurable`
    is there too: LangChain keeps it from callbacks, and shows it to what runs below the root. The
    config itself is not taken along: it would keep LangChain's managers alive, some dozen objects.
    """
    if around is None:
        return None, None
    above = getattr(around.get("callbacks"), "parent_run_id", None)
    return (None, None) if above is None else (above, around.get("configurable") or None)


def failure_of(error: BaseException) -> Failure:
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


def says_something(token: object, chunk: Any) -> bool:
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
