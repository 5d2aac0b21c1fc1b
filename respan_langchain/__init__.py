"""A LangChain callback that captures runs as rows of Respan datasets.

Importing this package starts no thread, opens no file and imports neither httpx nor pydantic: a
name is imported when it is first used.
"""

import datetime as dt
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from respan_langchain._constants import __version__

if TYPE_CHECKING:
    from respan_langchain.callbacks.global_capture import capture, disable, enable
    from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
    from respan_langchain.client.client import AsyncDatasetClient, DatasetClient
    from respan_langchain.client.filters import field
    from respan_langchain.datasets.dataset import Dataset
    from respan_langchain.delivery.exit_hooks import flush_at_shutdown
    from respan_langchain.delivery.sigterm import flush_on_sigterm
    from respan_langchain.errors import ApiError, ConfigurationError, RespanError
    from respan_langchain.experiments import scorers
    from respan_langchain.experiments.replay import replay
    from respan_langchain.rows.validation import validated
    from respan_langchain.serialization.truncation import ContentLimits
    from respan_langchain.stats import Stats
    from respan_langchain.tracing.timeouts import TraceTimeouts

_MODULES = {
    "ApiError": "errors",
    "AsyncDatasetClient": "client.client",
    "ConfigurationError": "errors",
    "ContentLimits": "serialization.truncation",
    "Dataset": "datasets.dataset",
    "TraceTimeouts": "tracing.timeouts",
    "DatasetClient": "client.client",
    "RespanDatasetCallbackHandler": "callbacks.handler",
    "RespanError": "errors",
    "Stats": "stats",
    "capture": "callbacks.global_capture",
    "disable": "callbacks.global_capture",
    "enable": "callbacks.global_capture",
    "field": "client.filters",
    "flush_at_shutdown": "delivery.exit_hooks",
    "flush_on_sigterm": "delivery.sigterm",
    "replay": "experiments.replay",
    "scorers": "experiments.scorers",
    "validated": "rows.validation",
}

__all__ = [
    "ApiError",
    "AsyncDatasetClient",
    "ConfigurationError",
    "ContentLimits",
    "Dataset",
    "DatasetClient",
    "RespanDatasetCallbackHandler",
    "RespanError",
    "Stats",
    "TraceTimeouts",
    "__version__",
    "capture",
    "disable",
    "enable",
    "field",
    "flush_at_shutdown",
    "flush_on_sigterm",
    "replay",
    "scorers",
    "validated",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    found = module if name == "scorers" else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    # A tool that replaces the clock in a test reads every name of every module. A module that is
    # first imported by that would be built with the fake types.
    is_clock_real = dt.datetime.__module__ == "datetime"
    return [name for name in __all__ if is_clock_real or name in globals()]


_capture = os.environ.get("RESPAN_CAPTURE", "").strip().lower()
if _capture not in {"", "0", "false", "no", "off"}:
    # The only side effect of the import, and only where the variable is set.
    import_module(f"{__name__}.callbacks.global_capture").enable_from_environment(_capture)
