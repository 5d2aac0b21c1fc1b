"""How much may wait: the decisions of `backpressure.py`, by numbers."""

import pytest

from respan_langchain.delivery.limits import MemoryBudget
from respan_langchain.pipeline.backpressure import (
    MAX_APP_WAIT,
    STALLED_AFTER,
    WAIT_FROM,
    Backpressure,
)


@pytest.mark.parametrize(
    ("drained_at", "queued", "seconds"),
    [
        (10.0, WAIT_FROM, 0.0),
        (10.0, WAIT_FROM + 1, MAX_APP_WAIT),
        (10.0 - STALLED_AFTER, WAIT_FROM + 1, 0.0),
    ],
    ids=["a short queue", "a long queue", "a drain that hangs"],
)
def test_a_call_waits_to_drain_a_long_queue_unless_the_drain_hangs(drained_at, queued, seconds):
    backpressure = Backpressure(MemoryBudget(1_000_000))
    backpressure.drained_at = drained_at

    assert backpressure.wait_budget(10.0, queued) == seconds


def test_content_of_open_runs_counts_until_the_worker_updates_it():
    backpressure = Backpressure(MemoryBudget(1_000_000))
    backpressure.refresh(100_000, open_bytes=400_000)

    backpressure.refresh(50_000)

    assert backpressure.free_bytes == 550_000
