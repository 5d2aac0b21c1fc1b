"""Simulated traffic: the facts of stored traces, without a platform."""

import random
from datetime import UTC, datetime

from respan_langchain.rules.facts import StoredTrace

NOON = 1_780_056_000


def trace(number, *, at=NOON, thread=None, **metadata):
    """One trace that ended at this time, in seconds since 1970."""
    output = metadata.pop("output", None)
    row = {
        "input": metadata.pop("input", ""),
        "metadata": {"status": "success", "trace_unique_id": f"trace {number}", **metadata},
        "metrics": {"timestamp": datetime.fromtimestamp(at, UTC).isoformat()},
    }
    if output is not None:
        row["output"] = output
    if thread is not None:
        row["metadata"]["thread_identifier"] = thread
    return StoredTrace([row])


def times(count, seconds, *, seed=1):
    """Return times over a span from noon on, half of them in a busy fifth of it."""
    rng = random.Random(seed)  # noqa: S311
    flat = [rng.random() for _ in range(count // 2)]
    busy = [0.5 + rng.random() / 5 for _ in range(count - count // 2)]
    return sorted(NOON + share * seconds for share in flat + busy)
