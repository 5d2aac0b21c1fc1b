"""The whole app, or one block of it, without handing a handler to every call.

LangChain asks each registered hook for a handler whenever it configures a run. A hook cannot be
taken back, so there is one, registered when it is first needed, and it says who is active: the
block's handler, else the app's.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain.callbacks.base import last_root, scoped_last_root
from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.callbacks.langgraph import add_to_graph_config
from respan_langchain.errors import ConfigurationError

logger = logging.getLogger(__name__)

_block: ContextVar[RespanDatasetCallbackHandler | None] = ContextVar("respan_capture", default=None)


class ActiveHandler:
    """Stands in for the ContextVar that LangChain expects, and for the class of its values.

    Its values are not seen by threads started elsewhere.
    """

    def __init__(self) -> None:
        self.everywhere: RespanDatasetCallbackHandler | None = None
        self._around: Callable[[], object] | None = None

    def get(self) -> RespanDatasetCallbackHandler | None:
        """The handler for a run that begins now, None for none."""
        handler = _block.get() or self.everywhere
        if handler is not None and self._around is not None and self._around() is None:
            add_to_graph_config(handler, self)
        return handler

    def __call__(self) -> BaseCallbackHandler:
        """A handler that does nothing.

        LangChain looks twice, and makes one of the class when the first look saw a handler and the
        second none: another thread called `disable` in between.
        """
        return BaseCallbackHandler()

    def __instancecheck__(self, handler: object) -> bool:
        """Whether this handler, which a run has already, makes another one needless.

        A block wants its own. For the rest of the app any of ours will do: whoever passes a handler
        explicitly is not captured a second time.
        """
        block = _block.get()
        if block is not None:
            return handler is block
        return isinstance(handler, RespanDatasetCallbackHandler)

    def register(self) -> None:
        """Make LangChain ask; once for the life of the process."""
        if self._around is None:
            from langchain_core.runnables.config import var_child_runnable_config
            from langchain_core.tracers.context import register_configure_hook

            # What runs inside another run inherits the handler, and so langgraph knows it.
            self._around = var_child_runnable_config.get
            hook: Any = self  # LangChain calls its `get`, and asks it what a class is asked
            register_configure_hook(hook, True, hook)


_current: Final = ActiveHandler()


def enable(dataset: str | None = None, **arguments: Any) -> RespanDatasetCallbackHandler:
    """Capture every LangChain run of this process, in all threads and tasks, until `disable`.

    Takes what the handler's constructor takes. Called again with the same arguments it changes
    nothing; with others the new handler takes over, and the old one delivers what it has.
    """
    before = _current.everywhere
    if before is not None and before.has_arguments(dataset, **arguments):
        return before
    handler = RespanDatasetCallbackHandler(dataset, **arguments)
    _current.register()
    _current.everywhere = handler
    if before is not None:
        before.stop()
    return handler


def disable(timeout: float = 30.0) -> bool:
    """Capture no more, and deliver what was captured.

    True when all of it is delivered, or nothing was on.
    """
    handler, _current.everywhere = _current.everywhere, None
    return handler is None or bool(handler.shutdown(timeout))


def enable_from_environment(value: str) -> None:
    """Do what `RESPAN_CAPTURE` asks for, in small letters, and not with "false".

    An app must not fail at an import, so what is wrong is logged.
    """
    if value not in {"1", "true", "yes", "on"}:
        logger.warning(
            "RESPAN_CAPTURE is not understood, and nothing is captured: set it to true, 1, yes or"
            " on; or to false, 0, no or off."
        )
        return
    try:
        enable()
    except ConfigurationError as problem:
        logger.warning("RESPAN_CAPTURE is set, and nothing is captured: %s", problem)


class CaptureResult:
    """What one block captured."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self.handler: RespanDatasetCallbackHandler | None = None
        self._closed = False
        self._last_run_id: UUID | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows captured until now, as they are sent."""
        if self.handler is not None:
            self.handler.process_pending()
        return [json.loads(body) for body in self._bodies]

    @property
    def last_run_id(self) -> UUID | None:
        """The latest root run of this thread or task, None if there was none in the block."""
        return self._last_run_id if self._closed else last_root()

    def add(self, body: bytes) -> None:
        """Take a row along."""
        self._bodies.append(body)

    def close(self) -> None:
        """Remember, at the block's end, what belongs to its context."""
        self._last_run_id, self._closed = last_root(), True

    def __len__(self) -> int:
        return len(self.rows)


@contextmanager
def capture(
    dataset: str | None = None, *, timeout: float = 30.0, **arguments: Any
) -> Iterator[CaptureResult]:
    """Capture what runs in this block, and deliver it at its end.

    Takes what the handler's constructor takes. In the block it takes the place of what `enable` set
    up; a handler that listens to a chain around the block goes on.
    """
    captured = CaptureResult()
    handler = RespanDatasetCallbackHandler(dataset, on_row=captured.add, **arguments)
    captured.handler = handler
    _current.register()
    token = _block.set(handler)
    try:
        with scoped_last_root():
            try:
                yield captured
            finally:
                captured.close()
    finally:
        _block.reset(token)
        handler.shutdown(timeout)
