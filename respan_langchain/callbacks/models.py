"""Events of models: asked, first token, answered."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.snapshot import describe_failure, has_content
from respan_langchain.tracing.events import OMITTED
from respan_langchain.tracing.size_estimate import estimate_messages_size, estimate_response_size


class ModelCallbacks(CallbackBase):
    """Hears of chat models and text models."""

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        invocation_params: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """A chat model is asked.

        LangChain starts one run per conversation, so there is one list.
        """
        try:
            asked: object = messages[0] if messages else []
            self._start_model(
                "chat",
                asked,
                run_id,
                parent_run_id,
                tags,
                metadata,
                name,
                (serialized, invocation_params, options),
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        invocation_params: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """A text model is asked; one run per prompt."""
        try:
            self._start_model(
                "llm",
                prompts[0] if prompts else "",
                run_id,
                parent_run_id,
                tags,
                metadata,
                name,
                (serialized, invocation_params, options),
            )
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_llm_new_token(
        self,
        token: Any,
        *,
        chunk: Any = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """A token came.

        Only the first of a run is of interest. LangChain passes `token` by this very name.
        """
        if run_id.int in self._silent:
            self._first_sign(run_id, token, chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """As `on_llm_new_token`, for streams of the third version."""
        if run_id.int in self._silent:
            self._first_block(run_id, event)

    def on_llm_end(
        self,
        response: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """A model answered."""
        try:
            size = None
            if len(self._events) > self._backlog.unmeasured:
                response, size = self._weighed_answer(response)
            self._end((size, "end", monotonic(), run_id, response))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_llm_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        response: Any = None,
        **kwargs: Any,
    ) -> None:
        """A model failed or its stream was abandoned; `response` is what it had said until then."""
        try:
            response, size = (None, 0) if response is None else self._weighed_answer(response)
            self._end((size, "error", monotonic(), run_id, describe_failure(error), response))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model tries again by itself."""
        try:
            self._note((0, "retry", monotonic(), run_id))
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def _start_model(
        self,
        kind: str,
        asked: object,
        run_id: UUID,
        parent_run_id: UUID | None,
        tags: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        name: str | None,
        facts: tuple[Any, Any, Any],
    ) -> None:
        self._silent[run_id.int] = None
        # The list is LangChain's own copy already.
        size = None
        above, configurable, _ = self._begin(run_id, parent_run_id)
        if self._strict:
            asked = self._freeze(asked)
        if len(self._events) > self._backlog.unmeasured:
            full = self._recorder.is_full
            asked, size = (OMITTED, 0) if full else (asked, estimate_messages_size(asked))
        self._note(
            (
                size,
                "start",
                monotonic(),
                run_id,
                parent_run_id,
                above,
                configurable,
                kind,
                name or facts[0],
                asked,
                tags or None,
                metadata or None,
                facts,
            )
        )

    def _weighed_answer(self, response: Any) -> tuple[object, int]:
        return (
            (OMITTED, 0) if self._recorder.is_full else (response, estimate_response_size(response))
        )

    def _first_sign(self, run_id: UUID, token: Any, chunk: Any) -> None:
        try:
            if has_content(token, chunk):
                self._hear(run_id)
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def _first_block(self, run_id: UUID, event: Any) -> None:
        try:
            if event.get("event") == "content-block-delta":
                self._hear(run_id)
        except Exception as problem:  # noqa: BLE001  # see `complain`
            self.record_error(problem)

    def _hear(self, run_id: UUID) -> None:
        self._silent.pop(run_id.int, None)
        self._note((0, "first_token", monotonic(), run_id))
