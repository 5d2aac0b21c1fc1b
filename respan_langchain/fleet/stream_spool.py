"""The spool of a forwarder: rows stay in Redis until their state is final.

A forwarder reads rows as a consumer of a group, so a row belongs to one forwarder at a time. It
renews that while it holds the row; when it stops doing so, another forwarder takes the row over,
and looks it up first if it was about to be sent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from respan_langchain._foreign_code import get_logger
from respan_langchain.delivery.outcome import FINAL, SHUTDOWN, RowOutcome
from respan_langchain.delivery.row import EncodedRow, QueuedRow
from respan_langchain.delivery.spool.base import Accept, Spool
from respan_langchain.fleet.broker import Argument, Broker, BrokerError
from respan_langchain.fleet.encoding import DamagedBodyError, decode_body
from respan_langchain.fleet.keys import FORWARDERS, SENT
from respan_langchain.fleet.scripts import (
    CLAIM,
    EXPIRE_TRACES,
    FINISH,
    JOIN,
    READ,
    RELEASE,
    RENEW,
    Script,
)

Result = TypeVar("Result")

logger = get_logger("respan_langchain.fleet")

CLAIM_AFTER: Final = 60.0
"""Seconds without a renewal after which another forwarder takes rows over."""
CLAIM_PARTS: Final = 6
"""How often rows are renewed, and those of others are looked for, within `claim_after`."""
POLL_INTERVAL: Final = 0.1
"""Seconds between two looks for new rows, while there are none."""
RETRY_INTERVAL: Final = 1.0
"""Seconds until the next try, while Redis cannot be reached."""
MAX_EXPIRED: Final = 100
"""Interrupted traces whose rows are added at once."""
MAX_DEAD: Final = 10_000
"""Dead letters that are kept."""


class StreamSpool(Spool):
    """The rows that one forwarder has read; for the thread that holds the worker's lock."""

    place = "in Redis"
    failure = "no row can be read ({}); rows stay in Redis"

    def __init__(self, broker: Broker, consumer: str, claim_after: float = CLAIM_AFTER) -> None:
        """`consumer` is a name that no other process has."""
        super().__init__()
        self._broker = broker
        self._consumer = consumer
        self._claim_after = claim_after
        self._ids: dict[QueuedRow, str] = {}
        """The stream's ids of the rows in memory."""
        self._finished: dict[str, tuple[str, str]] = {}
        """Rows that are done and not deleted yet, with state and reason."""
        self._error: str | None = None
        self._look_at = self._renew_at = self._claim_at = float("-inf")
        self._has_joined = False
        self._is_reading = True
        self.is_marked = False
        """Whether the rows of the next request are noted as sent; written before it is made."""

    @property
    def last_error(self) -> str | None:
        """Why Redis is not used now."""
        return self._error

    def stop_reading(self) -> None:
        """Read no more rows, since the forwarder ends."""
        self._is_reading = False
        self.loadable = 0

    # -- rows come in ----------------------------------------------------------------------------

    def maintain(self, now: float) -> tuple[RowOutcome, ...]:
        """Acknowledge rows that are done, renew the others, and have `load` look for more."""
        if now >= self._look_at:
            self._look_at = now + POLL_INTERVAL
            self._acknowledge(now)
            if now >= self._renew_at:
                self._renew_at = now + self._claim_after / CLAIM_PARTS
                self._try(now, lambda: self._renew(self._ids.values(), is_sending=False))
            self.loadable = int(self._is_reading and self._error is None)
        return ()

    def load(
        self, accept: Accept, max_rows: int, max_bytes: int, now: float
    ) -> dict[QueuedRow, bool]:
        """Read rows of the stream; first those that another forwarder has left alone."""
        read = [] if self._try(now, self._join) is None else self._read(max_rows, max_bytes, now)
        # Its own rows come again where it could not renew them.
        in_memory = {*self._ids.values(), *self._finished}
        entries = [(key.decode(), *rest) for key, *rest in zip(*[iter(read)] * 5, strict=True)]
        sent = {key for key, *_, maybe_sent in entries if maybe_sent == b"1"}
        new = (self._read_entry(key, *rest) for key, *rest, _ in entries if key not in in_memory)
        rows = accept([row for row in new if row is not None])
        self._ids.update((row, row.encoded.id) for row in rows)
        self.loadable = int(self._is_reading and bool(read))
        self._acknowledge(now)
        return {row: self._ids[row] in sent for row in rows}

    def _read(self, max_rows: int, max_bytes: int, now: float) -> list[bytes]:
        if now >= self._claim_at:
            milliseconds = int(self._claim_after * 1000)
            taken_over = self._entries(CLAIM, now, max_rows, max_bytes, milliseconds)
            if taken_over:
                return taken_over
            self._claim_at = now + self._claim_after / CLAIM_PARTS
            self._try(now, lambda: self._broker.numbers(EXPIRE_TRACES, MAX_EXPIRED))
        return self._entries(READ, now, max_rows, max_bytes)

    def _entries(self, script: Script, now: float, *bounds: int) -> list[bytes]:
        arguments: list[Argument] = [FORWARDERS, self._consumer, *bounds]
        return self._try(now, lambda: self._broker.texts(script, *arguments)) or []

    def _read_entry(
        self, key: str, dataset: bytes, encoding: bytes, body: bytes
    ) -> EncodedRow | None:
        try:
            decoded = decode_body(encoding, body)
        except DamagedBodyError:
            self.adopted.drop(key, "damaged")
            self._finished[key] = "dropped", "damaged"
            return None
        self.adopted.accept([key])
        return EncodedRow(key, dataset.decode(), decoded, self.adopted)

    def _join(self) -> bool:
        if not self._has_joined:
            self._broker.numbers(JOIN, FORWARDERS)
            self._has_joined = True
        return True

    # -- rows are sent ---------------------------------------------------------------------------

    def mark_unconfirmed(self, rows: Sequence[QueuedRow], now: float) -> Sequence[QueuedRow]:
        """Note that rows are about to be sent; return those that another forwarder has by now."""
        ids = [self._ids[row] for row in rows]
        lost = self._try(now, lambda: self._renew(ids, is_sending=True))
        self.is_marked = lost is not None and not lost
        taken_over = [row for row in rows if lost and self._ids[row] in lost]
        for row in taken_over:
            del self._ids[row]
        return taken_over

    def _renew(self, ids: Iterable[str], *, is_sending: bool) -> set[str]:
        """Renew rows; return those that are no longer this forwarder's."""
        arguments: list[Argument] = [FORWARDERS, self._consumer, int(is_sending), *ids]
        return {each.decode() for each in self._broker.texts(RENEW, *arguments)}

    # -- rows are done ---------------------------------------------------------------------------

    def on_outcomes(self, outcomes: tuple[RowOutcome, ...], now: float) -> tuple[RowOutcome, ...]:
        """Acknowledge and delete rows whose state is final; leave the others at the end."""
        outcomes = tuple(
            replace(one, kind="spooled") if one.reason == SHUTDOWN else one for one in outcomes
        )
        for outcome in outcomes:
            if outcome.kind in FINAL:
                for key in self._pop_ids(outcome):
                    self._finished[key] = outcome.kind, outcome.reason
            elif outcome.kind == "spooled":
                self._release(self._pop_ids(outcome), now)
            elif outcome.kind == "not_stored":
                ids = [self._ids[row] for row in outcome.rows]
                self._try(now, partial(self._broker.command, "SREM", SENT, *ids))
        self._acknowledge(now)
        return outcomes

    def close(self) -> None:
        """Leave the rows to other forwarders."""
        self._release(list(self._ids.values()), float("inf"))
        self._ids.clear()
        self._broker.close()

    def _acknowledge(self, now: float) -> None:
        if not self._finished:
            return
        arguments: list[Argument] = [FORWARDERS, MAX_DEAD]
        for key, (state, reason) in self._finished.items():
            arguments += [key, state, reason]
        if self._try(now, lambda: self._broker.numbers(FINISH, *arguments)) is not None:
            self._finished.clear()

    def _release(self, ids: list[str], now: float) -> None:
        idle = int(self._claim_after * 1000)
        arguments: list[Argument] = [FORWARDERS, self._consumer, idle, *ids]
        self._try(now, lambda: self._broker.numbers(RELEASE, *arguments))

    def _pop_ids(self, outcome: RowOutcome) -> list[str]:
        """Forget rows; return the ids of those that no other forwarder has taken over."""
        return [self._ids.pop(row) for row in outcome.rows if row in self._ids]

    # -- the connection --------------------------------------------------------------------------

    def _try(self, now: float, call: Callable[[], Result]) -> Result | None:
        """Return what a call returns; None when Redis did not run it."""
        try:
            result = call()
        except BrokerError as error:
            self._error = str(error)
            self._look_at, self.loadable = now + RETRY_INTERVAL, 0
            if "NOGROUP" in self._error and self._has_joined:
                self._has_joined = False
                logger.warning(
                    "respan_langchain: Redis was emptied; rows that waited there may be lost."
                )
            return None
        self._error = None
        return result
