"""Tells people what they should know, in as few lines as possible."""

import logging
from collections import Counter, deque
from dataclasses import dataclass

from respan_langchain.delivery.batch import LogEvent, Outcome
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.spool.null_spool import NullSpool


class DeliveryLogger:
    """Every log line of this room; never a payload, never a key."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._notices = LogRateLimiter(limits.log_interval)

    def remark(self, remark: LogEvent, waiting: int, now: float) -> None:
        """Something changed on the wire."""
        count = self._notices.should_log(remark.subject, now)
        if count is None:
            return
        match remark.subject:
            case "halted":
                logger.error(
                    "Respan takes no records: %s. %d wait; asking again every %g s.",
                    remark.detail,
                    waiting,
                    self._limits.probe_interval,
                )
            case "failing":
                logger.warning(
                    "Sending to Respan failed (%s), %d time(s). %d record(s) to be sent again.",
                    remark.detail,
                    count,
                    waiting,
                )
            case _:
                logger.info("Sending to Respan: %s.", remark.subject)

    def settled(self, settled: list[Outcome], now: float) -> None:
        """Rows that were refused or given up."""
        # What is left at the end has a line of its own.
        settled = [one for one in settled if one.reason != "shutdown"]
        dropped: Counter[str] = Counter()
        for one in settled:
            if one.state == "dropped":
                dropped[one.reason] += len(one.rows)
        self.lost(dropped, now)
        rejected = sum(len(one.rows) for one in settled if one.state == "rejected")
        if rejected and (count := self._notices.should_log("rejected", now, rejected)):
            logger.warning("Respan refused %d record(s) for good; the ledger says why.", count)
        unknown = sum(len(one.rows) for one in settled if one.state == "unconfirmed")
        if unknown and (count := self._notices.should_log("unconfirmed", now, unknown)):
            logger.warning("Whether Respan stored %d record(s) cannot be known.", count)

    def dropped(self, reasons: deque[str], now: float) -> None:
        """Rows that were refused at the door."""
        counts: Counter[str] = Counter()
        while reasons:
            counts[reasons.popleft()] += 1
        self.lost(counts, now)

    def lost(self, counts: Counter[str], now: float) -> None:
        """So many rows were given up, by reason."""
        for reason, number in counts.items():
            count = self._notices.should_log(f"dropped {reason}", now, number)
            if count is not None:
                logger.warning("respan_langchain dropped %d record(s): %s.", count, reason)

    def failed(self, error: BaseException, now: float) -> None:
        """The room's own fault."""
        subject = f"fault {type(error).__name__}"
        if self._notices.should_log(subject, now) is not None:
            logger.error("Delivery to Respan stumbled over %s and goes on.", type(error).__name__)

    def disk(self, outbox: NullSpool, now: float) -> None:
        """The disk says no, or a file on it is odd."""
        while outbox.unreadable_files:
            cause = outbox.unreadable_files.popleft()
            if self._notices.should_log(f"odd file {cause}", now) is not None:
                logger.warning(
                    "A file of the spool could not be read in full (%s): see"
                    " `respan-langchain spool list`.",
                    cause,
                )
        problem = outbox.last_error
        if problem is not None and self._notices.should_log("disk", now) is not None:
            logger.warning("The spool cannot be used (%s); records stay in memory.", problem)

    def unread(self, events: int, why: str) -> None:
        """Events that nobody could read in time, and so nobody knows how many rows they are."""
        if events:
            logger.warning("respan_langchain: %d event(s) not made into records: %s.", events, why)

    def left(self, lost: int, spooled: int, why: str) -> None:
        """The last line of a process, if there is anything to say."""
        if lost:
            logger.warning("respan_langchain: %d record(s) not delivered: %s.", lost, why)
        if spooled:
            logger.warning("respan_langchain: %d record(s) on disk for later: %s.", spooled, why)


logger = logging.getLogger("respan_langchain.delivery")

MAX_SUBJECTS = 64


@dataclass(slots=True)
class _Subject:
    said_at: float
    unsaid: int = 0


class LogRateLimiter:
    """Decides, by subject, whether to speak."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._subjects: dict[str, _Subject] = {}

    def should_log(self, subject: str, now: float, count: int = 1) -> int | None:
        """How many to name in a line now; None to stay silent and count on."""
        known = self._subjects.get(subject)
        if known is None:
            if len(self._subjects) < MAX_SUBJECTS:
                self._subjects[subject] = _Subject(now)
            return count
        known.unsaid += count
        if now - known.said_at < self._interval:
            return None
        said, known.unsaid, known.said_at = known.unsaid, 0, now
        return said
