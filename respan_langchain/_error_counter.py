"""What went wrong inside: counted by cause and said once, never with what the app said."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, ParamSpec, TypeVar

logger = logging.getLogger(__name__)


class ErrorCounter(dict[str, int]):
    """How often each cause came; a cause is an error's class and the place that it comes from."""

    def add(self, problem: BaseException) -> None:
        """Count one, and log the first of its cause."""
        frame = problem.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = "" if frame is None else f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}"
        cause = f"{type(problem).__name__} in {place}"
        self.count(cause, f"A run could not be captured as it is: {cause}.")

    def count(self, cause: str, line: str) -> None:
        """Count one, and log the line for the first of its cause."""
        self[cause] = self.get(cause, 0) + 1
        if self[cause] == 1:
            logger.warning("%s It is counted; the app is not affected.", line)


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

COSTS: Final[Mapping[str, str]] = {
    "redact": "What it was given is left out of the row.",
    "prices": "The cost of the call is unknown.",
    "on_row": "The row is delivered all the same.",
}
"""What a function that fails costs, by the argument that it was given as."""


class UserFunctionGuard:
    """Over the functions that one handler was given."""

    def __init__(self, faults: ErrorCounter) -> None:
        self._faults = faults

    def guard(
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
