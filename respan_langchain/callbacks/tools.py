"""Callbacks of tools and retrievers."""

from typing import Any
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.exceptions import describe_exception
from respan_langchain.pipeline.event_queue import COPY
from respan_langchain.tracing.events import END, ERROR


class ToolCallbacks(CallbackBase):
    """Events of tools and retrievers."""

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool is called; `inputs` are its arguments, `input_str` the same as a string."""
        try:
            self._put_start(
                "tool",
                input_str if inputs is None else inputs,
                run_id,
                parent_run_id,
                name or serialized,
                tags,
                metadata,
                call_id=tool_call_id,
            )
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool returned a value or a message, which may report an error."""
        try:
            self._put_end(END, run_id, output, (), COPY)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool or a retriever raised."""
        try:
            self._put_end(ERROR, run_id, None, (describe_exception(error),))
        except Exception as problem:  # noqa: BLE001  # see `record_error`
            self.record_error(problem)

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """A retriever is called."""
        try:
            self._put_start(
                "retriever", query, run_id, parent_run_id, name or serialized, tags, metadata
            )
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever returned documents, in a list that the app shares."""
        try:
            self._put_end(END, run_id, documents, (), COPY)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    on_retriever_error = on_tool_error
