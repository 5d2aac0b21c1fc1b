"""The delivery queue: limits, and what happens to rows that do not fit."""

import pytest

from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.outcome import RowOutcome
from respan_langchain.delivery.queue import DeliveryQueue
from respan_langchain.delivery.status import StatusRegistry
from tests.delivery.kit import encoded


def a_queue(*, spills=False, **limits):
    return DeliveryQueue(DeliveryLimits(**limits), StatusRegistry(), spills=spills)


def absorb(queue):
    """Move what arrived to the buffer, as the worker does."""
    rows = queue.take_arrivals()
    for row in rows:
        queue.buffer.add(row)
    return rows


def names(rows):
    return [row.encoded.id for row in rows]


@pytest.mark.parametrize(
    ("held", "size", "reason"),
    [(0, 81, "row_too_big"), (1, 51, "queue_bytes"), (2, 1, "queue_rows")],
)
def test_a_row_that_does_not_fit_is_dropped_with_its_reason(status, held, size, reason):
    queue = a_queue(max_rows=2, max_bytes=100, max_row_bytes=80)
    assert queue.put([encoded(str(one), size=50) for one in range(held)], now=0.0)

    assert not queue.put([encoded("late", status=status, size=size)], now=0.0)

    assert status.counts().dropped == {reason: 1}
    assert queue.take_refusals() == {reason: 1}


def test_a_row_uses_capacity_until_its_final_state():
    queue = a_queue(max_rows=1)
    queue.put([encoded("a")], now=0.0)
    (row,) = absorb(queue)
    queue.on_outcomes((RowOutcome("awaiting_lookup", (row,)),))
    assert not queue.put([encoded("b")], now=0.0)

    queue.on_outcomes((RowOutcome("delivered", (row,)),))

    assert queue.put([encoded("b")], now=0.0)
    assert queue.bytes_in_memory == 20


def test_the_worker_evicts_the_oldest_rows_for_new_ones():
    queue = a_queue(max_rows=2, overflow="drop_oldest")
    queue.put([encoded("a"), encoded("b")], now=0.0)
    absorb(queue)

    assert queue.put([encoded("c")], now=0.0, may_evict=True)

    evicted, overflow = queue.take_overflow()
    assert (evicted.kind, names(evicted.rows), evicted.reason) == ("dropped", ["a"], "evicted")
    assert overflow.rows == ()
    assert names(queue.buffer) == ["b"]


def test_no_row_is_evicted_for_one_that_can_never_fit(status):
    queue = a_queue(max_bytes=100, overflow="drop_oldest")
    queue.put([encoded("in flight", size=60)], now=0.0)
    queue.take_arrivals()
    queue.put([encoded("a", size=30)], now=0.0)
    absorb(queue)

    assert not queue.put([encoded("b", status=status, size=50)], now=0.0, may_evict=True)

    assert names(queue.buffer) == ["a"]
    assert status.counts().dropped == {"queue_bytes": 1}


def test_with_a_spool_a_row_that_does_not_fit_goes_to_disk(status):
    queue = a_queue(spills=True, max_rows=1)
    queue.put([encoded("a")], now=0.0)

    assert queue.put([encoded("b", status=status)], now=0.0)

    _, overflow = queue.take_overflow()
    assert (names(overflow.rows), overflow.reason) == (["b"], "spool_full")
    assert status.counts().pending == 1


def test_half_of_the_queue_is_kept_for_new_rows_while_others_are_loaded_from_disk():
    queue = a_queue(max_rows=10, max_bytes=1000)

    queue.put_loaded([encoded("a"), encoded("b")], now=0.0)

    assert queue.capacity_for_loaded == (3, 460)


def test_a_closed_queue_accepts_only_rows_that_the_worker_polled(status):
    queue = a_queue()
    queue.closed = True

    assert not queue.put([encoded("a", status=status)], now=0.0)
    assert queue.put([encoded("b", status=status)], now=0.0, may_evict=True)
    assert status.counts().dropped == {"closed": 1}
