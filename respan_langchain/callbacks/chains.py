"""Events of chains and graphs."""

from time import monotonic
from typing import Any
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.snapshot import describe_failure
from respan_langchain.tracing.events import UNCHANGED


class ChainCallbacks(CallbackBase):
    """Hears of chains, graphs and their nodes; of interrupts only where langgraph is installed."""

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        run_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        """A chain, a graph or one of its nodes begins."""
        try:
            size: int | None = 0
            above, configurable, is_root = self._begin(run_id, parent_run_id)
            if is_root and parent_run_id is not None:
                self._inner_roots[run_id.int] = True
            if is_root or self._every_chain:
                inputs, size = self._content(inputs)
            elif len(self._events) > self._backlog.unmeasured:
                inputs, size = self._weighed(inputs)
            self._note(
                (
                    size,
                    "start",
                    monotonic(),
                    run_id,
                    parent_run_id,
                    above,
                    configurable,
                    "chain",
                    name or serialized,
                    inputs,
                    tags or None,
                    metadata or None,
                )
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_chain_end(
        self,
        outputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        inputs: Any = UNCHANGED,
        **kwargs: Any,
    ) -> None:
        """A chain returned; `inputs` come along only when it was streamed."""
        try:
            size: int | None = 0
            inner = self._inner_roots
            is_root = parent_run_id is None or (inner and inner.pop(run_id.int, False))
            if is_root or self._every_chain:
                outputs, size = self._content(outputs)
                if inputs is not UNCHANGED:
                    inputs, more = self._content(inputs)
                    size = None if size is None or more is None else size + more
            elif len(self._events) > self._backlog.unmeasured:
                outputs, size = self._weighed(outputs)
            self._end((size, "end", monotonic(), run_id, outputs, inputs))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_chain_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: Any = UNCHANGED,
        **kwargs: Any,
    ) -> None:
        """A chain raised, was abandoned or was interrupted."""
        try:
            size = 0
            is_root = self._inner_roots.pop(run_id.int, parent_run_id is None)
            if inputs is not UNCHANGED and (is_root or self._every_chain):
                inputs, size = self._weighed_content(inputs)
            self._end((size, "error", monotonic(), run_id, describe_failure(error), None, inputs))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_interrupt(self, event: Any) -> None:
        """A graph stops to wait for someone."""
        try:
            self._note(
                (
                    0,
                    "interrupt",
                    monotonic(),
                    event.run_id,
                    str(event.checkpoint_id),
                    tuple(event.interrupts),
                )
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_resume(self, event: Any) -> None:
        """A graph goes on where it stopped."""
        try:
            self._note((0, "resume", monotonic(), event.run_id, str(event.checkpoint_id)))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)
