"""LangGraph's `Command`, read without importing langgraph.

A command updates a graph's state, names the next node, or answers an interrupt.
"""

from collections.abc import Mapping
from typing import Final

from respan_langchain._foreign_code import safe_call
from respan_langchain._untyped_values import read_part

_FIELDS: Final = frozenset({"graph", "update", "resume", "goto"})


def is_command(value: object) -> bool:
    """Whether a value is a `Command`."""
    # A metaclass of the app's own may raise here.
    fields = safe_call(getattr, type(value), "__dataclass_fields__", None)
    return isinstance(fields, Mapping) and fields.keys() >= _FIELDS


def is_copied_command(value: object) -> bool:
    """Whether a value may be a command that was copied as JSON."""
    return type(value) is dict and "update" in value and value.keys() <= _FIELDS


def command_update(command: object) -> Mapping[str, object]:
    """Return the part of the state that a command writes; empty when it writes none.

    Commands that were copied as JSON are mappings.
    """
    update = read_part(command, "update")
    if isinstance(update, Mapping):
        return update
    # A list of pairs is allowed, too.
    if isinstance(update, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)
        for pair in update
    ):
        return dict(update)
    return {}
