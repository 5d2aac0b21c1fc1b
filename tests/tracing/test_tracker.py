"""The table of open runs.

What is a root, when a trace is over, and what becomes of runs that never end.
"""

from uuid import UUID

import pytest

from respan_langchain.tracing.events import OMITTED, Failure
from respan_langchain.tracing.timeouts import Patience
from respan_langchain.tracing.tracker import Runs

ROOT, CHILD, GRANDCHILD, OTHER = (UUID(int=number) for number in range(1, 5))
ABANDONED = Failure("abandoned", "GeneratorExit")
BROKEN = Failure("error", "ValueError", "no")


@pytest.fixture
def runs():
    return Runs(Patience(late_children=10, interrupted=100, silent=1000, max_open=3))


def start(runs, run_id, parent=None, now=0.0, kind="chain", name="step", tags=(), metadata=None):
    question = {"question": "q"}
    runs.start(now, run_id, parent, None, None, kind, name, question, list(tags), metadata or {})


def names(runs):
    return [(run.id, run.status) for run in runs.take()]


def test_a_child_finishes_before_its_root(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    runs.end(1.0, CHILD, "a")
    runs.end(2.0, ROOT, "b")

    assert names(runs) == [(CHILD, "success"), (ROOT, "success")]
    assert len(runs) == 0


def test_a_parent_that_nobody_told_us_of_makes_a_root(runs):
    start(runs, ROOT, parent=OTHER)
    runs.end(1.0, ROOT, "b")

    [root] = runs.take()
    assert root.is_root
    assert root.parent is None


def test_the_same_events_twice_count_once(runs):
    for _ in range(2):
        start(runs, ROOT)
    for _ in range(2):
        start(runs, CHILD, ROOT)
    for _ in range(2):
        runs.end(1.0, CHILD, "first")
    for output in ("first", "second"):
        runs.end(2.0, ROOT, output)

    child, root = runs.take()
    assert (child.outputs, root.outputs) == ("first", "first")


def test_a_run_id_that_is_used_again_is_a_run_of_its_own(runs):
    for output in ("one", "two"):
        start(runs, ROOT)
        runs.end(1.0, ROOT, output)

    assert [run.outputs for run in runs.take()] == ["one", "two"]


def test_events_of_unknown_runs_are_ignored(runs):
    runs.end(1.0, OTHER, "x")
    runs.error(1.0, OTHER, BROKEN)
    runs.first_token(1.0, OTHER)
    runs.retry(1.0, OTHER)
    runs.interrupt(1.0, OTHER, "c", ())
    runs.resume(1.0, None, "c")

    assert names(runs) == []


def test_a_root_waits_for_its_late_children(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT, kind="chat")
    runs.end(1.0, ROOT, "done")
    assert names(runs) == []

    runs.end(3.0, CHILD, "late")
    assert names(runs) == [(CHILD, "success"), (ROOT, "success")]


def test_a_root_does_not_wait_for_its_late_children_for_ever(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    runs.end(1.0, ROOT, "done")

    assert runs.due_in(now=5.0) == 6.0
    runs.expire(11.0)
    assert names(runs) == [(CHILD, "incomplete"), (ROOT, "success")]
    assert len(runs) == 0


def test_settling_closes_what_is_late_and_leaves_what_is_under_way(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    start(runs, OTHER)
    runs.end(1.0, ROOT, "done")

    runs.settle(2.0)
    assert names(runs) == [(CHILD, "incomplete"), (ROOT, "success")]
    runs.close(3.0)
    assert names(runs) == [(OTHER, "incomplete")]


def test_the_context_finds_the_run_above_where_langchain_names_none_or_the_one_above_it(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    for run_id, named in ((GRANDCHILD, None), (OTHER, ROOT)):
        runs.start(0.0, run_id, named, CHILD, None, "chat", "m", "x", [], {})
        assert runs._open[run_id.int].parent.id == CHILD


def test_langchain_is_believed_where_the_context_names_another_branch(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    runs.start(0.0, GRANDCHILD, CHILD, ROOT, None, "chat", "m", "x", [], {})

    assert runs._open[GRANDCHILD.int].parent.id == CHILD


def test_a_silent_trace_is_given_up_after_its_time(runs):
    start(runs, ROOT, now=0.0)
    start(runs, CHILD, ROOT, now=500.0)

    runs.expire(1400.0)
    assert names(runs) == []
    runs.expire(1500.0)
    assert names(runs) == [(CHILD, "incomplete"), (ROOT, "incomplete")]


def test_of_too_many_open_traces_the_most_silent_one_goes(runs):
    ids = [UUID(int=number) for number in range(10, 14)]
    for number, run_id in enumerate(ids):
        start(runs, run_id, now=float(number))
    runs.first_token(4.0, ids[0])

    runs.expire(5.0)
    assert names(runs) == [(ids[0], "incomplete")]


def test_a_streamed_root_that_ends_with_nothing_while_its_model_still_speaks_was_abandoned(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT, kind="chat")
    runs.end(1.0, ROOT, None, {"question": "real"})
    runs.end(2.0, CHILD, "partial")

    child, root = runs.take()
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
def test_only_a_model_or_a_graphs_node_gives_a_part_of_the_answer(
    kind, node, parent, tags, gives, runs
):
    start(runs, ROOT)
    start(runs, CHILD, ROOT, name="other")
    start(runs, OTHER, parent, kind=kind, tags=tags, metadata={"langgraph_node": node})
    runs.end(1.0, OTHER, "given")
    runs.end(2.0, CHILD, None)
    runs.error(3.0, ROOT, ABANDONED)

    assert runs.take()[-1].trace.last_output == gives


def test_what_was_left_out_is_no_part_of_the_answer(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT, metadata={"langgraph_node": "step"})
    runs.end(1.0, CHILD, OMITTED)
    runs.error(2.0, ROOT, ABANDONED)

    assert runs.take()[-1].trace.last_output is None


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
def test_what_stands_for_a_streams_input_is_not_its_input(given, known, runs):
    runs.start(0.0, ROOT, None, None, None, "chain", "stream", given, None, None)
    runs.close(1.0)

    assert runs.take()[0].inputs == known


def test_a_chain_that_returns_none_is_a_success(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT)
    runs.end(1.0, CHILD, "x")
    runs.end(2.0, ROOT, None, {"question": "real"})

    assert names(runs) == [(CHILD, "success"), (ROOT, "success")]


def test_what_is_under_a_hidden_run_is_put_under_the_run_above_it(runs):
    start(runs, ROOT)
    start(runs, CHILD, ROOT, tags=["langsmith:hidden"])
    start(runs, GRANDCHILD, CHILD)
    runs.end(1.0, GRANDCHILD, "x")

    [grandchild] = runs.take()
    assert grandchild.visible_parent.id == ROOT


def test_what_is_under_a_hidden_root_is_a_root(runs):
    start(runs, ROOT, tags=["langsmith:hidden"])
    start(runs, CHILD, ROOT)
    runs.end(1.0, CHILD, "x")
    runs.end(1.0, ROOT, "x")

    child, root = runs.take()
    assert child.is_root
    assert root.hidden


def test_an_interrupted_graph_and_its_resume_are_one_trace(runs):
    start(runs, ROOT, now=0.0)
    runs.interrupt(1.0, ROOT, "checkpoint", ("ok?",))
    runs.end(2.0, ROOT, "partial")
    assert names(runs) == []

    start(runs, OTHER, now=50.0)
    runs.resume(50.0, OTHER, "checkpoint")
    runs.end(53.0, OTHER, "final")

    [root] = runs.take()
    assert (root.status, root.inputs, root.outputs) == ("success", {"question": "q"}, "final")
    assert (root.trace.id, root.trace.resumed) == (ROOT, [OTHER])
    assert root.latency + root.trace.active == 5.0
    assert root.trace.first_started == 0.0


def test_a_graph_that_is_never_resumed_is_delivered_as_interrupted(runs):
    start(runs, ROOT)
    runs.interrupt(1.0, ROOT, "checkpoint", ())
    runs.end(2.0, ROOT, "partial")

    assert runs.due_in(2.0) == 100.0
    runs.expire(102.0)
    assert names(runs) == [(ROOT, "interrupted")]


def test_closing_delivers_what_waits_to_be_resumed(runs):
    start(runs, ROOT)
    runs.interrupt(1.0, ROOT, "checkpoint", ())
    runs.end(2.0, ROOT, "partial")

    runs.settle(3.0)
    assert names(runs) == []
    runs.close(3.0)
    assert names(runs) == [(ROOT, "interrupted")]
    assert len(runs) == 0


def test_retries_and_fallbacks_are_counted_on_the_trace(runs):
    start(runs, ROOT, name="RunnableWithFallbacks")
    start(runs, CHILD, ROOT)
    runs.error(1.0, CHILD, BROKEN)
    start(runs, GRANDCHILD, ROOT, tags=["retry:attempt:2"])
    runs.retry(1.0, GRANDCHILD)
    runs.end(2.0, GRANDCHILD, "x")
    runs.end(3.0, ROOT, "x")

    root = runs.take()[-1]
    assert (root.status, root.trace.totals.fallbacks, root.trace.totals.retries) == (
        "success",
        1,
        2,
    )


def test_an_abandoned_run_keeps_what_it_had_said(runs):
    start(runs, ROOT, kind="chat")
    runs.first_token(0.5, ROOT)
    runs.error(1.0, ROOT, ABANDONED, "partial")

    [root] = runs.take()
    assert (root.status, root.outputs, root.first_token) == ("abandoned", "partial", 0.5)


def test_the_callers_configurable_is_learnt_from_a_child(runs):
    start(runs, ROOT)
    runs.start(0.0, CHILD, ROOT, ROOT, {"user_id": "u7"}, "chain", "c", "x", [], {})

    assert runs._open[ROOT.int].trace.configurable == {"user_id": "u7"}


def test_a_second_end_only_adds_what_the_first_did_not_know(runs):
    start(runs, ROOT, kind="chat")
    runs.error(1.0, ROOT, BROKEN, None)
    runs.end(1.1, ROOT, "what was said")
    runs.end(1.2, ROOT, "something else")

    [root] = runs.take()
    assert (root.status, root.outputs, root.ended) == ("error", "what was said", 1.0)
