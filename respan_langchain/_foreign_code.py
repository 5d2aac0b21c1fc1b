"""Calls the app's and other libraries' functions without letting them raise; imports `module:name`.

Price functions, tools' schemas, the app's modules, methods and logging filters may raise anything.
"""

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from respan_langchain.errors import ConfigurationError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class CallFailed:
    """Returned for a call that raised; the class itself is the value."""


def safe_call(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result | type[CallFailed]:
    """Call a function; return `CallFailed` when it raises.

    >>> safe_call(int, "no number") is CallFailed
    True
    """
    try:
        return function(*args, **kwargs)
    except Exception:  # noqa: BLE001  # foreign code may raise anything
        return CallFailed


CALLER: Final = 3
"""How far the caller is from logging's own code: after `safe_call` and `_Logger.log`."""


class _Logger(logging.LoggerAdapter[logging.Logger]):
    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message, unless the app's logging fails."""
        safe_call(self.logger.log, level, msg, *args, stacklevel=CALLER, **kwargs)


def get_logger(name: str) -> logging.LoggerAdapter[logging.Logger]:
    """Return a logger that never raises, as a filter or a handler of the app may."""
    return _Logger(logging.getLogger(name))


def load_object(path: str, what: str) -> Any:
    """Return the object that `module:name` names; `what` says in errors what it should be.

    Raises:
        ConfigurationError: There is none, or its module fails when it is imported.
    """
    module, separator, name = path.partition(":")
    if not module or not separator:
        raise ConfigurationError(f"{what} {path!r}: expected MODULE:NAME, such as app.chains:chain")
    try:
        return getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # the module is the user's, and may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{what} {path!r} cannot be loaded: {reason}") from error


def allow_modules_here() -> None:
    """Let a name such as `app.chains:support` mean a module in the current folder."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
