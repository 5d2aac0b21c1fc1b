"""What a user holds: the handler's constructor, `flush`, `shutdown` and `stats`.

Its LangChain side is `listening/`; what it puts together is `recorder.py`, `shaping.py` and a
worker.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

from respan_langchain.callbacks.chains import ChainCallbacks
from respan_langchain.callbacks.langgraph import graph_aware_class, original_class
from respan_langchain.callbacks.models import ModelCallbacks
from respan_langchain.callbacks.tools import ToolCallbacks

if TYPE_CHECKING:
    from respan_langchain.callbacks.config import Capture, Redact, Selectors
    from respan_langchain.delivery.flush import FlushResult
    from respan_langchain.delivery.status import RowStatus
    from respan_langchain.serialization.truncation import ContentLimits
    from respan_langchain.stats import Stats
    from respan_langchain.tracing.timeouts import TraceTimeouts
    from respan_langchain.usage.cost import PricesArgument


class RespanDatasetCallbackHandler(ChainCallbacks, ModelCallbacks, ToolCallbacks):
    """Captures LangChain runs as rows of a Respan dataset.

    Attach it like any callback: `chain.invoke(question, config={"callbacks": [handler]})`. Making
    one starts no thread and opens no connection; the first record does. One handler serves any
    number of threads and tasks.
    """

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        """Make one that langgraph recognises, where langgraph is installed."""
        return super().__new__(graph_aware_class(cls))

    def __init__(
        self,
        dataset: str | None = None,
        *,
        dataset_id: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        capture: "Capture" = ("root", "llm"),
        include: "Selectors" = (),
        exclude: "Selectors" = (),
        sample_rate: float | None = None,
        keep_errors: bool = True,
        input_key: str | None = None,
        output_key: str | None = None,
        messages: Literal["auto", "off"] = "auto",
        trajectory: bool = True,
        retrieved_documents: bool = True,
        content: bool | None = None,
        keep_media: bool = False,
        redact: "Redact" = "secrets",
        limits: "ContentLimits | None" = None,
        prices: "PricesArgument" = None,
        local_models_free: bool = False,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = (),
        flush: Literal["background", "root", "disk"] = "background",
        copy: Literal["shallow", "deep"] = "shallow",
        timeouts: "TraceTimeouts | None" = None,
        http_client: Any = None,
        on_row: Callable[[bytes], None] | None = None,
        **settings: Any,
    ) -> None:
        """Check everything that can be checked without a connection.

        Args:
            dataset: Name of the dataset; found, or created empty, when the first rows leave.
            dataset_id: Its id, in place of the name.
            api_key: The platform's key.
            base_url: The platform's URL, or `sqlite:///path.db` for a platform in a file.
            capture: Kinds of runs that become rows: root, llm, tool, retriever, chain.
            include: Names, tags or functions of a run; when given, only runs that one of them
                means.
            exclude: The same, for runs that never become rows.
            sample_rate: The part of conversations that is kept, 0 to 1; the same ones in every
                process.
            keep_errors: Whether traces that failed are kept whatever the rate.
            input_key: Which part of a root's input is the row's input: a key or a dotted path.
            output_key: The same for its output.
            messages: "auto": a root whose state is a list of messages gives the conversation and
                the answer.
            trajectory: Whether roots show their tool calls in `metadata.trajectory`.
            retrieved_documents: Whether roots show what was retrieved in
                `metadata.retrieved_documents`.
            content: False: tokens, cost and timing only.
            keep_media: Whether images, audio and files are sent, in place of their type, size and
                digest.
            redact: "secrets", functions of a string, or a list of both; None for nothing.
            limits: Sizes in bytes from which content is cut.
            prices: Your own prices: a mapping per million tokens, a function, or "auto-update".
            local_models_free: Whether models on your own machine cost 0 instead of unknown.
            metadata: Stands on every row.
            tags: Stand on every row.
            flush: "root": deliver before the root's call returns, for functions that are frozen
                afterwards. "disk": with `delivery="durable"`, have its rows on disk by then.
            copy: "deep": copy content at once, for apps that change nested state in place.
            timeouts: How long unfinished traces are waited for.
            http_client: An `httpx.Client` or `httpx2.Client` of your own.
            on_row: Called with every row as it is sent, on the worker's thread.
            **settings: The rest of `Settings`, each with its variable `RESPAN_<NAME>`.

        Raises:
            ConfigurationError: An argument or a variable is wrong; the message says which and what
                to do.
        """
        self._arguments = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        # Imported here: what a handler is made of costs more to import than an app should pay that
        # makes none.
        from respan_langchain.callbacks.factory import build_components

        parts = build_components(self._arguments)
        self._settings, self._ledger, self._worker = parts.settings, parts.ledger, parts.worker
        self._address = parts.address
        # Asked for as long as somebody holds this handler, or it has something to say.
        self._worker.attach(parts.processor, self)
        super().__init__(
            parts.processor,
            flush_root={"root": self._flush_now, "disk": self._secure_now}.get(flush),
        )

    def flush(self, timeout: float = 30.0) -> "FlushResult":
        """Deliver what was captured until now; true when all of it is delivered.

        Never takes longer than `timeout` seconds. Runs that are under way stay open.
        """
        return self._worker.flush(self._allowed(timeout), self._ledger)

    async def aflush(self, timeout: float = 30.0) -> "FlushResult":
        """As `flush`, without blocking the event loop."""
        from respan_langchain.delivery.threads import run_in_thread

        return await run_in_thread(lambda: self.flush(timeout), lambda: self.flush(0.0))

    def shutdown(self, timeout: float = 30.0) -> "FlushResult":
        """Close what is open, deliver everything, and take in nothing more.

        True when all is delivered.
        """
        self.stop()
        return self._worker.flush(self._allowed(timeout), self._ledger)

    async def ashutdown(self, timeout: float = 30.0) -> "FlushResult":
        """As `shutdown`, without blocking the event loop."""
        from respan_langchain.delivery.threads import run_in_thread

        return await run_in_thread(lambda: self.shutdown(timeout), lambda: self.shutdown(0.0))

    def stop(self) -> None:
        """Close what is open and take in nothing more.

        What was captured is delivered in the background.
        """
        self._processor.stop()

    def process_pending(self) -> None:
        """Make rows of all that has ended, here and now; the worker does so a moment later."""
        self._processor.process_pending()

    def has_arguments(self, dataset: str | None, **arguments: Any) -> bool:
        """Whether the constructor was given just this."""
        given = {**self._arguments, **self._arguments["settings"]}
        return given["dataset"] == dataset and all(
            name in given and given[name] == value for name, value in arguments.items()
        )

    @property
    def stats(self) -> "Stats":
        """What was captured, and what became of it."""
        from respan_langchain.stats import Stats

        counts = self._ledger.counts()
        return Stats(
            captured=counts.captured,
            queued=counts.queued,
            delivered=counts.delivered,
            rejected=counts.rejected,
            unconfirmed=counts.unconfirmed,
            spooled=counts.spooled,
            dropped=counts.dropped,
            requests=self._worker.requests,
            open_runs=self._processor.open_runs,
            internal_errors=dict(self._processor.errors),
            last_error=self._worker.last_error or "",
        )

    def row_status(self, run_id: UUID | str) -> "RowStatus | None":
        """What became of one run's row.

        None when it never came, or too long ago to be remembered.
        """
        return self._ledger.row_status(str(run_id))

    def _allowed(self, timeout: float) -> float:
        """No time where this very thread makes rows, since the flush would wait for it."""
        return 0.0 if self._processor.is_draining_thread else timeout

    def _secure_now(self) -> None:
        self._worker.sync_to_disk(self._settings.exit_timeout)

    def _flush_now(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.flush(self._settings.exit_timeout)
        # In a task there is nothing to wait with: the loop would stand still. `await
        # handler.aflush()` is for that.

    def __enter__(self) -> Self:
        """Use it for a block, at the end of which everything is delivered."""
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        """Use it for a block of async code."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ashutdown()

    # LangChain and LangGraph copy configurations, callbacks included; the copy must be the same
    # handler.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[type, dict[str, Any]]]:
        """Pickle as what it was made of: another process gets a working handler of its own."""
        return _remade, (original_class(type(self)), self._arguments)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address} at {self._settings.base_url}: {self.stats}>"


def _remade(cls: type, arguments: dict[str, Any]) -> Any:
    settings = arguments["settings"]
    return cls(
        **{name: value for name, value in arguments.items() if name != "settings"}, **settings
    )
