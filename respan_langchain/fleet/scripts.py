"""The Lua scripts by which a fleet changes its keys, each atomic: `lua/*.lua` says what they do."""

from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Final

from respan_langchain.fleet import keys


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the keys that it uses, in its order."""

    text: str
    keys: tuple[str, ...]
    sha: str
    """The name under which a server keeps it."""


def _read(name: str, *used: str) -> Script:
    text = files("respan_langchain.fleet").joinpath("lua", f"{name}.lua").read_text("utf-8")
    return Script(text, used, sha1(text.encode(), usedforsecurity=False).hexdigest())


ADD: Final = _read("add", keys.ROWS, keys.BYTES, keys.SEEN, keys.COUNTS, keys.PRODUCERS)
JOIN: Final = _read("join", keys.ROWS)
STATUS: Final = _read(
    "status", keys.ROWS, keys.BYTES, keys.DEAD, keys.COUNTS, keys.PRODUCERS, keys.BULK_RATE_LIMIT,
    keys.TRACES,
)  # fmt: skip
READ: Final = _read("read", keys.ROWS)
CLAIM: Final = _read("claim", keys.ROWS, keys.SENT, keys.PRODUCERS)
RENEW: Final = _read("renew", keys.ROWS, keys.SENT)
RELEASE: Final = _read("release", keys.ROWS)
FINISH: Final = _read("finish", keys.ROWS, keys.BYTES, keys.SENT, keys.DEAD, keys.COUNTS, keys.SEEN)
FORGET: Final = _read("forget", keys.ROWS, keys.BYTES, keys.SENT, keys.COUNTS)
REQUEUE: Final = _read("requeue", keys.DEAD, keys.ROWS, keys.BYTES, keys.COUNTS)
STATES: Final = _read("states", keys.SEEN)
_TRACES: Final = (keys.TRACES, keys.TRACES_DUE, keys.BYTES)
STORE_TRACE: Final = _read("store_trace", *_TRACES)
FIND_TRACE: Final = _read("find_trace", keys.TRACES)
TAKE_TRACE: Final = _read("take_trace", keys.TRACES, keys.TRACES_DUE)
DROP_TRACE: Final = _read("drop_trace", *_TRACES)
EXPIRE_TRACES: Final = _read(
    "expire_traces",
    keys.TRACES, keys.TRACES_DUE, keys.ROWS, keys.BYTES, keys.SEEN, keys.COUNTS, keys.PRODUCERS,
)  # fmt: skip
RESERVE_BULK: Final = _read("reserve", keys.BULK_RATE_LIMIT)
RESERVE_LOOKUP: Final = _read("reserve", keys.LOOKUP_RATE_LIMIT)
PAUSE: Final = _read("pause", keys.BULK_RATE_LIMIT)
