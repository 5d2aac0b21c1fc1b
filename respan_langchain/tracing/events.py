"""Callback events: tuples that the app's threads put into the event queue and the worker applies.

One is made for every callback on the app's thread, so it is a plain tuple, which costs least:

    (kind, size, at, run_id, content, details)

`kind`, one of the constants below, selects the method of `RunTracker` that the event is applied
with; it names content and `details` as its arguments. `size` is an estimate of the content in
bytes, None where it was not measured. `at` is in seconds on the monotonic clock. `content` is what
the app gave or received: the only part that may be copied, measured, or left out (`OMITTED`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from respan_langchain.tracing.size_estimate import estimate_size

RunKind = Literal["chain", "chat", "llm", "tool", "retriever"]
RunStatus = Literal["success", "error", "abandoned", "interrupted", "drained", "incomplete"]
"""docs/capture.md explains each; `drained` is langgraph's word (`RunControl.request_drain()`)."""


# Kinds of events, with the content and the details of each. Plain ints: reading the member of an
# enum costs 100 ns, and a callback 2,000 in all.
START: Final = 0
"""Content: the inputs. Details: `StartDetails`. Applied by `RunTracker.start`."""
FIRST_TOKEN: Final = 1
"""A model began to answer. Content: the list of its tokens, which grows until the run ends. Applied
by `RunTracker.first_token`."""
RETRY: Final = 2
"""A model repeats its request by itself. Applied by `RunTracker.retry`."""
STREAMED_INPUTS: Final = 3
"""Content: the inputs of a streamed chain, which are not known before its end. Applied by
`RunTracker.streamed_inputs`."""
END: Final = 4
"""Content: the outputs. Details: for models, the `StreamUsage` where there is one. Applied by
`RunTracker.end`."""
ERROR: Final = 5
"""Content: what a model had answered until then. Details: a `RaisedException`, and as for END.
Applied by `RunTracker.error`."""
INTERRUPT: Final = 6
"""Details: the checkpoint's id and the interrupts. Applied by `RunTracker.interrupt`."""
RESUME: Final = 7
"""Details: the checkpoint's id. Applied by `RunTracker.resume`."""
FEEDBACK: Final = 8
"""Given by the app, not by LangChain. Content: the expected output. Details: the `FeedbackDetails`
of `pipeline/run_feedback.py`. Applied by `RunFeedback.add_feedback`."""

Event: TypeAlias = tuple[int, int | None, float, UUID, object, tuple[Any, ...]]


StreamUsage: TypeAlias = tuple[object, object]
"""The first and the last usage that the chunks of a model's stream carried, unread."""


StartDetails: TypeAlias = tuple[
    UUID | None,
    UUID | None,
    Mapping[str, Any] | None,
    RunKind,
    object,
    Sequence[str] | None,
    Mapping[str, Any] | None,
    tuple[Any, Any, Any] | None,
    str | None,
]
"""The arguments of `RunTracker.start`, from `parent_id` on."""


def event_size(event: Event) -> int:
    """Return the estimated size of an event's content in bytes."""
    _, size, _, _, content, _ = event
    return estimate_size(content) if size is None else size


class Omitted:
    """Stands for content that was left out because too many bytes were waiting."""

    def __repr__(self) -> str:
        return "<omitted>"


OMITTED: Final = Omitted()
OMITTED_NOTE: Final = "…[omitted: too much was waiting]"
"""What a row shows in its place."""


@dataclass(frozen=True, slots=True)
class RaisedException:
    """The exception that a run ended with, as strings."""

    status: RunStatus
    """The run's status; `success` for a graph's command to its parent, which langgraph raises."""
    type: str = ""
    """The exception's class, with its module unless that is builtins."""
    message: str = ""
    status_code: int | None = None
    """The HTTP status, where the exception was made of an HTTP response."""
    interrupts: Sequence[object] = ()
    """What a graph's interrupt asks for."""


class ModelRequest(NamedTuple):
    """What LangChain reports about a model call before it is made, unread."""

    serialized: Mapping[str, Any] | None
    invocation_params: Mapping[str, Any] | None
    options: Mapping[str, Any] | None


EMPTY_MODEL_REQUEST: Final = ModelRequest(None, None, None)
