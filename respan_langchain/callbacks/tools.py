"""Events of tools and retrievers."""

from time import monotonic
from typing import Any
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.snapshot import describe_failure


class ToolCallbacks(CallbackBase):
    """Hears of tools and retrievers."""

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
            above, configurable, _ = self._begin(run_id, parent_run_id)
            taken, size = self._content(input_str if inputs is None else inputs)
            self._note(
                (
                    size,
                    "start",
                    monotonic(),
                    run_id,
                    parent_run_id,
                    above,
                    configurable,
                    "tool",
                    name or serialized,
                    taken,
                    tags or None,
                    metadata or None,
                    None,
                    tool_call_id,
                )
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool returned a value or a message, which may say that it failed."""
        try:
            taken, size = self._content(output)
            self._end((size, "end", monotonic(), run_id, taken))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool raised."""
        try:
            self._end((0, "error", monotonic(), run_id, describe_failure(error)))
        except Exception as problem:  # noqa: BLE001  # see `complain`
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
        """A retriever is asked."""
        try:
            above, configurable, _ = self._begin(run_id, parent_run_id)
            self._note(
                (
                    0,
                    "start",
                    monotonic(),
                    run_id,
                    parent_run_id,
                    above,
                    configurable,
                    "retriever",
                    name or serialized,
                    query,
                    tags or None,
                    metadata or None,
                )
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever found documents; the list is shared with the app."""
        try:
            taken, size = self._content(documents)
            self._end((size, "end", monotonic(), run_id, taken))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever raised."""
        try:
            self._end((0, "error", monotonic(), run_id, describe_failure(error)))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)
