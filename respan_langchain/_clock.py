"""The system's clocks, bound when this module is imported.

Test tools such as freezegun replace the functions of `time` wherever a module holds them; delivery
must go on in a test whose clock stands still. They do not look into objects.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple


class Clock(NamedTuple):
    """Two functions without arguments."""

    monotonic: Callable[[], float]
    time: Callable[[], float]


CLOCK: Final = Clock(time.monotonic, time.time)
