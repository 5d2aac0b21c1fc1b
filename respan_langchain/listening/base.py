"""What every listener needs: to write an event down, to take content along, to know the run above.

Runs on the app's threads, inside the app's calls: so it appends one tuple and returns, and what the
events mean is worked out later, on the worker's thread, by `capture/runs.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.capture.event import OMITTED
from respan_langchain.capture.weight import weight
from respan_langchain.listening.taking import copied

if TYPE_CHECKING:
    from respan_langchain.recorder import Recorder

SMALL_EVENT: Final = 200
"""Bytes that an event takes without its content."""

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


class Listener(BaseCallbackHandler):
    """Writes events down for a recorder."""

    # Run in the app's own task. LangChain would otherwise hand each event of an async app to a
    # thread pool, at 100 µs an event and in any order. Its price: for async text models, core
    # leaves out other people's handlers that are not inline (langchain issue 39633), as it does
    # wherever LangSmith is on.
    run_inline = True
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
        self._silent = recorder.silent
        self._flush_root = flush_root

    # For the listeners below

    def _content(self, value: Any) -> tuple[object, int]:
        """Take content along, with its estimated size in bytes.

        Leave it out when too much waits already.
        """
        if self._recorder.is_full:
            return OMITTED, SMALL_EVENT
        return self._freeze(value), SMALL_EVENT + weight(value)

    def _parent(self, run_id: UUID, parent_run_id: UUID | None) -> UUID | None:
        """The run above, also where LangChain does not say so.

        It forgets the parent of what `with_fallbacks` tries, and of what is called by hand with
        `callbacks=[...]` inside a node (langchain issue 36072); the context of the call still knows
        it.
        """
        if parent_run_id is not None:
            return parent_run_id
        config = self._context.get()
        above: UUID | None = None
        if config is not None:
            above = getattr(config.get("callbacks"), "parent_run_id", None)
        if above is None or above == run_id:
            _last_root.set(run_id)
            return None
        return above

    def _configurable(self, parent_run_id: UUID | None) -> Mapping[str, Any] | None:
        """The caller's own `configurable`.

        LangChain keeps it from callbacks, but it is in the context of a child.
        """
        config = None if parent_run_id is None else self._context.get()
        return None if config is None else config.get("configurable")
