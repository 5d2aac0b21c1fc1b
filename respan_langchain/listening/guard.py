"""The guard around each event: what goes wrong in it is counted, said once, and never the app's.

LangChain has a guard too, but it logs the error's `repr` at every event, prompts included.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

EventMethod = TypeVar("EventMethod", bound=Callable[..., None])


def guarded(event: EventMethod) -> EventMethod:
    """Let nothing that an event meets reach the app."""

    @wraps(event)
    def shielded(listener: Any, *args: Any, **kwargs: Any) -> None:
        try:
            event(listener, *args, **kwargs)
        except Exception as problem:  # noqa: BLE001  # odd arguments must not cost the app its run
            listener.complain(problem)

    return cast("EventMethod", shielded)
