"""The one place of this room where code runs that is not ours: price functions, tools' schemas.

Such code may raise whatever it likes, and a record must come out all the same.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class CallFailed:
    """What a call gives that raised; the class is the value."""


def safe_call(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result | type[CallFailed]:
    """Call it; `CallFailed` when it raises.

    >>> safe_call(int, "no number") is CallFailed
    True
    """
    try:
        return function(*args, **kwargs)
    except Exception:  # noqa: BLE001 - foreign code, so nothing is known of what it raises
        return CallFailed
