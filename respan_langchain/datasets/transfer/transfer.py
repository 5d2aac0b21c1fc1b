"""Sends rows to a dataset exactly once: rows of an unconfirmed request are looked up, then resent.

A transfer that is killed and started again resumes from its progress file. It does not use the
delivery queue and its spool, for three reasons: a spool forgets delivered rows, so a resumed
transfer could not skip them; a spool adopts rows of other processes, so any handler would continue
a transfer that was stopped; and a spool knows a row by its identifier alone, while rows of a
dataset may share identifiers. Both engines use the retry rules of `client/retry_policy.py`.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from respan_langchain._constants import MAX_BULK_LOGS
from respan_langchain.client.models import BulkResult
from respan_langchain.client.retry_policy import TRANSIENT_ERRORS
from respan_langchain.datasets.export.rows import json_text
from respan_langchain.datasets.transfer.progress_file import ProgressFile
from respan_langchain.datasets.transfer.target import TransferTarget
from respan_langchain.datasets.transfer.transfer_row import (
    ExistingRow,
    TransferRow,
    match_existing,
)
from respan_langchain.errors import ApiError, UnexpectedResponseError, ValidationError

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of the rows of one request; a larger row is sent alone."""
UNCONFIRMED_ERRORS: Final = (*TRANSIENT_ERRORS, UnexpectedResponseError)
"""Errors after which some or all rows of the request may have been stored."""
UNKNOWN_REASON: Final = "rejected without a reason"
MAX_LOOKUP_PAUSE: Final = 1.0
"""Seconds between two lookups of rows that may become visible."""


@dataclass(slots=True)
class TransferCounts:
    """What a transfer did."""

    already_there: int = 0
    sent: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    """Rejected rows by reason."""

    @property
    def done(self) -> int:
        """Rows that need nothing more."""
        return self.already_there + self.sent + sum(self.rejected.values())


class TransferSource(Protocol):
    """Where rows come from."""

    key: tuple[str, ...]
    """What identifies it in the name of the progress file."""
    description: str
    """What `transfers list` shows of it."""

    def rows(self) -> Iterator[TransferRow]:
        """Iterate over the rows to transfer."""
        ...

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Return which of these ids, seen by this or an earlier run, the source still has."""
        ...


@dataclass
class Transfer:
    """One run of a transfer; nothing is sent before `run`.

    It stops when the platform is unavailable for longer than the timeout of the target's client.
    """

    source: TransferSource
    target: TransferTarget
    progress: ProgressFile
    visibility_delay: float
    """Seconds after which a row that was sent, and is not listed, was not stored."""
    on_progress: Callable[[TransferCounts], None] = lambda _: None
    """Called after each request."""
    max_rows: int = MAX_BULK_LOGS
    wall_clock: Callable[[], float] = time.time
    counts: TransferCounts = field(default_factory=TransferCounts, init=False)
    _was_empty: bool = field(default=False, init=False)

    def run(self) -> TransferCounts:
        """Send every row that the target does not have.

        Raises:
            RespanError: The transfer stopped; its progress file is kept.
        """
        # Asked in each run, since others may have filled or emptied the target meanwhile.
        self._was_empty = self.target.is_empty()
        if self._was_empty:
            self.progress.invalidate()
        for group in batch_rows(self.source.rows(), self.max_rows):
            self._transfer_group(group)
            self.on_progress(self.counts)
        return self.counts

    def _transfer_group(self, group: Sequence[TransferRow]) -> None:
        states = self.progress.states(group)
        left = [row for row in group if states.get(row.source_id, ("", 0.0))[0] != "delivered"]
        self.counts.already_there += len(group) - len(left)
        # A target that was empty at the start can only have rows that the progress file knows.
        to_look_up = [row for row in left if row.source_id in states or not self._was_empty]
        sent_at = [at for state, at in states.values() if state == "unconfirmed"]
        delivered = self._find_delivered(to_look_up, max(sent_at, default=0.0))
        self.counts.already_there += len(delivered)
        self._send([row for row in left if row.source_id not in delivered])

    def _send(self, rows: Sequence[TransferRow]) -> None:
        """Send rows until each is delivered or rejected."""
        deadline = self.target.client.options.end()
        attempt = 0
        while rows:
            attempt += 1
            sent_at = self.wall_clock()
            self.progress.record(rows, "unconfirmed", sent_at)
            try:
                result = self.target.add(rows)
            except ValidationError as error:
                self._bisect(rows, error)
                return
            except UNCONFIRMED_ERRORS as error:
                self._back_off(error, attempt, deadline)
                delivered = self._find_delivered(rows, sent_at)
                self.counts.sent += len(delivered)
                rows = [row for row in rows if row.source_id not in delivered]
            else:
                self._apply_result(rows, result, sent_at)
                return

    def _back_off(self, error: ApiError, attempt: int, deadline: float) -> None:
        """Sleep before the next attempt, or raise the error if that would be too late."""
        options = self.target.client.options
        delay = options.retry.delay(attempt, error.retry_after, options.rng())
        if options.clock() + delay >= deadline:
            raise error
        options.sleep(delay)

    def _apply_result(
        self, rows: Sequence[TransferRow], result: BulkResult, sent_at: float
    ) -> None:
        rejected = dict(result.rejected())
        for index, reason in rejected.items():
            self._reject(rows[index], reason or UNKNOWN_REASON)
        accepted = [row for index, row in enumerate(rows) if index not in rejected]
        if result.success_count == len(accepted):
            self.progress.record(accepted, "delivered", self.wall_clock())
            self.counts.sent += len(accepted)
            return
        # The platform rejected more rows than it listed, so the others are looked up.
        delivered = self._find_delivered(accepted, sent_at)
        self.counts.sent += len(delivered)
        for row in accepted:
            if row.source_id not in delivered:
                self._reject(row, UNKNOWN_REASON)

    def _bisect(self, rows: Sequence[TransferRow], error: ValidationError) -> None:
        """Send the halves of a request that was rejected as a whole, down to the invalid row."""
        if len(rows) == 1:
            self._reject(rows[0], _describe(error))
            return
        middle = len(rows) // 2
        self._send(rows[:middle])
        self._send(rows[middle:])

    def _reject(self, row: TransferRow, reason: str) -> None:
        self.progress.record([row], "rejected", self.wall_clock(), reason)
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1

    def _find_delivered(self, rows: Sequence[TransferRow], sent_at: float) -> set[str]:
        """Look up rows until they must be visible; return the source ids of those that are."""
        if not rows:
            return set()
        # The smaller of the two, since the clock may have been set back after `sent_at`.
        visible_at = min(sent_at, self.wall_clock()) + self.visibility_delay
        others = self._owned_by_others(rows)
        while True:
            delivered = match_existing(rows, self.target.find_existing(rows), others)
            remaining = visible_at - self.wall_clock()
            if len(delivered) == len(rows) or remaining <= 0:
                break
            self.target.client.options.sleep(min(remaining, MAX_LOOKUP_PAUSE))
        found = [row for row in rows if row.source_id in delivered]
        self.progress.record(found, "delivered", self.wall_clock())
        return delivered

    def _owned_by_others(self, rows: Sequence[TransferRow]) -> list[ExistingRow]:
        """Return delivered rows with the identifiers of these, that other source rows became.

        A row that its source has lost is left out: one of `rows` may be its copy, pulled back.
        """
        others = self.progress.owned_by_others(rows)
        still_there = self.source.existing_ids(others) if others else set()
        return [existing for source_id, existing in others.items() if source_id in still_there]


def _describe(error: ValidationError) -> str:
    fields = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in error.fields.items())
    return fields or f"rejected with status {error.status}"


def batch_rows(
    rows: Iterable[TransferRow], max_rows: int = MAX_BULK_LOGS
) -> Iterator[list[TransferRow]]:
    """Group rows into requests, by number and by bytes."""
    group: list[TransferRow] = []
    group_size = 0
    for row in rows:
        size = len(json_text(row.content).encode("utf-8", "replace"))
        if group and (len(group) >= max_rows or group_size + size > MAX_REQUEST_BYTES):
            yield group
            group, group_size = [], 0
        group.append(row)
        group_size += size
    if group:
        yield group
