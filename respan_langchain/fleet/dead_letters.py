"""The rows of a fleet that the platform rejected or never confirmed."""

import json
from collections.abc import Iterator
from typing import Any, Final

from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.encoding import decode_body
from respan_langchain.fleet.keys import DEAD
from respan_langchain.fleet.scripts import REVIVE

PAGE: Final = 100
"""Dead letters that are read or moved at once."""


def read_dead_letters(broker: Broker) -> Iterator[dict[str, Any]]:
    """Yield every dead letter with its state and reason, as JSON values; `log` is the row itself.

    Raises:
        BrokerError: Redis cannot be reached.
    """
    start = b"-"
    while entries := broker.command("XRANGE", DEAD, start, "+", "COUNT", PAGE):
        for entry_id, fields in entries:
            yield {
                "dataset": fields[b"dataset"].decode(),
                "state": fields[b"state"].decode(),
                "reason": fields[b"reason"].decode(),
                "log": json.loads(decode_body(fields[b"encoding"], fields[b"body"])),
            }
            start = b"(" + entry_id


def revive_dead_letters(broker: Broker) -> int:
    """Have forwarders send every dead letter again; return how many.

    Raises:
        BrokerError: Redis cannot be reached.
    """
    left = count = int(broker.command("XLEN", DEAD))
    # Those that are rejected again meanwhile come after the ones that are counted.
    while left > 0 and (moved := broker.numbers(REVIVE, min(left, PAGE))[0]):
        left -= moved
    return count - left
