"""What happens when a row meets its fate: the one place that tells everybody."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from respan_langchain.delivery.batch import Changes, Outcome, rows_of
from respan_langchain.delivery.flush import PendingFlushes
from respan_langchain.delivery.queue import Intake
from respan_langchain.delivery.reporting import DeliveryLogger
from respan_langchain.delivery.row import ids_by_status
from respan_langchain.delivery.spool.file import SpoolState
from respan_langchain.delivery.spool.null_spool import Loaded, NullSpool
from respan_langchain.delivery.status import DeliveryStatus

IN_DOUBT = "sent without a clear answer, to be looked for"
SHUTDOWN = "shutdown"


class Accounts:
    """Both ledgers, the room that a row took, its place on disk, those who wait for it."""

    def __init__(
        self,
        ledger: DeliveryStatus,
        *,
        intake: Intake,
        flushes: PendingFlushes,
        herald: DeliveryLogger,
        outbox: NullSpool,
    ) -> None:
        self._ledger = ledger
        self._intake = intake
        self._flushes = flushes
        self._herald = herald
        self._outbox = outbox

    def settle(self, settled: list[Outcome], now: float, *, held: bool = True) -> None:
        """These rows are done with; `held` is False for those that never took any room."""
        settled = [one for one in settled if one.rows]
        if not settled:
            return
        settled = self._saved(settled, now)
        self._clear_disk(settled, now)
        for one in settled:
            for ledger, ids in ids_by_status(row.encoded for row in one.rows).items():
                ledger.record(ids, one.state, one.reason)
                self._ledger.record(ids, one.state, one.reason)
                # One note may hold hundreds of rows, and perhaps nobody ever asks for the counts.
                ledger.fold()
        rows = rows_of(settled)
        if held:
            self._intake.release(rows)
        self._flushes.settled(rows)
        self._herald.settled(settled, now)

    def throw_away(self, gone: list[Loaded], now: float) -> None:
        """These were lost on disk."""
        for one in gone:
            for ledger in (one.parcel.status, self._ledger):
                one.count_in(ledger)
                ledger.record([one.parcel.id], "dropped", one.lost)
        self._herald.lost(Counter(one.lost for one in gone), now)

    def learn(self, news: Changes, waiting: int, now: float) -> None:
        """What an answer changed."""
        for row in news.doubtful:
            row.encoded.status.mark_unconfirmed(row.encoded.id, IN_DOUBT)
        self._outbox.mark_pending(news.returned, now)
        self.settle(news.settled, now)
        for remark in news.remarks:
            self._herald.remark(remark, waiting, now)

    def _saved(self, settled: list[Outcome], now: float) -> list[Outcome]:
        """What would be lost, but for the disk."""
        lost = self._spilled(settled, "waiting", now, lambda one: one.state == "dropped")
        return self._spilled(
            lost, "sent", now, lambda one: one.state == "unconfirmed" and one.reason == SHUTDOWN
        )

    def _spilled(
        self,
        settled: list[Outcome],
        state: SpoolState,
        now: float,
        may: Callable[[Outcome], bool],
    ) -> list[Outcome]:
        chosen = rows_of(one for one in settled if may(one))
        kept = set(self._outbox.spill(chosen, state, now))
        if not kept:
            return settled
        lost = [replace(one, rows=[row for row in one.rows if row not in kept]) for one in settled]
        spooled = [
            Outcome([row for row in one.rows if row in kept], "spooled", one.reason)
            for one in settled
        ]
        return [one for one in (*lost, *spooled) if one.rows]

    def _clear_disk(self, settled: list[Outcome], now: float) -> None:
        gone = [one for one in settled if one.state in {"delivered", "dropped"}]
        self._outbox.remove(rows_of(gone), now)
        dead = [one for one in settled if one.state in {"rejected", "unconfirmed"}]
        self._outbox.add_dead_letters(dead, now)
