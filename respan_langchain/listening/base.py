"""What every listener needs: to write an event down, to take content along, to know the run above.

Runs on the app's threads, inside the app's calls: so it appends one tuple and returns, and what the
events mean is worked out later, on the worker's thread, by `records/runs.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.listening.inline import Inline
from respan_langchain.listening.taking import copied
from respan_langchain.records.content.weight import weight
from respan_langchain.records.event import OMITTED, Event

if TYPE_CHECKING:
    from respan_langchain.recorder import Recorder

SMALL_EVENT: Final = 200
"""Bytes that an event takes without its content."""

QUIET: Final = 64
"""Events in waiting up to which nobody weighs them: so few are read within a moment."""

_last_root: ContextVar[UUID | None] = ContextVar("respan_last_root", default=None)


def last_root() -> UUID | None:
    """The latest root run that began in this thread or task."""
    return _last_root.get()


@contextmanager
def only_here() -> Iterator[None]:
    """Begin without a latest root run, and leave the one from before as it was."""
    token = _last_root.set(None)
    try:
        yield
    finally:
        _last_root.reset(token)


Above: TypeAlias = tuple[UUID | None, UUID | None, Mapping[str, Any] | None]
"""What a run that starts knows of the one above it.

Its parent as LangChain says; its parent as the context of the call says, which is right where
LangChain is not; and the caller's `configurable`.
"""


class Listener(BaseCallbackHandler):
    """Writes events down for a recorder."""

    run_inline = cast("bool", Inline())
    raise_error = False

    def __init__(
        self, recorder: "Recorder", *, strict: bool, flush_root: Callable[[], None] | None
    ) -> None:
        """Listen for a recorder.

        `strict` shapes content on the app's thread, for apps that change nested state in place;
        `flush_root` is called when a root has ended.
        """
        super().__init__()
        # Imported here because it brings LangChain's runnables along, which no import of this
        # package should.
        from langchain_core.runnables.config import var_child_runnable_config

        self._context = var_child_runnable_config
        self._recorder = recorder
        self._note = recorder.note_and_read if strict else recorder.note
        self._freeze: Callable[[Any], object] = recorder.frozen if strict else copied
        self._strict = strict
        self._events = recorder.events
        self._silent = recorder.silent
        self._every_chain = recorder.wants_chains
        self._flush_root = flush_root
        self._end = self._note if flush_root is None else self._note_and_flush

    def complain(self, problem: Exception) -> None:
        """Count what went wrong in an event, and say it once, without content.

        Each event has this guard in its own body, since a wrapper would cost as much again as the
        event. LangChain has a guard too, but it logs the error's `repr` each time.
        """
        self._recorder.complain(problem)

    # For the listeners below

    def _content(self, value: Any) -> tuple[object, int]:
        """Take content along, with its estimated size in bytes.

        Leave it out when too much waits already.
        """
        if len(self._events) <= QUIET:
            return self._freeze(value), SMALL_EVENT
        if self._recorder.is_full:
            return OMITTED, SMALL_EVENT
        return self._freeze(value), SMALL_EVENT + weight(value)

    def _above(self, run_id: UUID, parent_run_id: UUID | None) -> Above:
        """The run above, also where LangChain does not say so.

        It forgets the parent of what `with_fallbacks` tries, or names the one above it, and forgets
        that of what is called by hand with `callbacks=[...]` inside a node (langchain issue 36072);
        the context of the call still knows it. The caller's `configurable` is there too: LangChain
        keeps it from callbacks, and shows it to what runs below the root.
        """
        config = self._context.get()
        above: UUID | None = None
        if config is not None:
            above = getattr(config.get("callbacks"), "parent_run_id", None)
        if config is None or above is None or above == run_id:
            if parent_run_id is None:
                _last_root.set(run_id)
            return parent_run_id, None, None
        return parent_run_id, above, config.get("configurable")

    def _note_and_flush(self, event: Event) -> None:
        """Write down how a run ended; deliver at once if it was a root."""
        was_root = self._recorder.is_root(event[3])
        self._note(event)
        if was_root and self._flush_root is not None:
            self._flush_root()
