"""The system's clocks, bound when this module is imported.

Test tools such as freezegun replace the functions of `time` wherever a module holds them, but not
inside objects. Delivery must continue in a test whose clock stands still.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple


class Clock(NamedTuple):
    """Two functions without arguments, and the distance between them."""

    monotonic: Callable[[], float]
    time: Callable[[], float]

    def epoch(self) -> float:
        """Return the wall time, in seconds since 1970, at which the monotonic clock read zero."""
        return self.time() - self.monotonic()


CLOCK: Final = Clock(time.monotonic, time.time)
NEVER: Final = float("inf")
"""A time, or a number of seconds, that is not reached."""
