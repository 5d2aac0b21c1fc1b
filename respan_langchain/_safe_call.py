"""Calls of foreign code: price functions, tools' schemas, the app's own methods.

Such code may raise anything, and a row must be built all the same.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

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
