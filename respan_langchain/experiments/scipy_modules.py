"""Imports numpy and scipy (extra `replay`) when a replay needs them: that takes a second."""

from importlib import import_module
from typing import Any

from respan_langchain.errors import ConfigurationError


def require_scipy() -> None:
    """Check that replays can be compared, before rows run that cost money.

    Raises:
        ConfigurationError: scipy is not installed.
    """
    stats()


def numpy() -> Any:
    """Return the module `numpy`."""
    return _require("numpy")


def stats() -> Any:
    """Return the module `scipy.stats`."""
    return _require("scipy.stats")


def _require(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            "comparing replays needs scipy: pip install 'respan-langchain[replay]'"
        ) from error
