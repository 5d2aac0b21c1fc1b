"""When something is worth a log line: at once for the first, then once a minute with the count.

Lines name counts, causes and statuses. Never a payload, never a key.
"""

import logging
from dataclasses import dataclass

logger = logging.getLogger("respan_langchain.delivery")

MAX_SUBJECTS = 64


@dataclass(slots=True)
class _Subject:
    said_at: float
    unsaid: int = 0


class Notices:
    """Decides, by subject, whether to speak."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._subjects: dict[str, _Subject] = {}

    def count_to_say(self, subject: str, now: float, count: int = 1) -> int | None:
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
