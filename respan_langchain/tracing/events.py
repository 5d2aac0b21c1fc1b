"""What an event carries: values that are made on the app's thread, so they are few and cheap.

An event is a tuple: its size in bytes, None for content that was not weighed; the name of a method
of `RunTracker`; and that method's arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from respan_langchain.tracing.size_estimate import estimate_size

Event = tuple[Any, ...]
Kind = Literal["chain", "chat", "llm", "tool", "retriever"]
Status = Literal["success", "error", "abandoned", "interrupted", "incomplete"]


def estimate_event_size(event: Event) -> int:
    """The size in bytes of an event, estimated now if it was not when it was written down."""
    if event[0] is not None:
        return event[0]  # type: ignore[no-any-return]  # an int, as said above
    if event[1] == "start":
        return estimate_size(event[9])  # the inputs
    return sum(
        map(estimate_size, event[4:6])
    )  # the outputs, and the inputs where they were streamed


class Unchanged:
    """An argument that was not given, where None would be an answer."""


UNCHANGED: Final = Unchanged()


class Omitted:
    """In place of content that was not taken along, because too much was waiting already."""

    def __repr__(self) -> str:
        return "<omitted>"


OMITTED: Final = Omitted()


@dataclass(frozen=True, slots=True)
class Failure:
    """How a run ended that did not succeed, in strings."""

    status: Status
    """`success` for control flow that uses exceptions.

    A graph's command to its parent, a drained graph.
    """
    type: str = ""
    """The exception's class, with its module unless that is builtins."""
    message: str = ""
    interrupts: Sequence[object] = ()
    """What a graph's interrupt asks for."""


class ModelRequest(NamedTuple):
    """What LangChain said of a model call before it was made; raw, read by `model.py`."""

    serialized: Mapping[str, Any] | None
    invocation_params: Mapping[str, Any] | None
    options: Mapping[str, Any] | None


EMPTY_MODEL_REQUEST: Final = ModelRequest(None, None, None)
