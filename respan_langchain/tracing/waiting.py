"""Whether a trace whose root ended waits to be resumed, and the interface of where it waits.

`set_interrupted` and `stop_key` decide. Traces wait in this process (`interrupt_store.py`), or with
`via` in Redis (`pipeline/shared_traces.py`).
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
        """Keep a trace whose root ended, if it has a `stop_key`; False if its root is finished."""
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


def set_interrupted(trace: Trace) -> None:
    """Set the status of a root that ended at an interrupt, as LangChain does not report."""
    is_interrupted = bool(trace.interrupts) or trace.checkpoint_id is not None
    # Apps stop reading a graph's stream where it shows the interrupt.
    if is_interrupted and trace.root.status in ("success", "abandoned"):
        trace.root.status = "interrupted"


def stop_key(trace: Trace, timeout: float) -> str | None:
    """Return the key under which a trace whose root ended waits for at most `timeout` seconds.

    None: it does not wait, because it is complete or the timeout is 0. The key is the id of a
    checkpoint, or the thread where langgraph reports none: for a graph that stopped because of
    `RunControl.request_drain()`, or whose stream was left at its interrupt.
    """
    if timeout <= 0:
        return None
    root = trace.root
    if root.status == "interrupted" and (trace.checkpoint_id or root.exception is None):
        return trace.checkpoint_id
    return thread_key(trace) if root.status in ("interrupted", "drained") else None


def thread_key(trace: Trace) -> str | None:
    """Return which thread of which graph a trace belongs to; None without a checkpointer."""
    thread_id = trace.root.metadata.get("thread_id")
    return None if thread_id is None or thread_id == "" else f"{trace.root.name}:{thread_id}"
