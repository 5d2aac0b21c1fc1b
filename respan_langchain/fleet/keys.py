"""The keys of a fleet. They share a hash tag, so a cluster keeps them on one node.

Fleets that share a server are told apart by the database of their URLs.
"""

import os
import socket
from typing import Final
from uuid import uuid4

ROWS: Final = "{respan}:rows"
"""Stream: rows without a final state; an entry has `dataset`, `encoding`, `body` and `digest`."""
BYTES: Final = "{respan}:bytes"
"""Number: bytes of the bodies in `ROWS`, and of the traces in `TRACES`."""
TRACES: Final = "{respan}:traces"
"""Hash: interrupted traces by where they stopped, or by the process that has just taken them."""
TRACES_DUE: Final = "{respan}:traces:due"
"""Sorted set: the same keys, by the millisecond at which nobody has resumed them in time."""
SEEN: Final = "{respan}:seen"
"""Sorted set: digests of added rows by the second of that; tenths of it are the row's state."""
SENT: Final = "{respan}:sent"
"""Set: ids of entries that were sent to the platform, with no clear response yet."""
DEAD: Final = "{respan}:dead"
"""Stream, capped: rows that the platform rejected or never confirmed."""
COUNTS: Final = "{respan}:counts"
"""Hash: how many rows were added, and how many reached each final state."""
PRODUCERS: Final = "{respan}:producers"
"""Hash: what each producer reported last, and the sum over those of long ago."""
BULK_RATE_LIMIT: Final = "{respan}:rate_limit:bulk"
"""Number: when the next bulk request is allowed, in microseconds of the server's clock."""
LOOKUP_RATE_LIMIT: Final = "{respan}:rate_limit:lookup"
"""The same for requests that look rows up."""
FORWARDERS: Final = "forwarders"
"""The consumer group of `ROWS`."""


def process_name() -> str:
    """Return a name that no other process has or will have."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
