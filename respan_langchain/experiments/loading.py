"""Loads what a user names as `module:name`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from respan_langchain.errors import ConfigurationError


def load_object(path: str, what: str) -> Any:
    """Return the object that `module:name` names; `what` says in errors what it should be.

    Raises:
        ConfigurationError: There is none.
    """
    module, separator, name = path.partition(":")
    if not module or not separator:
        raise ConfigurationError(f"{what} {path!r}: expected MODULE:NAME, such as app.chains:chain")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{what} {path!r} cannot be loaded: {error}") from error


def allow_modules_here() -> None:
    """Let a name such as `app.chains:support` mean a module in the current folder."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
