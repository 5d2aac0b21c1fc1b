"""Delivers pending rows when SIGTERM ends the process, where the app asks for it."""

import signal
from dataclasses import dataclass
from types import FrameType
from typing import Any

from respan_langchain.delivery.exit_hooks import WORKERS


def flush_on_sigterm() -> None:
    """Deliver pending rows when SIGTERM arrives; then the process ends as it would have.

    A signal handler that the app has set before is called after the flush. Without one the process
    ends by the signal; a second SIGTERM ends it at once. The flush takes `exit_timeout` seconds at
    most. Forked children inherit this. Nothing calls it for you: signals belong to the app.

    Raises:
        ValueError: It is not called on the main thread.
    """
    previous = signal.getsignal(signal.SIGTERM)
    if previous is not signal.SIG_IGN and not isinstance(previous, _SigtermHandler):
        signal.signal(signal.SIGTERM, _SigtermHandler(previous))


@dataclass(frozen=True, slots=True)
class _SigtermHandler:
    previous: Any

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if callable(self.previous):
            WORKERS.flush()
            self.previous(number, frame)
            return
        signal.signal(number, signal.SIG_DFL)
        WORKERS.finish()
        signal.raise_signal(number)
        # The first process of a container is not ended by a signal that it sends to itself.
        raise SystemExit(128 + number)
