"""numpy and scipy (extra `replay`), imported at their first use: that takes a second."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from respan_langchain.errors import ConfigurationError


class LazyModule:
    """A module that is imported at its first use; ConfigurationError when it is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        try:
            return getattr(import_module(self._name), attribute)
        except ImportError as error:
            raise ConfigurationError(
                "comparing replays needs scipy: pip install 'respan-langchain[replay]'"
            ) from error


if TYPE_CHECKING:
    import numpy as np

    Array = np.typing.NDArray[np.float64]
else:
    np, Array = LazyModule("numpy"), Any

stats: Any = LazyModule("scipy.stats")
__all__ = ["Array", "np", "stats"]
