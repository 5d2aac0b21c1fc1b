"""Callbacks of models: called, first token, answered."""

from typing import Any
from uuid import UUID

from respan_langchain.callbacks.base import CallbackBase
from respan_langchain.callbacks.exceptions import describe_exception
from respan_langchain.tracing.events import END, ERROR, FIRST_TOKEN, RETRY


class ModelCallbacks(CallbackBase):
    """Events of chat models and text models."""

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
        """A chat model is called.

        LangChain starts one run per conversation, so there is one list.
        """
        try:
            self._callback_state.expect_first_token(run_id)
            self._put_start(
                "chat",
                messages[0] if messages else [],
                run_id,
                parent_run_id,
                name or serialized,
                tags,
                metadata,
                (serialized, invocation_params, options),
            )
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

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
        """A text model is called; one run per prompt."""
        try:
            self._callback_state.expect_first_token(run_id)
            self._put_start(
                "llm",
                prompts[0] if prompts else "",
                run_id,
                parent_run_id,
                name or serialized,
                tags,
                metadata,
                (serialized, invocation_params, options),
            )
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_llm_new_token(
        self,
        token: Any,
        *,
        chunk: Any = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """A token arrived; the first one of a run is put, tokens and usages are remembered.

        LangChain passes `token` by keyword.
        """
        try:
            if self._callback_state.add_token(run_id, token):
                self._watch_usage(run_id, chunk)
                if self._callback_state.expects_first_token(run_id) and _has_content(token, chunk):
                    self._put_first_token(run_id, token)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """As `on_llm_new_token`, for streams with `version="v3"`."""
        try:
            if event.get("event") != "content-block-delta":
                return
            text = event["delta"].get("text")
            if self._callback_state.add_token(
                run_id, text
            ) and self._callback_state.expects_first_token(run_id):
                self._put_first_token(run_id, text)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

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
            self._put_end(END, run_id, response, self._callback_state.end_stream(run_id))
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def on_llm_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        response: Any = None,
        **kwargs: Any,
    ) -> None:
        """A model failed or its stream was abandoned; `response` is its answer until then."""
        try:
            details = (describe_exception(error), *self._callback_state.end_stream(run_id))
            self._put_end(ERROR, run_id, response, details)
        except Exception as problem:  # noqa: BLE001  # see `record_error`
            self.record_error(problem)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model repeats its request by itself."""
        try:
            self._queue.put_event(RETRY, run_id)
        except Exception as error:  # noqa: BLE001  # see `record_error`
            self.record_error(error)

    def _put_first_token(self, run_id: UUID, token: object) -> None:
        self._queue.put_event(FIRST_TOKEN, run_id, self._callback_state.start_tokens(run_id, token))

    def _watch_usage(self, run_id: UUID, chunk: Any) -> None:
        usage = getattr(getattr(chunk, "message", None), "usage_metadata", None)
        if usage:
            self._callback_state.watch_usage(run_id, usage)


_REASONING_KEYS = ("reasoning_content", "reasoning", "reasoning_details")
"""Where packages put reasoning that is not a block of the content."""


def _has_content(token: object, chunk: Any) -> bool:
    """Whether a streamed token begins the answer: text, reasoning, or a tool call."""
    if token:
        return True
    message = getattr(chunk, "message", None)
    if getattr(message, "tool_call_chunks", None):
        return True
    extra = getattr(message, "additional_kwargs", None)
    return isinstance(extra, dict) and any(extra.get(key) for key in _REASONING_KEYS)
