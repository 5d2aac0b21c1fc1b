"""The system's clocks, bound when this module is imported.

Test tools such as freezegun replace the functions of `time` wherever a module holds them, but not
inside objects. Delivery must continue in a test whose clock stands still.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple


class Clock(NamedTuple):
    """Two functions without arguments."""

    monotonic: Callable[[], float]
    time: Callable[[], float]


CLOCK: Final = Clock(time.monotonic, time.time)
