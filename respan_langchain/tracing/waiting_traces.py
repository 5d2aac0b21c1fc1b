"""The traces of one handler that stopped before their end, in the store that it shares."""

from collections.abc import Callable

from respan_langchain.serialization.json_value import Json
from respan_langchain.tracing.interrupts import InterruptStore, continue_trace, freeze, thaw
from respan_langchain.tracing.run import Trace


class WaitingTraces:
    """Puts traces into the store, and joins resumed traces with those of any handler."""

    def __init__(
        self, store: InterruptStore, timeout: float, to_json: Callable[[object], Json]
    ) -> None:
        """Traces wait for `timeout` seconds, their content as `to_json` copies it."""
        self._store = store
        self._timeout = timeout
        self._to_json = to_json

    def __len__(self) -> int:
        return self._store.count(self)

    def put(self, trace: Trace, now: float) -> bool:
        """Let a trace whose root ended wait to be resumed; False when it is complete."""
        key = _stop_key(trace)
        if key is None or self._timeout <= 0:
            return False
        freeze(trace, self._to_json)
        self._store.put(key, trace, self, now + self._timeout)
        return True

    def join_earlier(self, trace: Trace) -> None:
        """Join a resumed trace with its earlier half, if that waits in this process."""
        drained = _drain_key(trace) if trace.forked_from is None else None
        for key in (trace.resumed_from, drained):
            earlier = None if key is None else self._store.take(key)
            if earlier is not None:
                continue_trace(thaw(earlier), trace)
                return

    def next_deadline(self) -> float | None:
        """When the first of this handler's traces is due; None when none waits."""
        return self._store.next_deadline(self)

    def take_due(self, now: float) -> list[Trace]:
        """Return this handler's traces that nobody resumed in time."""
        return [thaw(trace) for trace in self._store.take_due(self, now)]


def _stop_key(trace: Trace) -> str | None:
    """Where a trace stopped; None when it is complete."""
    if trace.root.status == "interrupted":
        return trace.checkpoint_id
    return _drain_key(trace) if trace.root.status == "drained" else None


def _drain_key(trace: Trace) -> str | None:
    """The key of a graph that was drained: LangGraph does not report its checkpoint."""
    thread_id = trace.root.metadata.get("thread_id")
    return None if thread_id is None or thread_id == "" else f"drained:{thread_id}"
