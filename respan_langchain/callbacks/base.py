"""The base of all callbacks: where a run belongs, and how its end is put into the event queue.

Callbacks run on the app's threads, inside the app's calls: they put one event and return. What the
events mean is worked out on the worker's thread, by `tracing/tracker.py`. The callbacks that are
called most often name all keywords that LangChain passes, used or not: `**kwargs` costs a dict at
each call.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.callbacks._langchain_compat import RunInline
from respan_langchain.pipeline.event_queue import SHARE

if TYPE_CHECKING:
    from respan_langchain.pipeline.event_processor import EventProcessor

_last_root: ContextVar[UUID | None] = ContextVar("respan_last_root", default=None)


def last_root() -> UUID | None:
    """The id of the latest root run that began in this thread or task."""
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
    raise_error = False
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
        self._queue = processor.events
        self._captures_chains = processor.captures_chains
        self._flush_root = flush_root
        self._put_end = self._queue.put if flush_root is None else self._put_end_and_flush

    def record_error(self, error: Exception) -> None:
        """Count an error of a callback, and log the first of its cause, without content.

        Each callback has this guard in its own body: a wrapper costs as much as the event.
        LangChain has a guard too, but it logs the error's `repr` each time.
        """
        self._processor.errors.add(error)

    def _locate(
        self, run_id: UUID, parent_run_id: UUID | None
    ) -> tuple[UUID | None, Mapping[str, Any] | None, bool]:
        """Return the run above, the caller's `configurable`, and whether the run is a root.

        LangChain reports no parent, or the grandparent, for what `with_fallbacks` tries, and no
        parent for what is called by hand with `callbacks=[...]` inside a node (langchain issue
        36072). The `RunnableConfig` in the context has the right one. It also has the
        `configurable`, which LangChain does not pass to callbacks, and sets only for runs below the
        root. The config itself is not kept: it would keep LangChain's managers alive, some dozen
        objects.

        A run is a root as well when the run above it does not pass this handler on: then this
        handler got no event of the run above. The run tracker has the last word; this is what is
        known on the app's thread.
        """
        config: Any = self._get_context_config()
        callbacks: Any = None if config is None else config.get("callbacks")
        above_id = getattr(callbacks, "parent_run_id", None)
        configurable = None
        if config is not None and above_id is not None:
            configurable = config.get("configurable")
            is_passed_on = self in callbacks.inheritable_handlers
            if is_passed_on and (parent_run_id is not None or above_id != run_id):
                return above_id, configurable, False
        # What runs below a tool or a model that has this handler for itself alone is a step.
        if parent_run_id is not None and parent_run_id == _last_root.get():
            return above_id, configurable, False
        _last_root.set(run_id)
        return above_id, configurable, True

    def _put_end_and_flush(
        self,
        kind: int,
        run_id: UUID,
        content: object = None,
        details: tuple[object, ...] = (),
        content_mode: int = SHARE,
    ) -> None:
        """Put the end of a run; flush if it was a root."""
        was_root = self._processor.is_open_root(run_id)
        self._queue.put(kind, run_id, content, details, content_mode)
        if was_root and self._flush_root is not None:
            self._flush_root()
