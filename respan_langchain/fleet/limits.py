"""Limits of producers and forwarders, where they differ from those of a process by itself. Pure."""

from dataclasses import replace
from typing import Final

from respan_langchain.delivery.limits import UNLIMITED, DeliveryLimits

REMEMBERED_FOR: Final = 3600.0
"""Seconds for which a row that was added is known, whatever has become of it."""
MAX_AGE: Final = 0.5
"""Seconds after which a producer adds its rows: requests to a broker are cheap."""
LOOKUP_DELAYS: Final = (0.5, 2.0, 5.0)
"""Seconds after a lost response until a producer looks its rows up."""
FORWARDER_DEADLINE: Final = 7 * 86_400.0
"""Seconds after which a forwarder gives a row up; until then it waits in Redis."""


def producer_limits(limits: DeliveryLimits) -> DeliveryLimits:
    """Return the limits for rows that go to a broker: near and fast."""
    return replace(
        limits,
        max_age=min(limits.max_age, MAX_AGE),
        requests_per_minute=UNLIMITED,
        lookup_delays=LOOKUP_DELAYS,
    )


def forwarder_limits(limits: DeliveryLimits, reserve: int) -> DeliveryLimits:
    """Return the limits of a forwarder that leaves `reserve` requests a minute to others."""
    return replace(
        limits,
        requests_per_minute=max(1, limits.requests_per_minute - reserve),
        delivery_deadline=FORWARDER_DEADLINE,
    )
