"""The transport of an app: one request adds rows to the stream, all of them or none.

A row that was added before is not added again, so a lookup proves what a lost response left open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.batch import FeedbackState
from respan_langchain.fleet.broker import Argument, Broker, BrokerError
from respan_langchain.fleet.encoding import digest_body, encode_body
from respan_langchain.fleet.limits import REMEMBERED_FOR
from respan_langchain.fleet.producer_counts import ProducerCounts
from respan_langchain.fleet.scripts import ADD, STATES, Script


@dataclass(frozen=True, slots=True)
class FleetBounds:
    """What may wait in Redis for all processes together."""

    max_rows: int
    max_bytes: int


class ProducerTransport:
    """Adds rows to the stream of a fleet."""

    def __init__(self, broker: Broker, bounds: FleetBounds, counts: ProducerCounts) -> None:
        """The counts go along with the rows; they outlive this transport."""
        self._broker = broker
        self._bounds = bounds
        self._counts = counts
        self.is_reachable = True
        """Whether the last call reached Redis."""

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Add rows; the broker's own time-out holds."""
        del timeout
        arguments: list[Argument] = [
            self._bounds.max_rows,
            self._bounds.max_bytes,
            int(REMEMBERED_FOR),
            *self._counts.arguments(),
        ]
        for body in bodies:
            arguments += [digest_body(body), dataset, *encode_body(body)]
        try:
            is_taken, *numbers = self._run(ADD, arguments)
        except BrokerError as error:
            return HttpResult(
                None,
                error=str(error),
                maybe_sent=error.maybe_executed,
                permanent=error.is_permanent,
                lookups_exact_for=REMEMBERED_FOR,
            )
        if not is_taken:
            rows, size = numbers
            full = f"the fleet is full: {rows} row(s) and {size} bytes wait in Redis"
            return HttpResult(None, error=full, maybe_sent=False)
        self._counts.on_added(numbers[0])
        return HttpResult(201, b'{"success_count":%d,"error_count":0}' % len(bodies))

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float, timeout: float
    ) -> Sequence[int] | None:
        """Return 1 for each row that was added, else 0; None when Redis cannot be reached."""
        del dataset, since, timeout
        try:
            states = self._run(STATES, [digest_body(body) for body in bodies])
        except BrokerError:
            return None
        return [int(state >= 0) for state in states]

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Add feedback to the stream like rows; a forwarder applies it."""
        if self.send_bulk(dataset, bodies, timeout).status is None:
            return None
        return ["applied" for _ in bodies]

    def close(self) -> None:
        """Close the connection."""
        self._broker.close()

    def _run(self, script: Script, arguments: Sequence[Argument]) -> list[int]:
        self.is_reachable = True
        try:
            return self._broker.numbers(script, *arguments)
        except BrokerError as error:
            self.is_reachable = not error.is_unreachable
            raise
