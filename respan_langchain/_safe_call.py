"""The one place of this room where code runs that is not ours: price functions, tools' schemas.

Such code may raise whatever it likes, and a record must come out all the same.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Failed:
    """What a call gives that raised; the class is the value."""


def outcome_of(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result | type[Failed]:
    """Call it; `Failed` when it raises.

    >>> outcome_of(int, "no number") is Failed
    True
    """
    try:
        return function(*args, **kwargs)
    except Exception:  # noqa: BLE001 - foreign code, so nothing is known of what it raises
        return Failed
