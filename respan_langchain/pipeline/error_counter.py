"""Errors in this package and in the user's functions: counted by cause, logged once each.

Neither a cause nor a log line repeats content.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, ParamSpec, TypeVar

from respan_langchain._foreign_code import get_logger

logger = get_logger(__name__)

Arguments = ParamSpec("Arguments")
Given = TypeVar("Given")
Result = TypeVar("Result")


class ErrorCounter(dict[str, int]):
    """Counts by cause; a cause is an error's class and the place that raised it."""

    def add(self, error: BaseException) -> None:
        """Count an error; log the first of its cause."""
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = "" if frame is None else f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}"
        cause = f"{type(error).__name__} in {place}"
        self.count(cause, f"Failed to capture a run ({cause}).")

    def map(self, step: Callable[[Given], Result | None], values: Iterable[Given]) -> list[Result]:
        """Return the step's result for each value, without None; count errors and go on."""
        results: list[Result] = []
        for value in values:
            try:
                result = step(value)
            except Exception as error:  # noqa: BLE001  # foreign code runs in the steps
                self.add(error)
            else:
                if result is not None:
                    results.append(result)
        return results

    def count(self, cause: str, message: str) -> None:
        """Count one of a cause; log the message for the first."""
        self[cause] = self.get(cause, 0) + 1
        if self[cause] == 1:
            logger.warning(
                "respan_langchain: %s Counted in stats.internal_errors; your app is unaffected.",
                message,
            )


CONSEQUENCES: Final[Mapping[str, str]] = {
    "redact": "The text is left out of the row.",
    "consent": "The trace is not captured.",
    "prices": "The cost of the call is unknown.",
    "map_row": "The row is not sent.",
    "on_row": "The row is delivered all the same.",
}
"""What follows from an error of the user's function, by the option it was passed as."""


def guard_user_function(
    errors: ErrorCounter,
    option: str,
    function: Callable[Arguments, Result],
    *,
    returns: type = object,
) -> Callable[Arguments, Result]:
    """Return the function with its errors and wrong results counted; errors are raised again."""
    name = _qualified_name(function)

    def count(problem: str) -> None:
        cause = f"{option}: {name} {problem}"
        errors.count(cause, f"{cause}. {CONSEQUENCES[option]}")

    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            count(f"raised {type(error).__name__}")
            raise
        if not isinstance(result, returns):
            count(f"returned {type(result).__name__}")
        return result

    return guarded


def _qualified_name(function: object) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{getattr(named, '__qualname__', '')}"
