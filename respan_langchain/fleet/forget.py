"""Removes a subject's rows, dead letters and interrupted traces from Redis."""

from collections.abc import Iterator, Mapping
from contextlib import closing

import orjson

from respan_langchain._untyped_values import as_mapping
from respan_langchain.client.subject import Subject
from respan_langchain.delivery.outcome import Forgotten
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.encoding import DamagedBodyError, decode_body
from respan_langchain.fleet.keys import DEAD, FORWARDERS, ROWS, TRACES
from respan_langchain.fleet.scripts import DROP_TRACE, FIND_TRACE, FORGET
from respan_langchain.fleet.traces import parse_entry


def forget_in_broker(url: str, subject: Subject) -> Forgotten:
    """Remove what waits in Redis; the memory of its processes is not reached.

    Raises:
        BrokerError: Redis cannot be reached.
    """
    with closing(Broker(url)) as broker:
        # First: a trace that is due meanwhile becomes rows.
        traces = [key for key in broker.command("HKEYS", TRACES) if _is_trace(broker, key, subject)]
        for key in traces:
            broker.numbers(DROP_TRACE, key)
        rows = list(_find(broker, ROWS, subject))
        deleted = sum(broker.numbers(FORGET, FORWARDERS, *rows))
        dead = sum(int(broker.command("XDEL", DEAD, key)) for key in _find(broker, DEAD, subject))
        return Forgotten(len(traces), memory=deleted + dead, sent=len(rows) - deleted)


def _is_trace(broker: Broker, key: bytes, subject: Subject) -> bool:
    entry = broker.texts(FIND_TRACE, key)
    if not entry:
        return False
    return subject.matches(orjson.loads(parse_entry(entry).record)["row"])


def _find(broker: Broker, stream: str, subject: Subject) -> Iterator[bytes]:
    """Yield the ids of a stream's entries that hold the subject's rows."""
    return (key for key, fields in broker.entries(stream) if _is_row_of(subject, fields))


def _is_row_of(subject: Subject, fields: Mapping[bytes, bytes]) -> bool:
    """Whether an entry holds a row of the subject; what others added to the stream holds none."""
    try:
        row = orjson.loads(decode_body(fields.get(b"encoding", b""), fields.get(b"body", b"")))
    except (DamagedBodyError, orjson.JSONDecodeError):
        return False
    return subject.matches(as_mapping(as_mapping(row).get("metadata")))
