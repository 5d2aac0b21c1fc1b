"""Rows whose request failed: which to look up before they are sent again, and which to isolate.

Pure. A row is sent again only when it is known not to be stored, or when lookups cannot tell and
`on_unconfirmed` allows it; then it is counted as resent.
"""

from collections.abc import Callable, Iterator
from typing import Final

from respan_langchain.delivery.batch import ALWAYS, Batch, BulkResponse, Lookup, LookupResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import RowOutcome
from respan_langchain.delivery.response_classification import Classification
from respan_langchain.delivery.row import EncodedRow, QueuedRow

CONFLICT = 409
MAX_MARKER_BYTES = 65_536
MAX_LIST_LAG: Final = 120.0
"""Seconds to wait for a list that lags behind."""
LAGGING_LIST_INTERVAL: Final = 15.0
UNPROVEN = "sent, no clear response, and lookups could not prove whether it is stored"


class Recovery:
    """Batches whose request failed: to be looked up, split or sent again."""

    def __init__(self, limits: DeliveryLimits, backoff: Callable[[int], float]) -> None:
        """`backoff` returns the seconds to wait after a number of failures."""
        self._limits = limits
        self._backoff = backoff
        self._successes = 0
        self._markers: dict[str, tuple[EncodedRow, float]] = {}
        """By dataset: a row of the last stored batch, and when that batch was sent."""
        self.isolated: list[Batch] = []
        """To be sent: parts of a refused batch, rows with their own error, rows sent again."""
        self.lookups: list[Lookup] = []
        """To be made."""

    def sent_rows(self) -> list[QueuedRow]:
        """Rows that may be stored already."""
        waiting = [row for lookup in self.lookups for row in lookup.batch.rows]
        return [*waiting, *(row for batch in self.isolated for row in batch.sent_rows)]

    def unsent_rows(self) -> list[QueuedRow]:
        """Rows that are certainly not stored."""
        return [row for batch in self.isolated for row in batch.unsent_rows]

    def remove(self, is_removed: Callable[[QueuedRow], bool]) -> list[QueuedRow]:
        """Remove and return the unsent rows for which this is true."""
        plain = [batch for batch in self.isolated if batch.rest is None and batch.others is None]
        removed = [row for batch in plain for row in batch.rows if is_removed(row)]
        for batch in plain:
            batch.rows = [row for row in batch.rows if not is_removed(row)]
        self.isolated = [batch for batch in self.isolated if batch.rows]
        return removed

    def clear(self) -> None:
        """Forget all rows."""
        self.isolated, self.lookups = [], []

    # -- after an insert -------------------------------------------------------------------------

    def on_stored(self, rows: list[QueuedRow], sent: float) -> None:
        """Keep one row of a stored batch, sent at `sent`, as the marker row for later lookups."""
        self._successes += bool(rows)
        smallest = min(rows, key=lambda row: row.size, default=None)
        if smallest is not None and smallest.size <= MAX_MARKER_BYTES:
            self._markers[smallest.encoded.dataset] = smallest.encoded, sent

    def settle_named(
        self, batch: Batch, classification: Classification, now: float
    ) -> Iterator[RowOutcome]:
        """Reject rows with a permanent error; send rows with a temporary one again, a few times."""
        for index, message in classification.rejected.items():
            yield RowOutcome("rejected", (batch.rows[index],), message)
        later: list[QueuedRow] = []
        for index, message in classification.retryable.items():
            row = batch.rows[index]
            row.tries += 1
            if row.tries > self._limits.max_row_tries:
                yield RowOutcome("rejected", (row,), message)
            else:
                later.append(row)
        if later:
            wait = self._backoff(max(row.tries for row in later))
            self.isolated.append(Batch(batch.dataset, later, not_before=now + wait))
            yield RowOutcome("not_stored", tuple(later))

    def await_lookup(self, batch: Batch, now: float, response: BulkResponse | None) -> None:
        """Look these rows up later, since their response is not clear.

        `response` is None for rows that an earlier process may have sent.
        """
        batch.failures += 1
        batch.successes_then = self._successes
        lookup = Lookup(batch, now, None)
        if response is not None:
            lookup.sent_at = response.started_at
            lookup.exact_until = now + response.result.lookups_exact_for
        self._look_up(lookup, now + self._limits.lookup_delays[0])

    def refused(
        self, batch: Batch, response: BulkResponse, message: str, now: float
    ) -> Iterator[RowOutcome]:
        """Find the row for which the platform refused the whole batch.

        The platform may have stored the rows before that one. So the last row is sent alone: once
        a lookup shows it, rows that the lookup does not show are certainly not stored, even if
        the list lags behind.
        """
        rows, wall = tuple(batch.rows), response.started_at
        conflicts = response.result.status == CONFLICT
        if len(rows) == 1 and not conflicts:
            yield RowOutcome("rejected", rows, message)
        elif len(rows) == 1:
            yield RowOutcome("awaiting_lookup", rows)
            conflict = Lookup(batch, now, wall, refusal=message, conflicts=True)
            self._look_up(conflict, now + self._limits.lookup_delays[0])
        elif batch.refusals_are_atomic and not conflicts:
            yield RowOutcome("not_stored", rows)
            self.isolated[:0] = batch.split()
        else:
            yield RowOutcome("awaiting_lookup", rows)
            rest = Lookup(batch.of(batch.rows[:-1]), now, wall, refusal=message)
            self.isolated.insert(0, Batch(batch.dataset, batch.rows[-1:], rest=rest))

    def on_single_row(self, batch: Batch, now: float, *, stored: bool) -> None:
        """Process the rows that waited for the outcome of this batch of one row."""
        rest, others = batch.rest, batch.others
        batch.rest = batch.others = None
        if rest is not None:
            if stored:
                rest.marker, rest.tries = batch.rows[0].encoded, -1  # one more lookup, at once
            self._look_up(rest, now if stored else now + self._limits.lookup_delays[0])
        if others is not None:
            # The first row is valid, yet no row was stored: refused batches store nothing.
            others.refusals_are_atomic = stored
            self.isolated[:0] = others.split() if stored else [others]

    # -- lookups ---------------------------------------------------------------------------------

    def begin_lookup(self, lookup: Lookup) -> Lookup:
        """Return this lookup, which is made now."""
        self.lookups.remove(lookup)
        row, sent = self._markers.get(lookup.batch.dataset, (None, ALWAYS))
        if lookup.marker is None and sent >= lookup.ended:
            lookup.marker = row
        lookup.tries += 1
        return lookup

    def apply_lookup(self, result: LookupResult, now: float) -> Iterator[RowOutcome]:
        """Apply a lookup: settle stored rows, and decide what to do with missing ones.

        One that failed shows no row. A list may lag behind: a missing row is proven missing only
        once the lookup shows the marker row. Without that the last lookup decides, without proof.
        """
        lookup, rows = result.lookup, result.lookup.batch.rows
        first = len(lookup.found)
        counts = (result.counts or [0] * len(lookup.rows))[first : first + len(rows)]
        stored = tuple(row for row, count in zip(rows, counts, strict=True) if count)
        yield RowOutcome("delivered", stored)
        if any(count > 1 for count in counts):
            yield RowOutcome("duplicates")
        missing = [row for row, count in zip(rows, counts, strict=True) if not count]
        lookup.batch.rows = missing
        missing_ids = {row.encoded.id for row in missing}
        lookup.found += [row.encoded for row in stored if row.encoded.id in missing_ids]
        if not missing:
            return
        if _proves_absence(result, now):
            yield from self._not_stored(lookup, now, any_stored=bool(stored))
        elif (again := self._next_lookup_at(result, now)) is not None:
            self._look_up(lookup, again)
        else:
            yield from self._unproven(lookup, now)

    def _next_lookup_at(self, result: LookupResult, now: float) -> float | None:
        """Return when to look again; None when further lookups would not help."""
        lookup, delays = result.lookup, self._limits.lookup_delays
        if lookup.tries < len(delays):
            return max(now, lookup.ended + delays[lookup.tries])
        if result.counts is None:
            # One that succeeds will tell.
            return now + delays[-1] if now < lookup.exact_until else None
        lags = lookup.marker is not None and now < lookup.ended + MAX_LIST_LAG
        return now + LAGGING_LIST_INTERVAL if lags else None

    def _not_stored(self, lookup: Lookup, now: float, *, any_stored: bool) -> Iterator[RowOutcome]:
        batch, rows = lookup.batch, tuple(lookup.batch.rows)
        if lookup.conflicts:
            yield RowOutcome("rejected", rows, lookup.refusal)
            return
        yield RowOutcome("not_stored", rows)
        if not lookup.refusal:
            self._send_again(batch, now)
        elif any_stored and len(rows) > 1:
            # The platform stored the rows before the invalid one: the first missing row.
            self.isolated[:0] = [batch.of(batch.rows[:1]), batch.of(batch.rows[1:])]
        else:
            first, others = batch.of(batch.rows[:1]), batch.of(batch.rows[1:])
            first.others = others if others.rows else None
            self.isolated.insert(0, first)

    def _unproven(self, lookup: Lookup, now: float) -> Iterator[RowOutcome]:
        batch, rows = lookup.batch, tuple(lookup.batch.rows)
        if lookup.conflicts or self._limits.on_unconfirmed == "keep":
            yield RowOutcome("unconfirmed", rows, lookup.refusal or UNPROVEN)
            return
        yield RowOutcome("resent", rows)
        if lookup.refusal:
            batch.refusals_are_atomic = True  # further lookups would not help
            self.isolated[:0] = batch.split()
        else:
            self._send_again(batch, now)

    def _send_again(self, batch: Batch, now: float) -> None:
        """Send rows that are not stored; in halves when they fail again and others do not."""
        batch.not_before = now + self._backoff(batch.failures - 1)
        fails_alone = batch.failures > 1 and self._successes > batch.successes_then
        self.isolated += batch.split() if fails_alone else [batch]

    def _look_up(self, lookup: Lookup, at: float) -> None:
        lookup.batch.not_before = at
        self.lookups.append(lookup)


def _proves_absence(result: LookupResult, now: float) -> bool:
    """Whether the rows that this lookup does not show are certainly not stored."""
    if result.counts is None:
        return False
    sees_marker = result.lookup.marker is not None and result.counts[-1] > 0
    return sees_marker or now < result.lookup.exact_until
