"""Callbacks of chains and graphs."""

from typing import Any, Final
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.exceptions import describe_exception
from respan_langchain.pipeline.event_queue import COPY, OMIT_FIRST
from respan_langchain.tracing.events import (
    END,
    ERROR,
    INTERRUPT,
    RESUME,
    STREAMED_INPUTS,
    RunKind,
)

NOT_STREAMED: Final = object()
"""The inputs that LangChain reports at the end of a chain that was not streamed."""


class ChainCallbacks(CallbackBase):
    """Events of chains, graphs and their nodes; of interrupts only where langgraph is installed."""

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
        """A chain, a graph or one of its nodes starts."""
        try:
            kind: RunKind = "chain"
            if run_type == "llm":  # LangChain runs some models as chains
                kind = "llm"
                self._callback_state.mark_inner_root(run_id)
            self._put_start(kind, inputs, run_id, parent_run_id, name or serialized, tags, metadata)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_chain_end(
        self,
        outputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        inputs: Any = NOT_STREAMED,
        **kwargs: Any,
    ) -> None:
        """A chain returned; `inputs` come with it only when it was streamed."""
        try:
            content_mode = self._content_mode(run_id, parent_run_id)
            if inputs is not NOT_STREAMED:
                self._queue.put_event(STREAMED_INPUTS, run_id, inputs, (), content_mode)
            self._put_end(END, run_id, outputs, (), content_mode)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_chain_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: Any = NOT_STREAMED,
        **kwargs: Any,
    ) -> None:
        """A chain raised, was abandoned or was interrupted."""
        try:
            if inputs is not NOT_STREAMED:
                content_mode = self._content_mode(run_id, parent_run_id)
                self._queue.put_event(STREAMED_INPUTS, run_id, inputs, (), content_mode)
            self._put_end(ERROR, run_id, None, (describe_exception(error),))
        except Exception as problem:  # noqa: BLE001  # see `record_error`
            self.record_error(problem)

    def on_interrupt(self, event: Any) -> None:
        """A graph stops to wait for a person; langgraph does not always name the run."""
        try:
            if event.run_id is not None:
                details = str(event.checkpoint_id), tuple(event.interrupts)
                self._queue.put_event(INTERRUPT, event.run_id, None, details)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_resume(self, event: Any) -> None:
        """A graph continues where it stopped."""
        try:
            if event.run_id is not None:
                details = (str(event.checkpoint_id),)
                self._queue.put_event(RESUME, event.run_id, None, details)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def _content_mode(self, run_id: UUID, parent_run_id: UUID | None) -> int:
        """Return how the queue keeps a chain's outputs: as a copy if a row may show them."""
        is_root = parent_run_id is None or self._callback_state.is_inner_root(run_id)
        return COPY if is_root or self._captures_chains else OMIT_FIRST
