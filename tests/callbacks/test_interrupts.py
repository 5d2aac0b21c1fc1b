"""A graph that stops to ask someone: never an error, and with its resume one row."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from support.constructs import QUESTION
from support.graphs import State, asking_graph, asking_thrice, graph, served
from support.models import FakeChat
from support.ways import THIRD_VERSION, WAYS

from respan_langchain import TraceTimeouts

THREAD = {"configurable": {"thread_id": "t1"}}
SINGLE = {name: way for name, way in {**WAYS, **THIRD_VERSION}.items() if "batch" not in name}


def config(handler):
    return {**THREAD, "callbacks": [handler]}


@pytest.mark.parametrize("way", SINGLE)
def test_an_interrupted_run_and_its_resume_are_one_row(way, handler, rows_of):
    app = asking_graph()
    SINGLE[way](app, QUESTION, config(handler))
    assert rows_of(handler).roots == []
    SINGLE[way](app, Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    metadata, metrics = root["metadata"], root["metrics"]
    assert (metadata["status"], metadata["status_code"]) == ("success", 200)
    assert root["input"] == QUESTION
    assert root["output"]["parts"] == ["yes"]
    assert (metrics["llm_calls"], metrics["prompt_tokens"]) == (2, 24)
    assert len(metadata["resumed_run_ids"]) == 1
    assert metadata["thread_identifier"] == "t1"
    assert "interrupts" not in metadata
    assert {row["metadata"]["status"] for row in rows_of(handler)} == {"success"}


@pytest.mark.parametrize("way", SINGLE)
def test_a_graph_that_is_never_resumed_gives_an_interrupted_row(way, make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(interrupted=0.0))
    SINGLE[way](asking_graph(), QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "interrupted"
    assert root["metadata"]["interrupts"][0]["value"] == {"approve": "Within 30 days, unworn."}
    assert "error_type" not in root["metadata"]
    assert root["input"] == QUESTION
    assert root["metrics"]["prompt_tokens"] == 12


def test_flush_root_delivers_an_interrupted_graph_at_once(make_handler, rows_of):
    handler = make_handler(flush="root")
    asking_graph().invoke(QUESTION, config(handler))

    assert handler.stats.delivered == 2
    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "interrupted"


ENDING = """
import sys, threading
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from respan_langchain import RespanDatasetCallbackHandler

handler = RespanDatasetCallbackHandler("support-bot", base_url=sys.argv[1])
app = StateGraph(dict).add_node("ask", lambda _: interrupt("ok?")).add_edge(START, "ask")
app = app.compile(checkpointer=InMemorySaver(), name="asking")
app.invoke({"a": 1}, {"callbacks": [handler], "configurable": {"thread_id": "1"}})

def wait(_):
    begun.set()
    threading.Event().wait()

begun = threading.Event()
waiting = RunnableLambda(wait, name="waiting")
call = ("x", {"callbacks": [handler]})
threading.Thread(target=waiting.invoke, args=call, daemon=True).start()
begun.wait()
"""


def test_open_graph_runs_are_delivered_when_the_process_ends(platform, handler, rows_of):
    done = subprocess.run(
        [sys.executable, "-c", ENDING, platform], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    told = {row["metadata"]["span_name"]: row["metadata"]["status"] for row in rows_of(handler)}
    assert told == {"asking": "interrupted", "waiting": "incomplete"}


@pytest.mark.parametrize("where", ["interrupt_before", "interrupt_after"])
def test_a_static_interrupt_is_one_row_with_its_resume(where, handler, rows_of):
    app = graph(checkpointer=InMemorySaver(), **{where: ["answer"]})
    app.invoke(QUESTION, config(handler))
    assert rows_of(handler).roots == []
    app.invoke(None, config(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert root["input"] == QUESTION
    assert root["output"]["parts"] == ["23 letters"]


def test_a_static_interrupt_that_is_never_resumed_is_not_a_success(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(interrupted=0.0))
    graph(checkpointer=InMemorySaver(), interrupt_before=["check"]).invoke(
        QUESTION, config(handler)
    )

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "interrupted"


def test_three_interrupts_and_their_resumes_are_one_row(handler, rows_of):
    app = asking_thrice()
    app.invoke(QUESTION, config(handler))
    for answer in "abc":
        app.invoke(Command(resume=answer), config(handler))

    [root] = rows_of(handler).roots
    assert root["output"]["parts"] == ["a", "b", "c"]
    assert len(root["metadata"]["resumed_run_ids"]) == 3


@pytest.mark.parametrize("at_once", [True, False])
def test_nodes_that_wait_side_by_side_are_one_row_with_each_model_call_once(
    at_once, handler, rows_of
):
    def before(state):  # runs again when it is resumed
        FakeChat().invoke("a")
        return {"parts": [f"a {interrupt('a?')}"]}

    def after(state):
        answer = interrupt("b?")
        FakeChat().invoke("b")
        return {"parts": [f"b {answer}"]}

    builder = StateGraph(State).add_node("before", before).add_node("after", after)
    app = (
        builder.add_edge(START, "before")
        .add_edge(START, "after")
        .compile(checkpointer=InMemorySaver())
    )
    app.invoke(QUESTION, config(handler))
    waiting = app.get_state(THREAD).interrupts
    for answered in [waiting] if at_once else [[one] for one in waiting]:
        answers = {one.id: "yes" for one in answered}
        app.invoke(Command(resume=answers), config(handler))

    [root] = rows_of(handler).roots
    assert (root["input"], sorted(root["output"]["parts"])) == (QUESTION, ["a yes", "b yes"])
    assert (root["metrics"]["llm_calls"], root["metrics"]["prompt_tokens"]) == (3, 36)


def test_an_interrupt_that_a_functional_agent_reports_twice_is_listed_once(make_handler, rows_of):
    @task
    def ask(question):
        return interrupt(question)

    @entrypoint(checkpointer=InMemorySaver())
    def flow(questions):
        return [asked.result() for asked in [ask(each) for each in questions]]

    handler = make_handler()
    config = {"callbacks": [handler], "configurable": {"thread_id": "t"}}
    [first] = flow.invoke(["one", "two"], config)["__interrupt__"]
    flow.invoke(Command(resume={first.id: "yes"}), config)
    handler.shutdown()

    [root] = rows_of(handler).roots
    assert [one["value"] for one in root["metadata"]["interrupts"]] == ["two"]


def test_an_interrupt_in_a_subgraph_is_no_error_anywhere(make_handler, rows_of):
    handler = make_handler(
        capture=("root", "chain", "llm"), timeouts=TraceTimeouts(interrupted=0.0)
    )
    inner = asking_graph(checkpointer=None)
    app = (
        StateGraph(State).add_node("inner", inner).add_edge(START, "inner")
        .compile(checkpointer=InMemorySaver())
    )  # fmt: skip
    app.invoke(QUESTION, config(handler))

    rows = rows_of(handler)
    assert {row["metadata"]["status"] for row in rows} == {"success", "interrupted"}
    [root] = rows.roots
    assert root["metadata"]["status"] == "interrupted"
    assert root["metadata"]["interrupts"][0]["value"] == {"approve": "Within 30 days, unworn."}


def test_an_interrupt_in_a_subgraph_is_resumed_as_one_row(handler, rows_of):
    inner = asking_graph(checkpointer=None)
    app = (
        StateGraph(State).add_node("inner", inner).add_edge(START, "inner")
        .compile(checkpointer=InMemorySaver())
    )  # fmt: skip
    app.invoke(QUESTION, config(handler))
    app.invoke(Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["input"]) == ("success", QUESTION)
    assert root["metrics"]["prompt_tokens"] == 24


def test_an_interrupted_graph_interrupts_the_chain_around_it(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(interrupted=0.0))
    (RunnableLambda(lambda asked: asked) | asking_graph()).invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["span_name"] == "RunnableSequence"
    assert root["metadata"]["status"] == "interrupted"


def test_calls_before_the_resumed_graph_are_counted(handler, rows_of):
    app = served(handler, asking_graph(), fails=False, thread=THREAD)
    app.invoke(QUESTION, config(handler))
    app.invoke(Command(resume="yes"), config(handler))

    [root] = [row for row in rows_of(handler).roots if row["metadata"]["log_type"] == "workflow"]
    metrics = root["metrics"]
    assert (metrics["llm_calls"], metrics["prompt_tokens"], metrics["tool_calls"]) == (4, 48, 4)
    assert [step["tool"] for step in root["metadata"]["trajectory"]] == ["lookup"] * 4
    assert len(root["metadata"]["retrieved_documents"]) == 2
    assert root["metadata"]["cost_status"] == "complete"


def test_deferred_runs_of_an_interrupted_graph_are_not_lost(make_handler, rows_of):
    handler = make_handler(sample_rate=0.0, capture=("root", "llm", "tool", "retriever"))
    app = served(handler, asking_graph(), fails=True, thread=THREAD)
    app.invoke(QUESTION, config(handler))
    with pytest.raises(ValueError, match="no"):
        app.invoke(Command(resume="yes"), config(handler))

    rows = rows_of(handler)
    [root] = rows.roots
    assert len(rows.chats) == 4
    assert {row["metadata"]["trace_unique_id"] for row in rows} == {
        root["metadata"]["trace_unique_id"]
    }
    assert {row["metadata"]["sampling"]["rule"] for row in rows} == {"failed"}
    assert len(rows) == 2 * (2 + 1 + 2) + 1


def test_a_conversation_is_one_row_per_turn_though_the_thread_is_the_same(handler, rows_of):
    app = graph(checkpointer=InMemorySaver())
    for _ in range(3):
        app.invoke(QUESTION, config(handler))

    roots = rows_of(handler).roots
    assert len(roots) == 3
    assert {root["metadata"]["thread_identifier"] for root in roots} == {"t1"}


def test_a_command_to_the_parent_graph_is_no_error(make_handler, rows_of):
    from support.graphs import handoff

    handler = make_handler(capture=("root", "chain", "llm"))
    handoff().invoke(QUESTION, {"callbacks": [handler]})

    assert {row["metadata"]["status"] for row in rows_of(handler)} == {"success"}


def test_an_apps_own_error_of_the_same_name_is_an_error(handler, rows_of):
    class GraphInterrupt(Exception):  # noqa: N818
        pass

    def node(state):
        raise GraphInterrupt("mine")

    app = StateGraph(State).add_node("node", node).add_edge(START, "node").compile()
    with pytest.raises(GraphInterrupt):
        app.invoke(QUESTION, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metadata"]["error_message"]) == ("error", "mine")


def test_too_many_steps_are_an_error(handler, rows_of):
    builder = StateGraph(State).add_node("node", lambda state: {}).add_edge(START, "node")
    app = builder.add_edge("node", "node").compile()
    with pytest.raises(GraphRecursionError):
        app.invoke(QUESTION, {"callbacks": [handler], "recursion_limit": 3})

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "error"
    assert root["metadata"]["error_type"].endswith("GraphRecursionError")


def test_interrupts_of_a_graph_after_shutdown_raise_nothing(handler):
    handler.shutdown()
    app = asking_graph()
    app.invoke(QUESTION, config(handler))
    app.invoke(Command(resume="yes"), config(handler))
    handler.on_interrupt(SimpleNamespace(run_id=None, checkpoint_id="1", interrupts=()))

    assert not handler.stats.internal_errors
