"""Moving rows: what was not seen to arrive is looked for before it is sent again.

Killed at any point and started again, it goes on where it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from respan_langchain._constants import MAX_BULK_LOGS
from respan_langchain.client.models import BulkResult
from respan_langchain.datasets.transfer.checkpoint import Checkpoint
from respan_langchain.datasets.transfer.retry import TRANSIENT_ERRORS, TransferRetry
from respan_langchain.datasets.transfer.target import TransferTarget, encoded_size
from respan_langchain.datasets.transfer.transfer_row import ExistingRow, TransferRow, match_existing
from respan_langchain.errors import UnexpectedAnswerError, ValidationError

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of one request; a larger row goes alone."""
UNCONFIRMED_ERRORS: Final = (*TRANSIENT_ERRORS, UnexpectedAnswerError)
"""After these some rows may be there, or all."""
UNKNOWN_REASON: Final = "refused, and the platform did not say why"


@dataclass(slots=True)
class TransferCounts:
    """What a transfer did."""

    already_there: int = 0
    sent: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    """Rows that the target does not take, by its words."""

    @property
    def done(self) -> int:
        """Rows for which nothing more is to be done."""
        return self.already_there + self.sent + sum(self.rejected.values())


class TransferSource(Protocol):
    """Where rows come from."""

    def rows(self) -> Iterator[TransferRow]:
        """Go through the rows that are to be moved."""

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Tell which of these rows, moved by an earlier run or by this one, are there still."""


class Transfer:
    """One run of a transfer."""

    def __init__(
        self,
        source: TransferSource,
        target: TransferTarget,
        checkpoint: Checkpoint,
        retry: TransferRetry,
        on_progress: Callable[[TransferCounts], None] = lambda _: None,
        *,
        max_rows: int = MAX_BULK_LOGS,
    ) -> None:
        self._source = source
        self._target = target
        self._checkpoint = checkpoint
        self._retry = retry
        self._on_progress = on_progress
        self._max_rows = max_rows
        self.counts = TransferCounts()
        # Asked anew by each run: others may have filled the target since, or emptied it.
        self._was_empty = retry.call(target.is_empty)
        if self._was_empty:
            checkpoint.invalidate()

    def run(self) -> TransferCounts:
        """Move all rows that are not there yet.

        Raises:
            RespanError: It cannot go on; what was done is written down.
        """
        for group in batch_rows(self._source.rows(), self._max_rows):
            self._transfer_group(group)
            self._on_progress(self.counts)
        return self.counts

    def _transfer_group(self, group: Sequence[TransferRow]) -> None:
        states = self._checkpoint.states(group)
        left = [row for row in group if states.get(row.source_id, ("", 0.0))[0] != "there"]
        self.counts.already_there += len(group) - len(left)
        # Into what was empty when this run began, only what was written down as sent can have come.
        unsure = [row for row in left if row.source_id in states or not self._was_empty]
        last_sent = max((at for state, at in states.values() if state == "sent"), default=0.0)
        there = self._find_delivered(unsure, last_sent)
        self.counts.already_there += len(there)
        self._send([row for row in left if row.source_id not in there])

    def _send(self, rows: Sequence[TransferRow]) -> None:
        """Send rows until each is there or refused."""
        began = self._retry.clock()
        tries = 0
        while rows:
            sent_at = self._retry.clock()
            self._checkpoint.record(rows, "sent", sent_at)
            try:
                result = self._target.add(rows)
            except ValidationError as refusal:
                self._bisect(rows, refusal)
                return
            except UNCONFIRMED_ERRORS as problem:
                tries += 1
                self._retry.backoff(problem, tries, began)
                there = self._find_delivered(rows, sent_at)
                self.counts.sent += len(there)
                rows = [row for row in rows if row.source_id not in there]
            else:
                self._apply_result(rows, result, sent_at)
                return

    def _apply_result(
        self, rows: Sequence[TransferRow], result: BulkResult, sent_at: float
    ) -> None:
        refused = dict(result.rejected())
        taken = [row for index, row in enumerate(rows) if index not in refused]
        for index, words in refused.items():
            self._reject(rows[index], words or UNKNOWN_REASON)
        if result.success_count == len(taken):
            self._checkpoint.record(taken, "there", self._retry.clock())
            self.counts.sent += len(taken)
            return
        # More were refused than were named: whoever is not there was one of them.
        there = self._find_delivered(taken, sent_at)
        self.counts.sent += len(there)
        for row in taken:
            if row.source_id not in there:
                self._reject(row, UNKNOWN_REASON)

    def _bisect(self, rows: Sequence[TransferRow], refusal: ValidationError) -> None:
        """Halve a request that was refused as a whole, until the row is found that it was for."""
        if len(rows) == 1:
            words = "; ".join(f"{name}: {', '.join(said)}" for name, said in refusal.fields.items())
            self._reject(rows[0], words or f"refused with status {refusal.status}")
            return
        middle = len(rows) // 2
        self._send(rows[:middle])
        self._send(rows[middle:])

    def _reject(self, row: TransferRow, reason: str) -> None:
        self._checkpoint.record([row], "refused", self._retry.clock(), reason)
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1

    def _find_delivered(self, rows: Sequence[TransferRow], sent_at: float) -> set[str]:
        """Look which rows are there; what was sent a moment ago may still be on its way."""
        if not rows:
            return set()
        now = self._retry.clock()
        # At most `settle` from now, also when the clock was set back since.
        until = min(sent_at, now) + self._retry.visibility_delay
        claimed = self._owned_by_others(rows)
        while True:
            there = self._retry.call(
                lambda: match_existing(rows, self._target.find_existing(rows), claimed)
            )
            left = until - self._retry.clock()
            if len(there) == len(rows) or left <= 0:
                break
            self._retry.sleep(min(left, 1.0))
        found = [row for row in rows if row.source_id in there]
        self._checkpoint.record(found, "there", self._retry.clock())
        return there

    def _owned_by_others(self, rows: Sequence[TransferRow]) -> list[ExistingRow]:
        """List what the target has of these rows' identifiers and is another row of the source.

        A row that the source has no more claims nothing: one of these may be its copy, come home.
        """
        claimed = self._checkpoint.owned_by_others(rows)
        still = self._source.existing_ids(claimed) if claimed else set()
        return [seen for source_id, seen in claimed.items() if source_id in still]


def batch_rows(
    rows: Iterable[TransferRow], most_rows: int = MAX_BULK_LOGS
) -> Iterator[list[TransferRow]]:
    """Put rows into requests, by number and by bytes."""
    group: list[TransferRow] = []
    weight = 0
    for row in rows:
        size = encoded_size(row.row)
        if group and (len(group) >= most_rows or weight + size > MAX_REQUEST_BYTES):
            yield group
            group, weight = [], 0
        group.append(row)
        weight += size
    if group:
        yield group
