"""When and how the worker polls the sources for rows.

The worker waits for a pause of a busy app, since two busy threads slow each other down. The first
rows, a flush and the level `durable` do not wait for a pause.
"""

from dataclasses import dataclass

from respan_langchain._clock import NEVER
from respan_langchain.delivery.fork_safety import ForkGuard
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.row_source import RowSources

COMMIT_INTERVAL = 0.02
"""Seconds between two polls where rows are promised to be on disk within 50 ms."""
QUIET = 0.05
"""Seconds without an event after which the app counts as paused."""
MAX_WAIT_FOR_QUIET = 1.0
"""Seconds after which events are read even while more arrive."""


@dataclass(slots=True)
class Wakeup:
    """Shared with producers, which read it before they wake the worker."""

    idle: bool = True
    """The worker does not poll its sources: a producer with something new must wake it."""


class SourcePoller:
    """Polls the sources of one worker, until they have no more rows; then the worker is idle."""

    def __init__(
        self, sources: RowSources, wakeup: Wakeup, limits: DeliveryLimits, *, is_durable: bool
    ) -> None:
        self._sources = sources
        self._wakeup = wakeup
        self._interval = min(limits.poll_interval, COMMIT_INTERVAL if is_durable else NEVER)
        self._unread_then = 0
        """Number of unread events at the last check for a pause."""
        self._quiet_until = NEVER
        """When they are read without a pause; NEVER while nothing waits for a pause."""
        self._must_close = False
        """Whether a flush waits for ended traces to be closed."""
        self._has_produced = False
        """Whether a poll returned something since the last interval began."""
        self._had_rows = False
        """Whether any poll has returned rows."""
        self._polled_events: int | None = None
        self._fork_guard = ForkGuard()
        self.due_at = float("-inf")
        """When to poll next."""

    @property
    def unread(self) -> int:
        """Number of events not made into rows yet, those being read included."""
        polled = self._polled_events
        return self._sources.unread() if polled is None else polled

    def wake(self, now: float) -> None:
        """Poll after the interval, since more events soon follow the first one."""
        self.due_at = min(self.due_at, now + self._interval)

    def flush(self) -> None:
        """Poll at once, and close ended traces."""
        self._must_close = True
        self.due_at = float("-inf")

    def poll(self, now: float) -> tuple[list[EncodedRow], bool]:
        """Return rows of every source if a poll is due, and whether to poll again at once."""
        sources = self._sources
        if not self._is_due(now, sources.unread(), sources.due_in(now)):
            return [], False
        rows, more = self._take(now)
        if more:
            return rows, True
        if self._must_close:
            self._must_close = False
            for source in sources:
                source.close_ended()
            return rows, True
        produced, self._has_produced = self._has_produced, False
        if produced:
            self.due_at = now + self._interval
            return rows, False
        self._wakeup.idle = True
        # A producer that read `idle` just before this did not wake the worker.
        last, more = self._take(now)
        if more or self._has_produced:
            return [*rows, *last], True
        self.due_at = now + sources.due_in(now)
        sources.detach_finished(now)
        return rows, False

    def _is_due(self, now: float, unread: int, due_in: float) -> bool:
        """Return whether to poll; `unread` is the number of events, `due_in` is in seconds."""
        if now < self.due_at:
            return False
        hurries = self._must_close or not self._had_rows or self._interval <= QUIET or due_in <= 0
        if hurries or unread in {0, self._unread_then} or now >= self._quiet_until:
            self._unread_then, self._quiet_until = 0, NEVER
            return True
        self._unread_then = unread
        self._quiet_until = min(self._quiet_until, now + MAX_WAIT_FOR_QUIET)
        self.due_at = now + QUIET
        return False

    def _take(self, now: float) -> tuple[list[EncodedRow], bool]:
        self._polled_events = self._sources.unread()
        try:
            rows = self._sources.take(now) if self._had_rows else self._take_first(now)
        finally:
            self._polled_events = None
        more = self._sources.due_in(now) <= 0
        self._had_rows = self._had_rows or bool(rows)
        if rows or more:
            self._has_produced = True
            self._wakeup.idle = False
        return rows, more

    def _take_first(self, now: float) -> list[EncodedRow]:
        # Building the first rows may import modules, for instance for the app's redaction.
        with self._fork_guard:
            return self._sources.take(now)
