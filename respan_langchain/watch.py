"""Functions of the app's, watched: one that fails is counted and said once, never with content.

What a failure costs is up to whoever calls the function.
"""

from collections.abc import Callable, Mapping
from typing import Final, ParamSpec, TypeVar

from respan_langchain.faults import Faults

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

COSTS: Final[Mapping[str, str]] = {
    "redact": "What it was given is left out of the row.",
    "prices": "The cost of the call is unknown.",
    "listener": "The row is delivered all the same.",
}
"""What a function that fails costs, by the argument that it was given as."""


class Watch:
    """Over the functions that one handler was given."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def over(
        self,
        argument: str,
        function: Callable[Arguments, Result],
        *,
        gives: type = object,
    ) -> Callable[Arguments, Result]:
        """The same function, watched: an error is noted on its way, a wrong result too."""

        def watched(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            try:
                result = function(*args, **kwargs)
            except Exception as problem:
                self._note(argument, function, f"raised {type(problem).__name__}")
                raise
            if not isinstance(result, gives):
                self._note(argument, function, f"gave {type(result).__name__}")
            return result

        return watched

    def _note(self, argument: str, function: object, did: str) -> None:
        cause = f"{argument}: {_name_of(function)} {did}"
        self._faults.count(cause, f"{cause}. {COSTS[argument]}")


def _name_of(function: object) -> str:
    of = function if hasattr(function, "__qualname__") else type(function)
    return f"{of.__module__}.{of.__qualname__}"
