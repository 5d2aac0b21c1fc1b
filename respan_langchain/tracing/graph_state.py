"""What the nodes of a root graph read from its state, and which keys they wrote.

A graph returns its whole state, including what a checkpointer restored from earlier calls. These
records separate the part of this call from the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from respan_langchain._foreign_code import safe_call
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.graph_commands import command_update, is_command


@dataclass(slots=True, eq=False)
class GraphState:
    """What the events of its nodes show of the state of one root graph."""

    has_nodes: bool = False
    """Whether a node has started; False for chains and for graphs with nothing to do."""
    start: object = None
    """What the first node read: the restored state with the caller's input.

    None when no node has started or the content was left out.
    """
    written: frozenset[str] = frozenset()
    """Keys that nodes wrote."""
    is_complete: bool = True
    """False when a node's update has no known keys; then any key may have been written."""

    def add_start(self, inputs: object) -> None:
        """Note what a node reads; only the first one of a trace counts."""
        if not self.has_nodes:
            self.has_nodes = True
            self.start = None if inputs is OMITTED else inputs

    def omit_start(self) -> None:
        """Drop what the first node read, because too much content waits."""
        self.start = None

    def add_update(self, outputs: object) -> None:
        """Note what a node returned: a part of the state, commands, or a list of both."""
        keys = safe_call(update_keys, outputs)
        if isinstance(keys, set):
            self.written |= keys
        else:
            self.is_complete = False

    def may_have_written(self, key: str) -> bool:
        """Whether a node wrote this key, or could have."""
        return not self.is_complete or key in self.written

    def continue_from(self, earlier: "GraphState") -> None:
        """Put an interrupted call's part before this one."""
        if earlier.has_nodes:
            self.has_nodes, self.start = True, earlier.start
        self.written |= earlier.written
        self.is_complete = self.is_complete and earlier.is_complete


def update_keys(outputs: object) -> set[str] | None:
    """Return the keys of the state that a node's return value writes; None when unknown.

    >>> sorted(update_keys([{"messages": []}, None, {"report": "x"}]))
    ['messages', 'report']
    """
    if outputs is None:
        return set()
    if isinstance(outputs, Mapping):
        return set(map(str, outputs))
    if isinstance(outputs, list | tuple):
        found = [update_keys(part) for part in outputs]
        known = [keys for keys in found if keys is not None]
        return set().union(*known) if len(known) == len(found) else None
    if is_command(outputs):
        return set(command_update(outputs))
    if type(outputs).__qualname__ == "entrypoint.final":  # what a functional app returns and saves
        return update_keys(getattr(outputs, "value", None))
    return _field_names(type(outputs))


def _field_names(state_class: type) -> set[str] | None:
    """Return the fields of a state that is a pydantic model or a dataclass."""
    for name in ("model_fields", "__dataclass_fields__"):
        fields = getattr(state_class, name, None)
        if isinstance(fields, Mapping):
            return set(fields)
    return None
