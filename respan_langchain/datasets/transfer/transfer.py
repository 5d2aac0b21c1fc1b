"""Moving rows: what was not seen to arrive is looked for before it is sent again.

Killed at any point and started again, it goes on where it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from respan_langchain._constants import MAX_BULK_LOGS
from respan_langchain.client.models import BulkResult
from respan_langchain.datasets.transfer.checkpoint import Progress
from respan_langchain.datasets.transfer.retry import PASSING, Pace
from respan_langchain.datasets.transfer.target import Target, size_of
from respan_langchain.datasets.transfer.transfer_row import Moving, Seen, present
from respan_langchain.errors import UnexpectedAnswerError, ValidationError

MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of one request; a larger row goes alone."""
UNCLEAR: Final = (*PASSING, UnexpectedAnswerError)
"""After these some rows may be there, or all."""
UNNAMED: Final = "refused, and the platform did not say why"


@dataclass(slots=True)
class Counts:
    """What a transfer did."""

    already_there: int = 0
    sent: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Rows that the target does not take, by its words."""

    @property
    def done(self) -> int:
        """Rows for which nothing more is to be done."""
        return self.already_there + self.sent + sum(self.refused.values())


class Origin(Protocol):
    """Where rows come from."""

    def rows(self) -> Iterator[Moving]:
        """Go through the rows that are to be moved."""

    def still_has(self, source_ids: Collection[str]) -> set[str]:
        """Tell which of these rows, moved by an earlier run or by this one, are there still."""


class Transfer:
    """One run of a transfer."""

    def __init__(
        self,
        origin: Origin,
        target: Target,
        progress: Progress,
        pace: Pace,
        tell: Callable[[Counts], None] = lambda _: None,
        *,
        most_rows: int = MAX_BULK_LOGS,
    ) -> None:
        self._origin = origin
        self._target = target
        self._progress = progress
        self._pace = pace
        self._tell = tell
        self._most_rows = most_rows
        self.counts = Counts()
        # Asked anew by each run: others may have filled the target since, or emptied it.
        self._was_empty = pace.patiently(target.is_empty)
        if self._was_empty:
            progress.doubt()

    def move(self) -> Counts:
        """Move all rows that are not there yet.

        Raises:
            RespanError: It cannot go on; what was done is written down.
        """
        for group in groups(self._origin.rows(), self._most_rows):
            self._move(group)
            self._tell(self.counts)
        return self.counts

    def _move(self, group: Sequence[Moving]) -> None:
        states = self._progress.states(group)
        left = [row for row in group if states.get(row.source_id, ("", 0.0))[0] != "there"]
        self.counts.already_there += len(group) - len(left)
        # Into what was empty when this run began, only what was written down as sent can have come.
        unsure = [row for row in left if row.source_id in states or not self._was_empty]
        last_sent = max((at for state, at in states.values() if state == "sent"), default=0.0)
        there = self._found(unsure, last_sent)
        self.counts.already_there += len(there)
        self._send([row for row in left if row.source_id not in there])

    def _send(self, rows: Sequence[Moving]) -> None:
        """Send rows until each is there or refused."""
        began = self._pace.clock()
        tries = 0
        while rows:
            sent_at = self._pace.clock()
            self._progress.note(rows, "sent", sent_at)
            try:
                result = self._target.add(rows)
            except ValidationError as refusal:
                self._refused_whole(rows, refusal)
                return
            except UNCLEAR as problem:
                tries += 1
                self._pace.rest(problem, tries, began)
                there = self._found(rows, sent_at)
                self.counts.sent += len(there)
                rows = [row for row in rows if row.source_id not in there]
            else:
                self._judged(rows, result, sent_at)
                return

    def _judged(self, rows: Sequence[Moving], result: BulkResult, sent_at: float) -> None:
        refused = dict(result.refused())
        taken = [row for index, row in enumerate(rows) if index not in refused]
        for index, words in refused.items():
            self._refuse(rows[index], words or UNNAMED)
        if result.success_count == len(taken):
            self._progress.note(taken, "there", self._pace.clock())
            self.counts.sent += len(taken)
            return
        # More were refused than were named: whoever is not there was one of them.
        there = self._found(taken, sent_at)
        self.counts.sent += len(there)
        for row in taken:
            if row.source_id not in there:
                self._refuse(row, UNNAMED)

    def _refused_whole(self, rows: Sequence[Moving], refusal: ValidationError) -> None:
        """Halve a request that was refused as a whole, until the row is found that it was for."""
        if len(rows) == 1:
            words = "; ".join(f"{name}: {', '.join(said)}" for name, said in refusal.fields.items())
            self._refuse(rows[0], words or f"refused with status {refusal.status}")
            return
        middle = len(rows) // 2
        self._send(rows[:middle])
        self._send(rows[middle:])

    def _refuse(self, row: Moving, reason: str) -> None:
        self._progress.note([row], "refused", self._pace.clock(), reason)
        self.counts.refused[reason] = self.counts.refused.get(reason, 0) + 1

    def _found(self, rows: Sequence[Moving], sent_at: float) -> set[str]:
        """Look which rows are there; what was sent a moment ago may still be on its way."""
        if not rows:
            return set()
        now = self._pace.clock()
        # At most `settle` from now, also when the clock was set back since.
        until = min(sent_at, now) + self._pace.settle
        claimed = self._claimed(rows)
        while True:
            there = self._pace.patiently(lambda: present(rows, self._target.seen(rows), claimed))
            left = until - self._pace.clock()
            if len(there) == len(rows) or left <= 0:
                break
            self._pace.sleep(min(left, 1.0))
        found = [row for row in rows if row.source_id in there]
        self._progress.note(found, "there", self._pace.clock())
        return there

    def _claimed(self, rows: Sequence[Moving]) -> list[Seen]:
        """List what the target has of these rows' identifiers and is another row of the source.

        A row that the source has no more claims nothing: one of these may be its copy, come home.
        """
        claimed = self._progress.claimed(rows)
        still = self._origin.still_has(claimed) if claimed else set()
        return [seen for source_id, seen in claimed.items() if source_id in still]


def groups(rows: Iterable[Moving], most_rows: int = MAX_BULK_LOGS) -> Iterator[list[Moving]]:
    """Put rows into requests, by number and by bytes."""
    group: list[Moving] = []
    weight = 0
    for row in rows:
        size = size_of(row.row)
        if group and (len(group) >= most_rows or weight + size > MOST_BYTES):
            yield group
            group, weight = [], 0
        group.append(row)
        weight += size
    if group:
        yield group
