"""Shows where a test stands that does not end."""

import faulthandler
import os
import time
from collections.abc import Generator

import pytest

LIMIT = 300.0
"""Seconds after which a test that still runs is shown on stderr, on all threads."""
RENEWAL = 30.0
"""Seconds for which one watchdog serves the tests that begin; the last of them has `LIMIT` left."""


class Standstill:
    """A plugin in place of pytest's `faulthandler_timeout`.

    That starts a thread before each test and joins it afterwards, which takes longer than most
    tests, and ten times as long on a busy machine.
    """

    def __init__(self, limit: float = LIMIT, renewal: float = RENEWAL) -> None:
        self.limit, self.renewal = limit, renewal
        self.stderr = os.dup(2)  # the terminal: pytest captures what is written to 2 later
        self.armed: float | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        now = time.monotonic()
        if self.armed is None or now - self.armed > self.renewal:
            faulthandler.dump_traceback_later(self.limit + self.renewal, file=self.stderr)
            self.armed = now
        try:
            return (yield)
        finally:
            if nextitem is None:
                faulthandler.cancel_dump_traceback_later()
                self.armed = None
