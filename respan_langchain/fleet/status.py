"""The state of a whole fleet: its rows over all processes, those that ended included."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.keys import FORWARDERS
from respan_langchain.fleet.scripts import STATUS

ALIVE_WITHIN: Final = 30.0
"""Seconds since it was last heard of within which a process counts as alive."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ForwarderStatus(_Part):
    """One forwarder."""

    name: str
    rows: int
    """Rows that it has read, and whose state is not final."""
    idle: float
    """Seconds since it last looked for rows."""

    @property
    def is_alive(self) -> bool:
        """Whether it looked for rows lately."""
        return self.idle < ALIVE_WITHIN


class ProducerStatus(_Part):
    """One app process, by its last report; `ended` sums up those of long ago."""

    name: str
    captured: int
    dropped: int
    direct: int
    """Rows that it sent to the platform itself, while Redis could not be reached."""
    added: int
    """Rows that reached Redis."""
    idle: float | None = None
    """Seconds since that report; None for the sum."""

    @property
    def is_alive(self) -> bool:
        """Whether it reported lately."""
        return self.idle is not None and self.idle < ALIVE_WITHIN


class FleetCounts(_Part):
    """Rows since the fleet began."""

    added: int = 0
    """Rows that reached Redis."""
    delivered: int = 0
    rejected: int = 0
    unconfirmed: int = 0
    dropped: int = 0
    """Rows that a forwarder gave up."""


class FleetStatus(_Part):
    """Everything that Redis knows of a fleet, at one moment.

    Added = delivered + rejected + unconfirmed + dropped + vanished + rows. Captured = added + sent
    directly + dropped by producers + in producers.
    """

    rows: int
    """Rows in Redis."""
    read_rows: int
    """Of these, rows that a forwarder has read."""
    vanished: int
    """Rows that Redis had, and lost without a final state: trimmed, evicted, or by a failover."""
    bytes: int
    oldest: float | None = None
    """Seconds that the oldest row has waited in Redis; None when there is none."""
    rate_limit_wait: float
    """Seconds until the next bulk request is allowed."""
    dead: int
    """Dead letters."""
    interrupted: int = 0
    """Traces that wait to be resumed by any process."""
    counts: FleetCounts
    forwarders: list[ForwarderStatus] = Field(default_factory=list)
    producers: list[ProducerStatus] = Field(default_factory=list)

    @field_validator("forwarders", "producers", mode="before")
    @classmethod
    def _read_empty(cls, listed: object) -> object:
        return listed or []  # Lua writes an empty list as {}

    @property
    def captured(self) -> int:
        """Rows that producers captured, by their last reports."""
        return sum(each.captured for each in self.producers)

    @property
    def dropped_by_producers(self) -> int:
        """Rows that producers gave up, by their last reports."""
        return sum(each.dropped for each in self.producers)

    @property
    def sent_directly(self) -> int:
        """Rows that producers sent to the platform themselves, by their last reports."""
        return sum(each.direct for each in self.producers)

    @property
    def in_producers(self) -> int:
        """Rows that were not in Redis at the last reports: in memory, on disk, or lost with it."""
        added = sum(each.added for each in self.producers)
        return self.captured - self.dropped_by_producers - self.sent_directly - added


def read_status(broker: Broker) -> FleetStatus:
    """Read the state of the fleet.

    Raises:
        BrokerError: Redis cannot be reached.
    """
    return FleetStatus.model_validate_json(broker.texts(STATUS, FORWARDERS)[0])
