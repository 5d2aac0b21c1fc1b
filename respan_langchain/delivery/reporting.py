"""The log lines of delivery: as few as possible, and every lost row is in one of them.

Each kind of line is logged at once, and then at most once per `log_interval` with what came since.
Rows that were not logged when the interval or the process ends are logged then, so the numbers in
the log add up to `stats`. No line holds a row or a key.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from respan_langchain._foreign_code import get_logger
from respan_langchain.delivery.drop_reasons import OF_FEEDBACK, describe_drop
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import SHUTDOWN, RowOutcome
from respan_langchain.delivery.spool.base import Spool

logger = get_logger("respan_langchain.delivery")

MAX_KEYS: Final = 64
"""Different lines whose times are remembered; the others are always logged."""
LINES: Final[Mapping[str, str]] = {
    "dropped": "respan_langchain: dropped %d row(s): %s.",
    "feedback": "respan_langchain: gave up feedback on %d row(s): %s.",
    "rejected": "respan_langchain: Respan rejected %d row(s)%s; see handler.row_status(run_id).",
    "unconfirmed": "respan_langchain: Respan neither confirmed nor refused %d row(s)%s.",
    "resent": "respan_langchain: sending %d row(s) again%s; Respan may store them twice, since a"
    " lookup could not prove that it does not have them.",
}
"""Lines about rows, by kind of outcome: how many, and why. All log lines have the same prefix."""


class LogLineKey(NamedTuple):
    """The key by which log lines are counted and rate-limited."""

    kind: str
    detail: str = ""


@dataclass(slots=True)
class _Logged:
    at: float
    unlogged: int = 0


class LogRateLimiter:
    """Decides for each kind of line whether to log it now."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._lines: dict[LogLineKey, _Logged] = {}

    def should_log(self, key: LogLineKey, now: float, count: int = 1) -> int | None:
        """Return the number to log now; None to add `count` to a later line."""
        known = self._lines.get(key)
        if known is None:
            if len(self._lines) < MAX_KEYS:
                self._lines[key] = _Logged(now)
            return count
        known.unlogged += count
        return self._due(known, now)

    def take_due(self, now: float) -> list[tuple[LogLineKey, int]]:
        """Return the lines whose interval is over, with how many were not logged in it."""
        due = [(key, self._due(known, now)) for key, known in self._lines.items()]
        return [(key, count) for key, count in due if count]

    def due_at(self) -> float:
        """Return when `take_due` has something next; infinity when all is logged."""
        waiting = [known.at for known in self._lines.values() if known.unlogged]
        return min(waiting, default=float("inf")) + self._interval

    def _due(self, known: _Logged, now: float) -> int | None:
        if now - known.at < self._interval:
            return None
        count, known.unlogged = known.unlogged, 0
        if count:
            known.at = now
        return count


class DeliveryLogger:
    """Writes the log lines of delivery."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self._probe_interval = limits.probe_interval
        # Held-back rows are logged when the interval ends; events only with the next event.
        self._rows = LogRateLimiter(limits.log_interval)
        self._events = LogRateLimiter(limits.log_interval)
        self._unread_events = 0
        """Events that are logged as too late."""
        self.pending = 0
        """Rows in memory, for lines that name the number of queued rows."""

    def on_outcomes(self, outcomes: tuple[RowOutcome, ...], now: float) -> None:
        """Log what happened to rows, and to delivery as a whole."""
        counts: Counter[LogLineKey] = Counter()
        for outcome in outcomes:
            # Rows left at the end are logged by `left_at_end`.
            if outcome.kind in LINES and outcome.rows and outcome.reason != SHUTDOWN:
                detail = outcome.reason if outcome.kind == "dropped" else ""
                kind = "feedback" if detail in OF_FEEDBACK else outcome.kind
                counts[LogLineKey(kind, detail)] += len(outcome.rows)
            elif outcome.is_about_delivery:
                self._event(outcome, now)
        self._count_rows(counts, now)

    def rows_dropped(self, reasons: Mapping[str, int], now: float) -> None:
        """Log rows that were refused before they were accepted, and rows held back until now.

        With `now` infinite, all that were held back.
        """
        self._count_rows({LogLineKey("dropped", reason): n for reason, n in reasons.items()}, now)
        self._repeat_unlogged(now)

    def due_at(self) -> float:
        """Return when rows that were held back are to be logged."""
        return self._rows.due_at()

    def on_spool(self, spool: Spool, now: float) -> None:
        """Log that the disk fails, and files that could not be read."""
        while spool.unreadable_files:
            cause = spool.unreadable_files.popleft()
            if self._events.should_log(LogLineKey("file", cause), now) is not None:
                logger.warning(
                    "respan_langchain: a spool file cannot be read in full (%s); it is kept: see"
                    " `respan-langchain spool list`.",
                    cause,
                )
        error = spool.last_error
        if error is not None and self._events.should_log(LogLineKey("spool"), now) is not None:
            logger.warning("respan_langchain: %s.", spool.failure.format(error))

    def not_on_disk(self, error: str | None, now: float) -> None:
        """Log that a call returned before its rows were on disk."""
        if self._events.should_log(LogLineKey("not on disk"), now) is not None:
            logger.warning(
                "respan_langchain: a call returned before its rows were on disk: %s.",
                error or "writing takes longer than exit_timeout",
            )

    def unexpected_error(self, error: BaseException, now: float) -> None:
        """Log an unexpected error in delivery or in a source."""
        name = type(error).__name__
        if self._events.should_log(LogLineKey("error", name), now) is not None:
            logger.error("respan_langchain: unexpected %s; delivery continues.", name)

    def unread_events(self, events: int) -> None:
        """Log events that no worker will read, once each; their number of rows is unknown."""
        late, self._unread_events = events - self._unread_events, events
        if late > 0:
            logger.warning("respan_langchain: %d event(s) came too late to become rows.", late)

    def left_at_end(self, lost: int, reason: str, spooled: int = 0, place: str = "") -> None:
        """Log the rows that are left when the process ends: lost, or spooled at some place."""
        self._repeat_unlogged(float("inf"))
        if lost:
            logger.warning("respan_langchain: %d row(s) not delivered: %s.", lost, reason)
        if spooled:
            logger.warning("respan_langchain: %d row(s) %s for later: %s.", spooled, place, reason)

    def _count_rows(self, counts: Mapping[LogLineKey, int], now: float) -> None:
        for key, number in counts.items():
            if count := self._rows.should_log(key, now, number):
                _log_rows(key, count)

    def _repeat_unlogged(self, now: float) -> None:
        for key, count in self._rows.take_due(now):
            _log_rows(key, count)

    def _event(self, outcome: RowOutcome, now: float) -> None:
        count = self._events.should_log(LogLineKey(outcome.kind), now)
        if count is None:
            return
        match outcome.kind:
            case "circuit_opened":
                logger.error(
                    "respan_langchain: delivery paused: %s. %d row(s) queued; retrying every %g s.",
                    outcome.reason,
                    self.pending,
                    self._probe_interval,
                )
            case "request_failed":
                logger.warning(
                    "respan_langchain: sending failed (%s), %d time(s); retrying, %d row(s)"
                    " queued.",
                    outcome.reason,
                    count,
                    self.pending,
                )
            case "duplicates":
                logger.info("respan_langchain: Respan stored some rows more than once.")
            case _:
                logger.info("respan_langchain: delivery works again.")


def _log_rows(key: LogLineKey, count: int) -> None:
    logger.warning(LINES[key.kind], count, describe_drop(key.detail))
