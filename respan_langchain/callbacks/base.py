"""What every listener needs: to write an event down, to take content along, to know the run above.

Runs on the app's threads, inside the app's calls: so it appends one tuple and returns, and what the
events mean is worked out later, on the worker's thread, by `tracing/tracker.py`. The events that
come most often name all keywords that LangChain passes, used or not: the rest costs a dict at each
call.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.callbacks.run_inline import RunInline
from respan_langchain.callbacks.snapshot import copy_shallow
from respan_langchain.pipeline.backpressure import MOST_UNWEIGHED
from respan_langchain.tracing.events import OMITTED, Event
from respan_langchain.tracing.size_estimate import estimate_size

if TYPE_CHECKING:
    from respan_langchain.pipeline.event_queue import EventQueue

_last_root: ContextVar[UUID | None] = ContextVar("respan_last_root", default=None)


def last_root() -> UUID | None:
    """The latest root run that began in this thread or task."""
    return _last_root.get()


@contextmanager
def scoped_last_root() -> Iterator[None]:
    """Begin without a latest root run, and leave the one from before as it was."""
    token = _last_root.set(None)
    try:
        yield
    finally:
        _last_root.reset(token)


class CallbackBase(BaseCallbackHandler):
    """Writes events down for a recorder."""

    run_inline = cast("bool", RunInline())
    raise_error = False
    # LangChain asks before each event. Its own answers are properties, and each costs a call.
    ignore_llm = cast("Any", False)
    ignore_chat_model = cast("Any", False)
    ignore_chain = cast("Any", False)
    ignore_retriever = cast("Any", False)

    def __init__(
        self, recorder: "EventQueue", *, strict: bool, flush_root: Callable[[], None] | None
    ) -> None:
        """Listen for a recorder.

        `strict` shapes content on the app's thread, for apps that change nested state in place;
        `flush_root` is called when a root has ended.
        """
        super().__init__()
        # Imported here because it brings LangChain's runnables along, which no import of this
        # package should.
        from langchain_core.runnables.config import var_child_runnable_config

        self._around = var_child_runnable_config.get
        self._recorder = recorder
        self._note = recorder.put_and_process if strict else recorder.put
        self._freeze: Callable[[Any], object] = recorder.deep_copy if strict else copy_shallow
        self._strict = strict
        self._events = recorder.events
        self._backlog = recorder.backpressure
        self._silent = recorder.awaiting_first_token
        self._inner_roots = recorder.inner_roots
        self._every_chain = recorder.wants_chains
        self._flush_root = flush_root
        self._end = self._note if flush_root is None else self._note_and_flush

    def record_error(self, problem: Exception) -> None:
        """Count what went wrong in an event, and say it once, without content.

        Each event has this guard in its own body, since a wrapper would cost as much again as the
        event. LangChain has a guard too, but it logs the error's `repr` each time.
        """
        self._recorder.record_error(problem)

    # For the listeners below

    def _content(self, value: Any) -> tuple[object, int | None]:
        """Take content along, with its estimated size in bytes.

        None while events are so few that nobody needs to weigh them. Content is left out when too
        much waits already.
        """
        if len(self._events) <= self._backlog.unmeasured:
            return self._freeze(value), None
        return self._weighed_content(value)

    def _weighed_content(self, value: Any) -> tuple[object, int]:
        """As `_content`, weighed however few events there are."""
        return (
            (OMITTED, 0) if self._recorder.is_full else (self._freeze(value), estimate_size(value))
        )

    def _weighed(self, value: Any) -> tuple[object, int]:
        """What a step was given or gave: shared, since no row shows it, and yet weighed.

        Nobody needs it when it has to wait for long.
        """
        if len(self._events) > MOST_UNWEIGHED or self._recorder.is_full:
            return OMITTED, 0
        return value, estimate_size(value)

    def _begin(
        self, run_id: UUID, parent_run_id: UUID | None
    ) -> tuple[UUID | None, Mapping[str, Any] | None, bool]:
        """Where a run stands: the run above, the caller's `configurable`, whether it is a root.

        LangChain forgets the parent of what `with_fallbacks` tries, or names the one above it, and
        forgets that of what is called by hand with `callbacks=[...]` inside a node (langchain issue
        36072); its own `RunnableConfig`, which stands in the context, still knows. The
        `configurable` is there too: LangChain keeps it from callbacks, and shows it to what runs
        below the root. The config itself is not taken along: it would keep LangChain's managers
        alive, some dozen objects.

        A run is a root, too, when the one above it does not hand this handler on, and so never
        told it of itself. The table of runs has the last word; this is what can be known here.
        """
        around: Any = self._around()
        callbacks: Any = None if around is None else around.get("callbacks")
        above = getattr(callbacks, "parent_run_id", None)
        configurable = None
        if above is not None:
            configurable = around.get("configurable")
            handed_on = self in callbacks.inheritable_handlers
            if handed_on and (parent_run_id is not None or above != run_id):
                return above, configurable, False
        # What runs below a tool or a model that holds this handler for itself alone is a step.
        if parent_run_id is not None and parent_run_id == _last_root.get():
            return above, configurable, False
        _last_root.set(run_id)
        return above, configurable, True

    def _note_and_flush(self, event: Event) -> None:
        """Write down how a run ended; deliver at once if it was a root."""
        was_root = self._recorder.is_root(event[3])
        self._note(event)
        if was_root and self._flush_root is not None:
            self._flush_root()
