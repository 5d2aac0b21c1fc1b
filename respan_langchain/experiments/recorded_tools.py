"""Recorded tools: inside a replay, tools and retrievers answer from the recording.

`BaseTool.run` and `arun`, `BaseRetriever.invoke` and `ainvoke` are how chains, agents,
tool nodes and MCP adapters reach a tool. They are replaced while a replay runs, and look at a
context variable first: calls outside of the replay reach the real tool. The originals come back
when the last replay and the last trial have ended, however they end: a trial that was given up
outlives its replay, and must not reach a real tool then. Tested with langchain-core 1.0 to 1.8; a
replay fails before its first row where a class has no such method.
"""

import builtins
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, Generic, Literal, TypeVar

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, ToolException

from respan_langchain.datasets.export.rows import json_text
from respan_langchain.errors import RespanError
from respan_langchain.experiments.calls import Call, Recording

OnDivergence = Literal["stop", "tell", "live"]
Session = TypeVar("Session")


class DivergenceError(RespanError):
    """A replayed row made a call that was not recorded."""


class RecordedToolError(Exception):
    """A tool's recorded error; `args[0]` is `Type: message`."""


@dataclass(slots=True)
class ToolSession:
    """The tools that one replayed row may call, and the calls that it made."""

    recording: Recording
    allowed: frozenset[str] = frozenset()
    """Names of tools that run for real."""
    on_divergence: OnDivergence = "stop"
    divergences: list[str] = field(default_factory=list)
    """Calls that were not recorded, each with the recorded call that is most like it."""
    calls: list[Call] = field(default_factory=list)
    """Calls that were answered from the recording or run, in order."""
    has_stopped: bool = False
    """Whether a call that was not recorded ended the row."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Parallel tool calls of one row share a recording."""

    def answer(self, tool: str, arguments: Any, metadata: Mapping[str, Any]) -> Call | None:
        """Return the recorded call; None when the tool is to run for real.

        `metadata` is that of the tool, with the annotations of an MCP server.

        Raises:
            DivergenceError: The call was not recorded, and the row stops there.
        """
        with self.lock:
            call = self.recording.take(tool, arguments)
            if call is None:
                call = self._diverge(tool, arguments, metadata)
            if call is not None:
                self.calls.append(call)
            return call

    def _diverge(self, tool: str, arguments: Any, metadata: Mapping[str, Any]) -> Call | None:
        if self.on_divergence == "live" and self._may_run(tool, metadata):
            return None
        nearest = self.recording.nearest(tool, arguments)
        found = (
            "nothing was" if nearest is None else f"nearest: {nearest.tool}({nearest.arguments!r})"
        )
        divergence = f"{tool}({arguments!r}) was not recorded; {found}"
        self.divergences.append(divergence)
        if self.on_divergence == "tell":
            return Call(tool, arguments, output=f"Error: {divergence}", status="error")
        self.has_stopped = True
        raise DivergenceError(divergence)

    def _may_run(self, tool: str, metadata: Mapping[str, Any]) -> bool:
        """Whether a tool may run: it is allowed or read-only, and not marked as destructive."""
        if metadata.get("destructiveHint") is True:
            return False
        return tool in self.allowed or metadata.get("readOnlyHint") is True


class Replacement(Generic[Session]):
    """Something global that is replaced while a `with` block needs it, and asks a session."""

    def __init__(self, name: str, make: Callable[[], None], undo: Callable[[], None]) -> None:
        self.session: ContextVar[Session | None] = ContextVar(name, default=None)
        """The session of the context; None outside of a replay."""
        self._make = make
        self._undo = undo
        self._users = 0
        self._lock = threading.Lock()

    @contextmanager
    def answered_by(self, session: Session) -> Iterator[None]:
        """Answer calls of this context and of the tasks that it starts from a session."""
        token = self.session.set(session)
        try:
            with self:
                yield
        finally:
            self.session.reset(token)

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._make()
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._undo()


_METHODS: Final = (
    (BaseTool, "run"), (BaseTool, "arun"), (BaseRetriever, "invoke"), (BaseRetriever, "ainvoke"),
)  # fmt: skip
_originals: Final[dict[tuple[type, str], Callable[..., Any]]] = {}


def _replace_methods() -> None:
    _originals.update({(owner, name): vars(owner)[name] for owner, name in _METHODS})
    for (owner, name), original in _originals.items():
        setattr(owner, name, _replacement(original))


def _restore_methods() -> None:
    for (owner, name), original in _originals.items():
        setattr(owner, name, original)
    _originals.clear()


tools_replaced = Replacement[ToolSession]("respan_tools", _replace_methods, _restore_methods)
"""Replaces the methods of tools and retrievers."""


def _replacement(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that looks at the recording before it calls the original."""
    if iscoroutinefunction(original):

        @wraps(original)
        async def replaced_async(self: BaseTool | BaseRetriever, *args: Any, **named: Any) -> Any:
            call = _find_call(self, args, named)
            if call is None:
                return await original(self, *args, **named)
            return _result(self, call, named)

        return replaced_async

    @wraps(original)
    def replaced(self: BaseTool | BaseRetriever, *args: Any, **named: Any) -> Any:
        call = _find_call(self, args, named)
        return original(self, *args, **named) if call is None else _result(self, call, named)

    return replaced


def _find_call(
    tool: BaseTool | BaseRetriever, args: Sequence[Any], named: Mapping[str, Any]
) -> Call | None:
    """Return the recorded call; None outside of a replay, and when the tool is to run."""
    session = tools_replaced.session.get()
    if session is None:
        return None
    if isinstance(tool, BaseTool):
        name, argument = tool.name, "tool_input"
    else:
        name, argument = tool.get_name(), "input"
    arguments = args[0] if args else named.get(argument)
    return session.answer(name, arguments, tool.metadata or {})


def _result(tool: BaseTool | BaseRetriever, call: Call, named: Mapping[str, Any]) -> Any:
    """Return what the call returned; raise its error."""
    if call.error is not None:
        raise recorded_error(call.error)
    if isinstance(tool, BaseTool):
        return _tool_result(tool, call, named.get("tool_call_id"))
    return [
        Document(
            id=document.get("id"),
            page_content=str(document["content"]),
            metadata=document.get("metadata") or {},
        )
        for document in call.output
    ]


def _tool_result(tool: BaseTool, call: Call, tool_call_id: str | None) -> Any:
    """Return the tool's result, as a message where a model called it."""
    if tool_call_id is None:
        return call.output
    status: Literal["success", "error"] = "error" if call.status == "error" else "success"
    content = call.output if isinstance(call.output, str | list) else json_text(call.output)
    return ToolMessage(content, tool_call_id=tool_call_id, name=tool.name, status=status)


def recorded_error(error: str) -> Exception:
    """Return the recorded error, of its own type where Python or LangChain has it."""
    name, _, message = error.partition(": ")
    kind = {"ToolException": ToolException}.get(name) or getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(message)
        except TypeError:  # UnicodeDecodeError wants more than a message
            pass
    return RecordedToolError(error)
