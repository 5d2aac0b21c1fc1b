"""Captures the runs of a replay as rows in memory: output, tokens and cost, as in production."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.tracing.timeouts import TraceTimeouts


class Meter:
    """A handler whose rows are kept by run id; nothing leaves the process."""

    def __init__(self) -> None:
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._handler = RespanDatasetCallbackHandler(
            "replay",
            base_url="sqlite:///:memory:",
            # The environment's values are for the app's own handlers.
            enabled=True,
            dataset_id="",
            sample_rate=1.0,
            content=True,
            delivery="memory",
            via="",
            capture=("root",),
            redact=None,
            timeouts=TraceTimeouts(interrupted=0.0),
            on_row=self._add,
        )

    def callbacks(self, config: RunnableConfig) -> list[BaseCallbackHandler]:
        """Return the callbacks of a trial: those of the config, and this handler."""
        own = config.get("callbacks") or []
        return [*(own if isinstance(own, list) else own.handlers), self._handler]

    def take(self, run_id: UUID) -> Mapping[str, Any]:
        """Remove and return the row of a finished run; empty if nothing was captured."""
        self._handler.process_pending()
        return self._rows.pop(str(run_id), {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handler.shutdown(timeout=1.0)

    def _add(self, body: bytes) -> None:
        row = orjson.loads(body)
        self._rows[row["metadata"]["run_id"]] = row
