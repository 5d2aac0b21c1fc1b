"""Events become finished runs: what is a root, when a trace ends, and runs that never end."""

import time
from threading import Lock
from uuid import UUID

import pytest

from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.events import OMITTED, RaisedException
from respan_langchain.tracing.interrupt_store import InterruptStore, LocalWaitingTraces
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.tracker import RunTracker

ROOT, CHILD, GRANDCHILD, OTHER = (UUID(int=number) for number in range(1, 5))
ABANDONED = RaisedException("abandoned", "GeneratorExit")
BROKEN = RaisedException("error", "ValueError", "no")


@pytest.fixture
def tracker():
    timeouts = TraceTimeouts(late_children=10, interrupted=100, idle=1000, max_open=3)
    store = InterruptStore(1_000_000, Lock)
    return RunTracker(timeouts, LocalWaitingTraces(store, timeouts.interrupted, json_value))


def start(tracker, run_id, parent=None, now=0.0, kind="chain", name="step", tags=(), metadata=None):
    question = {"question": "q"}
    tracker.start(now, run_id, question, parent, None, None, kind, name, list(tags), metadata or {})


def names(tracker):
    return [(run.id, run.status) for run in tracker.take_finished()]


def test_a_child_finishes_before_its_root(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    tracker.end(1.0, CHILD, "a")
    tracker.end(2.0, ROOT, "b")

    assert names(tracker) == [(CHILD, "success"), (ROOT, "success")]
    assert len(tracker) == 0


def test_a_run_with_an_unknown_parent_is_a_root(tracker):
    start(tracker, ROOT, parent=OTHER)
    tracker.end(1.0, ROOT, "b")

    [root] = tracker.take_finished()
    assert root.is_root
    assert root.parent is None


def test_the_same_events_twice_count_once(tracker):
    for _ in range(2):
        start(tracker, ROOT)
    for _ in range(2):
        start(tracker, CHILD, ROOT)
    for _ in range(2):
        tracker.end(1.0, CHILD, "first")
    for output in ("first", "second"):
        tracker.end(2.0, ROOT, output)

    child, root = tracker.take_finished()
    assert (child.outputs, root.outputs) == ("first", "first")


def test_a_run_id_that_is_used_again_is_a_run_of_its_own(tracker):
    for output in ("one", "two"):
        start(tracker, ROOT)
        tracker.end(1.0, ROOT, output)

    assert [run.outputs for run in tracker.take_finished()] == ["one", "two"]


def test_events_of_unknown_runs_are_ignored(tracker):
    tracker.end(1.0, OTHER, "x")
    tracker.error(1.0, OTHER, None, BROKEN)
    tracker.first_token(1.0, OTHER)
    tracker.retry(1.0, OTHER)
    tracker.interrupt(1.0, OTHER, None, "c", ())
    tracker.resume(1.0, OTHER, None, "c")

    assert names(tracker) == []


def test_a_root_waits_for_its_late_children(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT, kind="chat")
    tracker.end(1.0, ROOT, "done")
    assert names(tracker) == []

    tracker.end(3.0, CHILD, "late")
    assert names(tracker) == [(CHILD, "success"), (ROOT, "success")]


def test_a_root_stops_waiting_for_its_late_children(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    tracker.end(1.0, ROOT, "done")

    assert tracker.due_in(now=5.0) == 6.0
    tracker.expire(11.0)
    assert names(tracker) == [(CHILD, "incomplete"), (ROOT, "success")]
    assert len(tracker) == 0


def test_close_ended_closes_ended_roots_and_no_others(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    start(tracker, OTHER)
    tracker.end(1.0, ROOT, "done")

    tracker.close_ended(2.0)
    assert names(tracker) == [(CHILD, "incomplete"), (ROOT, "success")]
    tracker.close_all(3.0)
    assert names(tracker) == [(OTHER, "incomplete")]


def test_the_context_gives_the_parent_where_langchain_names_none_or_the_grandparent(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    for run_id, named in ((GRANDCHILD, None), (OTHER, ROOT)):
        tracker.start(0.0, run_id, "x", named, CHILD, None, "chat", "m", [], {})
        assert tracker.find(run_id).parent.id == CHILD


def test_langchains_parent_wins_over_another_branch_in_the_context(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    tracker.start(0.0, GRANDCHILD, "x", CHILD, ROOT, None, "chat", "m", [], {})

    assert tracker.find(GRANDCHILD).parent.id == CHILD


def test_an_idle_trace_is_closed_after_its_timeout(tracker):
    start(tracker, ROOT, now=0.0)
    start(tracker, CHILD, ROOT, now=500.0)

    tracker.expire(1400.0)
    assert names(tracker) == []
    tracker.expire(1500.0)
    assert names(tracker) == [(CHILD, "incomplete"), (ROOT, "incomplete")]


def test_the_most_idle_of_too_many_open_traces_is_closed(tracker):
    ids = [UUID(int=number) for number in range(10, 14)]
    for number, run_id in enumerate(ids):
        start(tracker, run_id, now=float(number))
    tracker.first_token(4.0, ids[0])

    tracker.expire(5.0)
    assert names(tracker) == [(ids[0], "incomplete")]


def test_a_streamed_root_that_ends_while_its_model_is_open_was_abandoned(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT, kind="chat")
    tracker.streamed_inputs(1.0, ROOT, {"question": "real"})
    tracker.end(1.0, ROOT, None)
    tracker.end(2.0, CHILD, "partial")

    child, root = tracker.take_finished()
    assert (child.status, root.status) == ("success", "abandoned")
    assert root.inputs == {"question": "real"}
    assert root.trace.last_output == "partial"


@pytest.mark.parametrize(
    ("kind", "node", "parent", "tags", "gives"),
    [
        ("chat", None, CHILD, (), "given"),
        ("llm", None, ROOT, (), "given"),
        ("chain", "step", ROOT, (), "given"),
        ("chain", "step", CHILD, (), None),
        ("chain", "step", ROOT, ["langsmith:hidden"], None),
        ("chain", "around it", ROOT, (), None),
        ("chain", 5, ROOT, (), None),
        ("chain", None, ROOT, (), None),
        ("retriever", None, ROOT, (), None),
        ("tool", None, ROOT, (), None),
    ],
)
def test_only_a_model_or_a_graphs_node_gives_a_partial_output(
    kind, node, parent, tags, gives, tracker
):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT, name="other")
    start(tracker, OTHER, parent, kind=kind, tags=tags, metadata={"langgraph_node": node})
    tracker.end(1.0, OTHER, "given")
    tracker.end(2.0, CHILD, None)
    tracker.error(3.0, ROOT, None, ABANDONED)

    assert tracker.take_finished()[-1].trace.last_output == gives


def test_omitted_content_is_no_partial_output(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT, metadata={"langgraph_node": "step"})
    tracker.end(1.0, CHILD, OMITTED)
    tracker.error(2.0, ROOT, None, ABANDONED)

    assert tracker.take_finished()[-1].trace.last_output is None


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"input": ""}, None),
        ({"input": "q"}, {"input": "q"}),
        ({"input": 0}, {"input": 0}),
        ({"input": "", "more": 1}, {"input": "", "more": 1}),
        ("q", "q"),
    ],
    ids=str,
)
def test_the_placeholder_of_a_streams_input_is_removed(given, known, tracker):
    tracker.start(0.0, ROOT, given, None, None, None, "chain", "stream", None, None)
    tracker.close_all(1.0)

    assert tracker.take_finished()[0].inputs == known


def test_a_chain_that_returns_none_is_a_success(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT)
    tracker.end(1.0, CHILD, "x")
    tracker.streamed_inputs(2.0, ROOT, {"question": "real"})
    tracker.end(2.0, ROOT, None)

    assert names(tracker) == [(CHILD, "success"), (ROOT, "success")]


def test_a_run_below_a_hidden_run_belongs_to_the_run_above(tracker):
    start(tracker, ROOT)
    start(tracker, CHILD, ROOT, tags=["langsmith:hidden"])
    start(tracker, GRANDCHILD, CHILD)
    tracker.end(1.0, GRANDCHILD, "x")

    [grandchild] = tracker.take_finished()
    assert grandchild.visible_parent.id == ROOT


def test_a_run_below_a_hidden_root_is_a_root(tracker):
    start(tracker, ROOT, tags=["langsmith:hidden"])
    start(tracker, CHILD, ROOT)
    tracker.end(1.0, CHILD, "x")
    tracker.end(1.0, ROOT, "x")

    child, root = tracker.take_finished()
    assert child.is_root
    assert root.hidden


def test_an_interrupted_graph_and_its_resume_are_one_trace(tracker):
    start(tracker, ROOT, now=0.0)
    tracker.interrupt(1.0, ROOT, None, "checkpoint", ("ok?",))
    tracker.end(2.0, ROOT, "partial")
    assert names(tracker) == []

    start(tracker, OTHER, now=50.0)
    tracker.resume(50.0, OTHER, None, "checkpoint")
    tracker.end(53.0, OTHER, "final")

    [root] = tracker.take_finished()
    assert (root.status, root.inputs, root.outputs) == ("success", {"question": "q"}, "final")
    assert (root.trace.id, root.trace.resumed_run_ids) == (ROOT, [OTHER])
    assert root.latency + root.trace.earlier_seconds == 5.0
    assert root.trace.first_started == 0.0


def test_a_graph_that_is_never_resumed_is_delivered_as_interrupted(tracker):
    start(tracker, ROOT)
    tracker.interrupt(1.0, ROOT, None, "checkpoint", ())
    tracker.end(2.0, ROOT, "partial")

    assert tracker.due_in(2.0) == 100.0
    tracker.expire(102.0)
    assert names(tracker) == [(ROOT, "interrupted")]


def test_closing_returns_interrupted_traces(tracker):
    start(tracker, ROOT)
    tracker.interrupt(1.0, ROOT, None, "checkpoint", ())
    tracker.end(2.0, ROOT, "partial")

    tracker.close_ended(3.0)
    assert names(tracker) == []
    tracker.close_all(3.0)
    assert names(tracker) == [(ROOT, "interrupted")]
    assert len(tracker) == 0


def test_retries_and_fallbacks_are_counted_on_the_trace(tracker):
    start(tracker, ROOT, name="RunnableWithFallbacks")
    start(tracker, CHILD, ROOT)
    tracker.error(1.0, CHILD, None, BROKEN)
    start(tracker, GRANDCHILD, ROOT, tags=["retry:attempt:2"])
    tracker.retry(1.0, GRANDCHILD)
    tracker.end(2.0, GRANDCHILD, "x")
    tracker.end(3.0, ROOT, "x")

    root = tracker.take_finished()[-1]
    assert (root.status, root.trace.totals.fallbacks, root.trace.totals.retries) == (
        "success",
        1,
        2,
    )


def test_an_abandoned_run_keeps_its_partial_output(tracker):
    start(tracker, ROOT, kind="chat")
    tracker.first_token(0.5, ROOT)
    tracker.error(1.0, ROOT, "partial", ABANDONED)

    [root] = tracker.take_finished()
    assert (root.status, root.outputs, root.first_token) == ("abandoned", "partial", 0.5)


def test_the_callers_configurable_is_read_from_a_child(tracker):
    start(tracker, ROOT)
    tracker.start(0.0, CHILD, "x", ROOT, ROOT, {"user_id": "u7"}, "chain", "c", [], {})

    assert tracker.find(ROOT).trace.configurable == {"user_id": "u7"}


def test_a_second_end_only_adds_a_missing_output(tracker):
    start(tracker, ROOT, kind="chat")
    tracker.error(1.0, ROOT, None, BROKEN)
    tracker.end(1.1, ROOT, "a late answer")
    tracker.end(1.2, ROOT, "something else")

    [root] = tracker.take_finished()
    assert (root.status, root.outputs, root.ended) == ("error", "a late answer", 1.0)


def test_a_failed_task_costs_the_same_however_many_failed_before(tracker):
    start(tracker, ROOT)
    began, tasks = time.thread_time(), 15_000

    for error in (BROKEN, None):
        for task in range(tasks):
            run_id = UUID(int=100 + task)
            at = {"langgraph_node": "step", "langgraph_checkpoint_ns": f"step:{task}"}
            start(tracker, run_id, ROOT, metadata=at)
            if error is None:
                tracker.end(1.0, run_id, {})
            else:
                tracker.error(1.0, run_id, None, error)

    # To copy the tasks that failed at each failure takes 6 s.
    assert time.thread_time() - began < 3.0
    totals = tracker.find(ROOT).trace.totals
    assert (totals.retries, totals.node_errors) == (tasks, 0)
