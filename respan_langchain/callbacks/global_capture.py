"""Capture of a whole process (`enable`), or of one block (`capture`), without passing handlers.

LangChain asks each registered hook for a handler whenever it configures a run. A hook cannot be
unregistered, so there is one, registered when it is first needed, and it returns the handler that
is active: the block's, else the process's.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Unpack
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from respan_langchain._foreign_code import get_logger
from respan_langchain.callbacks._langgraph_compat import add_to_graph_config
from respan_langchain.callbacks.base import last_root, scoped_last_root
from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.errors import ConfigurationError

if TYPE_CHECKING:
    from respan_langchain.callbacks.config import HandlerOptions

logger = get_logger(__name__)

_block_handler: ContextVar[RespanDatasetCallbackHandler | None] = ContextVar(
    "respan_capture", default=None
)
_is_paused: ContextVar[bool] = ContextVar("respan_capture_paused", default=False)


class ActiveHandler:
    """The two objects that LangChain's hook takes: a ContextVar, and the class of its values.

    LangChain calls `get` for the handler of a run that begins, and `isinstance` with this object to
    see whether the run has such a handler already.
    """

    def __init__(self) -> None:
        self.process_handler: RespanDatasetCallbackHandler | None = None
        """Set by `enable`, for all threads and tasks."""
        self._get_context_config: Callable[[], Mapping[str, Any] | None] | None = None

    def get(self) -> RespanDatasetCallbackHandler | None:
        """Return the handler for a run that begins now; None for none."""
        if _is_paused.get():
            return None
        handler = _block_handler.get() or self.process_handler
        if handler is None or self._get_context_config is None:
            return handler
        # A run inside another run inherits the handler, so langgraph has it already. LangGraph's
        # server puts a config without callbacks into the context.
        config = self._get_context_config()
        if config is None or not config.get("callbacks"):
            add_to_graph_config(handler, self)
        return handler

    def __call__(self) -> BaseCallbackHandler:
        """Return a handler that does nothing.

        LangChain calls `get` twice, and instantiates the class if the first call returned a handler
        and the second did not, because another thread called `disable` in between.
        """
        return BaseCallbackHandler()

    def __instancecheck__(self, handler: object) -> bool:
        """Whether a run with this handler needs no other one.

        In a block only the block's handler counts. Outside, any handler of this class counts, so
        that a run with an explicitly passed handler is not captured twice.
        """
        block = _block_handler.get()
        if block is not None:
            return handler is block
        return isinstance(handler, RespanDatasetCallbackHandler)

    def register(self) -> None:
        """Register the hook; a process does that once."""
        if self._get_context_config is None:
            from langchain_core.runnables.config import var_child_runnable_config
            from langchain_core.tracers.context import register_configure_hook

            self._get_context_config = var_child_runnable_config.get
            hook: Any = self  # LangChain calls its `get` and uses it in `isinstance`
            register_configure_hook(hook, True, hook)


_active: Final = ActiveHandler()


def enable(
    dataset: str | None = None, **options: "Unpack[HandlerOptions]"
) -> RespanDatasetCallbackHandler:
    """Capture every LangChain run of this process, in all threads and tasks, until `disable`.

    Takes the arguments of `RespanDatasetCallbackHandler`; `production_only` is True by default.
    Called again with the same ones it changes nothing; with others the new handler takes over, and
    the old one delivers what it has.
    """
    options.setdefault("production_only", True)
    before = _active.process_handler
    if before is not None and before.has_options(dataset, **options):
        return before
    handler = RespanDatasetCallbackHandler(dataset, **options)
    _active.register()
    _active.process_handler = handler
    if before is not None:
        before.stop()
    return handler


def disable(timeout: float = 30.0) -> bool:
    """Stop capturing, and deliver what was captured within `timeout` seconds.

    True when all of it is delivered, or nothing was enabled.
    """
    handler, _active.process_handler = _active.process_handler, None
    return handler is None or bool(handler.shutdown(timeout))


def enable_from_environment(value: str) -> None:
    """Enable capturing where `RESPAN_CAPTURE` says so, in lower case and other than false.

    Errors are logged, because the import of this package must not fail.
    """
    if value not in {"1", "true", "yes", "on"}:
        logger.warning(
            "respan_langchain: nothing is captured, since RESPAN_CAPTURE is not valid: set it to"
            " true, 1, yes or on; or to false, 0, no or off."
        )
        return
    try:
        enable()
    except ConfigurationError as error:
        logger.warning(
            "respan_langchain: nothing is captured in spite of RESPAN_CAPTURE: %s", error
        )


@contextmanager
def without_capture() -> Iterator[None]:
    """Capture what runs in this block only by the handlers that are passed to it."""
    token = _is_paused.set(True)
    try:
        yield
    finally:
        _is_paused.reset(token)


class CaptureResult:
    """What one block captured."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self.handler: RespanDatasetCallbackHandler | None = None
        self._is_closed = False
        self._last_run_id: UUID | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows captured until now, as they are sent."""
        if self.handler is not None:
            self.handler.process_pending()
        return [json.loads(body) for body in self._bodies]

    @property
    def last_run_id(self) -> UUID | None:
        """The latest root run of this thread or task; None if there was none in the block."""
        return self._last_run_id if self._is_closed else last_root()

    def add(self, body: bytes) -> None:
        """Add an encoded row."""
        self._bodies.append(body)

    def close(self) -> None:
        """Remember the block's latest root run; called at the end of the block."""
        self._last_run_id, self._is_closed = last_root(), True

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"CaptureResult({len(self)} rows)"

    def _repr_html_(self) -> str:
        """Show the captured rows in a notebook."""
        from respan_langchain.client.display import render_logs
        from respan_langchain.client.models import Log

        return render_logs(Log.from_row(row) for row in self.rows)


@contextmanager
def capture(
    dataset: str | None = None, *, timeout: float = 30.0, **options: "Unpack[HandlerOptions]"
) -> Iterator[CaptureResult]:
    """Capture what runs in this block, and deliver it at its end within `timeout` seconds.

    Takes the arguments of `RespanDatasetCallbackHandler`. The block's handler replaces the one that
    `enable` set; a handler that was passed to a chain around the block continues.
    """
    result = CaptureResult()
    on_row = options.get("on_row")

    def add(body: bytes) -> None:
        result.add(body)
        if on_row is not None:
            on_row(body)

    options["on_row"] = add
    handler = RespanDatasetCallbackHandler(dataset, **options)
    result.handler = handler
    _active.register()
    token = _block_handler.set(handler)
    try:
        with scoped_last_root():
            try:
                yield result
            finally:
                result.close()
    finally:
        _block_handler.reset(token)
        handler.shutdown(timeout)
