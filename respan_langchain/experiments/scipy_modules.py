"""Imports numpy and scipy (extra `replay`) when a replay needs them: that takes a second."""

from importlib import import_module
from typing import Any

from respan_langchain.errors import ConfigurationError


def numpy() -> Any:
    """Return the module `numpy`; raises as `stats` does."""
    return _require("numpy")


def stats() -> Any:
    """Return the module `scipy.stats`.

    Raises:
        ConfigurationError: It is not installed.
    """
    return _require("scipy.stats")


def _require(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            "comparing replays needs scipy: pip install 'respan-langchain[replay]'"
        ) from error
