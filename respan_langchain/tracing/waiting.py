"""What the run tracker needs of the traces that stopped and wait to be resumed.

They wait in this process (`interrupt_store.py`), or in a store of all processes.
"""

from collections.abc import Callable
from typing import Protocol

from respan_langchain.tracing.run import Trace


class WaitingTraces(Protocol):
    """The interrupted traces of one handler."""

    def __len__(self) -> int:
        """Return how many wait for this handler to deliver them."""
        ...

    def put(self, trace: Trace, now: float) -> bool:
        """Keep a trace whose root ended until it is resumed; False when its root is finished."""
        ...

    def join_earlier(self, trace: Trace) -> None:
        """Join a resumed trace with its earlier part, if that waits."""
        ...

    def next_deadline(self) -> float | None:
        """Return when `take_due` has something to return; None when nothing waits."""
        ...

    def take_due(self, now: float) -> list[Trace]:
        """Return the traces that were not resumed in time."""
        ...

    def remove(self, is_removed: Callable[[Trace], bool]) -> int:
        """Remove the traces of this process for which this is true; return how many there were."""
        ...

    def clear(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        ...


def stop_key(trace: Trace) -> str | None:
    """Return where a trace whose root ended stopped; None when it is complete.

    The id of a checkpoint, or the thread where langgraph reports none: for a graph that was
    drained, or whose stream was left at its interrupt.
    """
    root = trace.root
    if root.status == "interrupted" and (trace.checkpoint_id or root.exception is None):
        return trace.checkpoint_id
    return thread_key(trace) if root.status in ("interrupted", "drained") else None


def thread_key(trace: Trace) -> str | None:
    """Return which thread of which graph a trace belongs to; None without a checkpointer."""
    thread_id = trace.root.metadata.get("thread_id")
    return None if thread_id is None or thread_id == "" else f"{trace.root.name}:{thread_id}"
