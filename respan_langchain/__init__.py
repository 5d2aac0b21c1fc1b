"""A drop-in LangChain callback that turns real traffic into Respan eval datasets.

Importing this starts nothing, opens nothing and loads neither httpx nor pydantic models: names are
fetched when they are first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from respan_langchain.activation import capture, disable, enable
    from respan_langchain.api.calls.filters import field
    from respan_langchain.api.client import AsyncDatasetClient, DatasetClient
    from respan_langchain.dataset import Dataset
    from respan_langchain.errors import ApiError, ConfigurationError, RespanError
    from respan_langchain.handler import RespanDatasetCallbackHandler
    from respan_langchain.records.encoding.limits import ContentLimits
    from respan_langchain.records.patience import Patience
    from respan_langchain.stats import Stats

_HOME = {
    "ApiError": "errors",
    "AsyncDatasetClient": "api.client",
    "ConfigurationError": "errors",
    "ContentLimits": "records.encoding.limits",
    "Dataset": "dataset",
    "Patience": "records.patience",
    "DatasetClient": "api.client",
    "RespanDatasetCallbackHandler": "handler",
    "RespanError": "errors",
    "Stats": "stats",
    "capture": "activation",
    "disable": "activation",
    "enable": "activation",
    "field": "api.calls.filters",
}

__all__ = [
    "ApiError",
    "AsyncDatasetClient",
    "ConfigurationError",
    "ContentLimits",
    "Dataset",
    "DatasetClient",
    "Patience",
    "RespanDatasetCallbackHandler",
    "RespanError",
    "Stats",
    "__version__",
    "capture",
    "disable",
    "enable",
    "field",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


_asked = os.environ.get("RESPAN_CAPTURE", "").strip().lower()
if _asked not in {"", "0", "false", "no", "off"}:
    # The one thing that an import does, and only when it is asked for.
    import_module(f"{__name__}.activation").enable_from_environment(_asked)
