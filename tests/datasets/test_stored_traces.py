"""The rows of a dataset as traces, in the order in which their roots ended."""

from datetime import UTC, datetime, timedelta

from respan_langchain.client.models import Log
from respan_langchain.datasets.stored_traces import MAX_LATE_SECONDS, TraceGroups

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def log(name, trace, *, at, root=False):
    """One row that ended so many seconds after noon."""
    above = {} if root else {"span_parent_id": trace}
    return Log(
        unique_id=name,
        metadata={"trace_unique_id": trace, **above},
        timestamp=NOON + timedelta(seconds=at),
    )


def names(groups):
    return [[log.unique_id for log in group] for group in groups]


def test_the_rows_of_concurrent_traces_are_told_apart():
    logs = [
        log("a1", "a", at=1),
        log("b1", "b", at=2),
        log("b", "b", at=3, root=True),
        log("a", "a", at=4, root=True),
    ]

    assert names(TraceGroups(logs)) == [["b", "b1"], ["a", "a1"]]


def test_a_row_that_ends_after_its_root_belongs_to_it():
    late = log("a1", "a", at=MAX_LATE_SECONDS)
    logs = [log("a", "a", at=1, root=True), log("b", "b", at=2, root=True), late]

    assert names(TraceGroups(logs)) == [["a", "a1"], ["b"]]


def test_a_trace_is_given_once_nothing_of_it_can_follow():
    logs = iter([log("a", "a", at=1, root=True), log("b", "b", at=100, root=True)])
    groups = iter(TraceGroups(logs))

    assert names([next(groups)]) == [["a"]]


def test_the_model_calls_of_a_part_that_was_interrupted_for_hours_belong_to_it():
    logs = [log("a1", "a", at=1), log("b", "b", at=2, root=True), log("a", "a", at=9e3, root=True)]

    assert names(TraceGroups(logs)) == [["b"], ["a", "a1"]]


def test_a_root_that_was_delivered_twice_is_one_trace():
    logs = [log("a", "a", at=1, root=True), log("again", "a", at=1, root=True)]

    assert [sorted(group) for group in names(TraceGroups(logs))] == [["a", "again"]]


def test_rows_without_their_root_are_counted():
    groups = TraceGroups([log("a1", "a", at=1), log("b", "b", at=2, root=True)])

    assert names(groups) == [["b"]]
    assert groups.rows_without_root == 1
