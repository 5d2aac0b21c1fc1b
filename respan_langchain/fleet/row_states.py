"""What becomes of a handler's rows once they are in Redis, as the forwarders report it."""

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from threading import Lock
from typing import Final

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.flush import FlushResult
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import RowState
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.encoding import digest_body
from respan_langchain.fleet.producer import DirectRows
from respan_langchain.fleet.scripts import STATES

REPORTED: Final[tuple[RowState, ...]] = (
    "pending", "delivered", "rejected", "unconfirmed", "dropped",
)  # fmt: skip
"""The states by their numbers in `lua/states.lua`."""
DELIVERED: Final = 1
REMEMBERED: Final = 10_000
"""Rows of a handler that can be asked for."""
TIMEOUT: Final = 2.0
"""Seconds that a caller waits for an answer of Redis."""
POLL_INTERVAL: Final = 0.1
"""Seconds between two looks."""


class RowStates:
    """The latest rows of one handler, for all threads."""

    def __init__(self, url: str, direct_rows: DirectRows) -> None:
        """Connect when a state is asked for; Redis does not know `direct_rows`."""
        self._url = url
        self._direct_rows = direct_rows
        self._id_by_digest: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    def remember(self, rows: Sequence[EncodedRow]) -> None:
        """Note rows that are about to be added."""
        with self._lock:
            self._id_by_digest.update((digest_body(row.body), row.id) for row in rows)
            while len(self._id_by_digest) > REMEMBERED:
                self._id_by_digest.popitem(last=False)

    def find(self, row_id: str) -> RowState | None:
        """Return the state of a row that Redis had; None when it is not known."""
        with self._lock:
            digests = [digest for digest, known in self._id_by_digest.items() if known == row_id]
        try:
            return self._ask(digests[-1:])[0] if digests else None
        except BrokerError:
            return None

    def wait(self, result: FlushResult, timeout: float) -> FlushResult:
        """Wait until the rows that Redis has have their final states; return a flush with these."""
        deadline = CLOCK.monotonic() + timeout
        with self._lock:
            digests = list(self._id_by_digest)
        while True:
            counts = self._count(digests)
            left = deadline - CLOCK.monotonic()
            if not counts["pending"] or left <= 0:
                return _add(result, counts)
            time.sleep(min(POLL_INTERVAL, left))

    def _count(self, digests: Sequence[bytes]) -> Counter[RowState]:
        """Count the rows by their states; one that Redis does not know is pending."""
        try:
            return Counter(state or "pending" for state in self._ask(digests))
        except BrokerError:
            return Counter({"pending": len(digests)})

    def _ask(self, digests: Sequence[bytes]) -> list[RowState | None]:
        asked = [each for each in digests if not self._direct_rows.has_stored(each)]
        with closing(Broker(self._url, TIMEOUT)) as broker:
            numbers = broker.numbers(STATES, *asked) if asked else []
        by_digest = dict(zip(asked, numbers, strict=True))
        found = [by_digest.get(each, DELIVERED) for each in digests]
        return [REPORTED[number] if number >= 0 else None for number in found]


def _add(result: FlushResult, counts: Counter[RowState]) -> FlushResult:
    """Move the rows without success from those that Redis has to their states."""
    return replace(
        result,
        delivered=result.delivered - (counts.total() - counts["delivered"]),
        pending=result.pending + counts["pending"],
        rejected=result.rejected + counts["rejected"],
        unconfirmed=result.unconfirmed + counts["unconfirmed"],
        dropped=result.dropped + counts["dropped"],
    )
