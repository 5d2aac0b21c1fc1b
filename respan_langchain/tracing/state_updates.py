"""Tool calls that a person edits with `graph.update_state` before the graph is resumed.

LangGraph writes the update by a run of its own, where the call has the handler among its callbacks.
A message with tool calls in it replaces the model's: each call is a decision, an edit.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from respan_langchain._untyped_values import read_part
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.waiting import thread_key

UPDATE_STATE_SUFFIX: Final = "UpdateState"
MAX_THREADS: Final = 1_000
"""Threads whose edits wait for the graph to be resumed."""


def is_state_update(root: Run) -> bool:
    """Whether a root is `graph.update_state`, which is no call of the graph and becomes no row."""
    return root.name.endswith(UPDATE_STATE_SUFFIX) and "thread_id" in root.metadata


class StateUpdates:
    """The edits of each thread, until its graph is called."""

    def __init__(self) -> None:
        self._edits: OrderedDict[str, list[Decision]] = OrderedDict()

    def add(self, root: Run) -> None:
        """Note the tool calls in an update."""
        edits = [_edit(call) for call in _find_calls(root.inputs)]
        if not edits:
            return
        graph = root.name.removesuffix(UPDATE_STATE_SUFFIX)
        self._edits[f"{graph}:{root.metadata['thread_id']}"] = edits
        if len(self._edits) > MAX_THREADS:
            self._edits.popitem(last=False)

    def take(self, trace: Trace) -> list[Decision]:
        """Remove and return what was edited before a trace was resumed."""
        edits = self._edits.pop(thread_key(trace) or "", []) if self._edits else []
        return edits if trace.resumed_run_ids else []


def _edit(call: Mapping[str, Any]) -> Decision:
    edited = {"name": call.get("name"), "args": call.get("args")}
    return {"type": "edit", "proposed": {"tool_call_id": call["id"]}, "edited_action": edited}


def _find_calls(update: object) -> Iterable[Mapping[str, Any]]:
    """Return the tool calls in the messages of an update."""
    values = update.values() if isinstance(update, Mapping) else ()
    for messages in values:
        for message in messages if isinstance(messages, list | tuple) else (messages,):
            found = read_part(message, "tool_calls")
            for call in found if isinstance(found, list) else ():
                if isinstance(call, Mapping) and isinstance(call.get("id"), str):
                    yield call
