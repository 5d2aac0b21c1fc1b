"""The base of all callbacks: puts the start and the end of a run into the event queue.

Callbacks run on the app's threads, inside the app's calls: they put one event and return, except
with `flush="root"` or "disk". The worker's thread interprets the events (`tracing/tracker.py`), or
the app's threads do where it is behind (`pipeline/backpressure.py`). The most frequent callbacks
name all keywords that LangChain passes, used or not, because `**kwargs` costs a dict at each call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.callbacks._langchain_compat import RunInline
from respan_langchain.callbacks.opentelemetry import add_trace_id
from respan_langchain.pipeline.event_queue import COPY, NO_COPY, OMIT_FIRST
from respan_langchain.tracing.call_settings import get_identifiers
from respan_langchain.tracing.events import START, RunKind, StartDetails

if TYPE_CHECKING:
    from respan_langchain.pipeline.event_processor import EventProcessor

_last_root: ContextVar[UUID | None] = ContextVar("respan_last_root", default=None)


def last_root() -> UUID | None:
    """Return the id of the latest root run that began in this thread or task."""
    return _last_root.get()


@contextmanager
def scoped_last_root() -> Iterator[None]:
    """Begin a block without a latest root run; restore the earlier one at its end."""
    token = _last_root.set(None)
    try:
        yield
    finally:
        _last_root.reset(token)


class CallbackBase(BaseCallbackHandler):
    """Puts events into one handler's event queue."""

    run_inline = cast("bool", RunInline())
    if not TYPE_CHECKING:
        # LangChain reads these before each event. In its base class they are properties, and each
        # costs a call.
        ignore_llm = False
        ignore_chat_model = False
        ignore_chain = False
        ignore_retriever = False

    def __init__(
        self, processor: "EventProcessor", *, flush_root: Callable[[], None] | None
    ) -> None:
        """Put events for a processor; call `flush_root` after a root has ended."""
        super().__init__()
        # Imported here: it imports LangChain's runnables, which no import of this package should.
        from langchain_core.runnables.config import var_child_runnable_config

        self._get_context_config: Callable[[], Any] = var_child_runnable_config.get
        self._processor = processor
        self._assembler = processor.assembler
        self._queue = processor.events
        self._callback_state = processor.callback_state
        self._captures_chains = self._assembler.captures_chains
        self._flush_root = flush_root
        self._put_end = self._queue.put_event if flush_root is None else self._put_end_and_flush

    # LangChain and LangGraph copy configurations, callbacks included; the copy must be the same
    # handler.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def record_error(self, error: Exception) -> None:
        """Count an error of a callback, and log the first of its cause, without content.

        Each callback has this guard in its own body: a wrapper costs as much as the event.
        LangChain has a guard too, but it logs the error's `repr` each time.
        """
        self._assembler.errors.add(error)

    def _put_start(
        self,
        kind: RunKind,
        inputs: object,
        run_id: UUID,
        parent_run_id: UUID | None,
        name: object,
        tags: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        request: tuple[Any, Any, Any] | None = None,
        call_id: str | None = None,
    ) -> None:
        """Put the start of a run, with the run above it and the caller's identifiers.

        LangChain reports no parent, or the grandparent, for the runnables that `with_fallbacks`
        tries, and no parent for a call with `callbacks=[...]` inside a node (langchain issue
        36072). The `RunnableConfig` in the context has the right parent. It also has the
        `configurable`, which LangChain does not pass to callbacks and sets only for runs below the
        root. Only identifiers are kept of it: langgraph's own entries refer to its loop.
        """
        config: Any = self._get_context_config()
        callbacks: Any = None if config is None else config.get("callbacks")
        above_id = getattr(callbacks, "parent_run_id", None)
        configurable, is_below = None, False
        if config is not None and above_id is not None:
            configurable = get_identifiers(config.get("configurable"))
            # If the run above does not pass this handler on, the handler got no event of it.
            is_below = self in callbacks.inheritable_handlers and (
                parent_run_id is not None or above_id != run_id
            )
        # A run below a tool or a model that does not pass this handler on is a step of it.
        is_root = not is_below and (parent_run_id is None or parent_run_id != _last_root.get())
        if is_root:
            _last_root.set(run_id)
            metadata = add_trace_id(metadata)
            if parent_run_id is not None and kind == "chain":
                self._callback_state.mark_inner_root(run_id)
        is_step = kind == "chain" and not is_root and not self._captures_chains
        details: StartDetails = (
            parent_run_id, above_id, configurable, kind, name, tags, metadata, request, call_id,
        )  # fmt: skip
        self._queue.put_event(START, run_id, inputs, details, OMIT_FIRST if is_step else COPY)

    def _put_end_and_flush(
        self,
        kind: int,
        run_id: UUID,
        content: object = None,
        details: tuple[object, ...] = (),
        content_mode: int = NO_COPY,
    ) -> None:
        """Put the end of a run; flush if it was a root."""
        was_root = self._processor.is_open_root(run_id)
        self._queue.put_event(kind, run_id, content, details, content_mode)
        if was_root and self._flush_root is not None:
            self._flush_root()
