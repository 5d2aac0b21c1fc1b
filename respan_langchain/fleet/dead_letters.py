"""Reads, counts, requeues and deletes the dead letters of a fleet.

They are rows that the platform rejected or never confirmed; `lua/finish.lua` writes them. Every
function raises `BrokerError` if Redis cannot be reached.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.encoding import decode_body
from respan_langchain.fleet.keys import DEAD
from respan_langchain.fleet.scripts import REQUEUE

PAGE: Final = 100
"""Dead letters that are moved at once."""


def read_dead_letters(broker: Broker) -> Iterator[dict[str, Any]]:
    """Yield every dead letter with state and reason, as JSON values; `log` is the row itself."""
    for _, fields in broker.entries(DEAD):
        yield {
            "dataset": fields[b"dataset"].decode(),
            "state": fields[b"state"].decode(),
            "reason": fields[b"reason"].decode(),
            "log": json.loads(decode_body(fields[b"encoding"], fields[b"body"])),
        }


def count_dead_letters(broker: Broker) -> int:
    """Return how many dead letters there are."""
    return int(broker.command("XLEN", DEAD))


def purge_dead_letters(broker: Broker, min_age: float) -> int:
    """Delete dead letters of at least `min_age` seconds, by the server's clock; return how many."""
    seconds, microseconds = broker.command("TIME")
    # The id of an entry begins with the millisecond at which it was added.
    first_kept = int((seconds - min_age) * 1000 + microseconds / 1000) + 1
    return int(broker.command("XTRIM", DEAD, "MINID", max(0, first_kept)))


def requeue_dead_letters(broker: Broker) -> int:
    """Have forwarders send every dead letter again; return how many."""
    left = count = count_dead_letters(broker)
    # Those that are rejected again meanwhile come after the ones that are counted.
    while left > 0 and (moved := broker.numbers(REQUEUE, min(left, PAGE))[0]):
        left -= moved
    return count - left
