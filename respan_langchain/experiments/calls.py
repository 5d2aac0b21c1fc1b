"""Recorded tool calls: how a call is recognized, and which recorded result answers it.

Pure. A call is recognized by the tool's name and its canonical arguments, never by its position:
by position, a tool could get the result of another tool, and the test would still pass.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import orjson

SHOWN: Final = 200
"""Characters of a call that a report shows."""
INJECTED: Final = frozenset({"state", "store", "runtime", "tool_call_id", "config", "callbacks"})
"""Arguments that LangGraph and LangChain inject; no model chose them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded tool or retriever call."""

    tool: str
    arguments: Any
    output: Any = None
    error: str | None = None
    """`Type: message` of what the tool raised; None if it returned."""
    status: str = "success"
    is_retrieval: bool = False
    """Whether a retriever was called: the arguments are its query, the output its documents."""

    @property
    def key(self) -> str:
        """Equal for two calls of the same tool with the same arguments."""
        return call_key(self.tool, self.arguments)

    def __str__(self) -> str:
        """Return the tool and the beginning of its arguments, for a report."""
        key = self.key
        return key if len(key) <= SHOWN else f"{key[:SHOWN]}…"


def call_key(tool: str, arguments: Any) -> str:
    """Return the name and the canonical arguments of a call as one text.

    >>> call_key("add", {"b": 1.0, "a": 2}) == call_key("add", {"a": 2, "b": 1})
    True
    """
    if isinstance(arguments, Mapping):
        arguments = {name: each for name, each in arguments.items() if name not in INJECTED}
    return f"{tool} {canonical(arguments)}"


def canonical(value: Any) -> str:
    """Return JSON with sorted keys, whole floats as integers, and text stripped."""
    return orjson.dumps(_normalize(value), option=orjson.OPT_SORT_KEYS, default=str).decode()


def read_calls(trajectory: Any) -> list[Call]:
    """Read the calls of a row's `metadata.trajectory`, in their order."""
    steps = trajectory if isinstance(trajectory, Iterable) else ()
    return [
        Call(
            tool=str(step["tool"]),
            arguments=step.get("input"),
            output=step.get("output"),
            error=step.get("error"),
            status=str(step.get("status") or "success"),
        )
        for step in steps
        if isinstance(step, Mapping) and step.get("tool")
    ]


def read_retrievals(metadata: Mapping[str, Any]) -> list[Call]:
    """Read the calls of retrievers in a row's metadata, in their order."""
    documents = metadata.get("retrieved_documents") or ()
    return [
        Call(
            tool=str(retrieval["name"]),
            arguments=retrieval.get("input"),
            output=[documents[position] for position in retrieval.get("documents") or ()],
            error=retrieval.get("error"),
            is_retrieval=True,
        )
        for retrieval in metadata.get("retrievals") or ()
    ]


class Recording:
    """The calls of one row. Each answers once; equal calls answer in recorded order."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = list(calls)
        self._left: dict[str, deque[Call]] = defaultdict(deque)
        for call in self._calls:
            self._left[call.key].append(call)

    def take(self, tool: str, arguments: Any) -> Call | None:
        """Return the recorded call; None when it was not recorded, or was taken already."""
        left = self._left.get(call_key(tool, arguments))
        return left.popleft() if left else None

    def nearest(self, tool: str, arguments: Any) -> Call | None:
        """Return the recorded call that is most similar to one that was not recorded."""
        asked = call_key(tool, arguments)
        same_tool = [call for call in self._calls if call.tool == tool]
        return max(
            same_tool or self._calls,
            key=lambda call: SequenceMatcher(None, asked, call.key, autojunk=False).ratio(),
            default=None,
        )

    @property
    def unused(self) -> list[Call]:
        """Recorded calls that were not made again."""
        left = {id(call) for calls in self._left.values() for call in calls}
        return [call for call in self._calls if id(call) in left]


def _normalize(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _normalize(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_normalize(each) for each in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value.strip() if isinstance(value, str) else value
