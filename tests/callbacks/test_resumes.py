"""A graph that is resumed: one row with its interrupted half, or a row that says where it began."""

import gc
import threading
import weakref
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, interrupt
from support.constructs import QUESTION
from support.graphs import State, asking_graph, graph
from support.models import FakeChat
from support.scripts import Script, calls, said
from support.ways import THIRD_VERSION, WAYS

from respan_langchain import TraceTimeouts

THREAD = {"configurable": {"thread_id": "t1"}}
SINGLE = {name: way for name, way in {**WAYS, **THIRD_VERSION}.items() if "batch" not in name}


def config(handler):
    return {**THREAD, "callbacks": [handler]}


@tool
def refund(order: str, amount: int) -> str:
    """Refund an order."""
    return f"refunded {amount} for {order}"


def refund_agent(*answers: Any) -> Any:
    return create_agent(
        Script(answers=list(answers)),
        [refund],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"refund": True})],
        checkpointer=InMemorySaver(),
    )


@pytest.mark.parametrize("way", SINGLE)
def test_a_resume_through_another_handler_of_the_process_is_the_same_row(
    way, make_handler, rows_of
):
    app, first, second = asking_graph(), make_handler(), make_handler()
    SINGLE[way](app, QUESTION, config(first))
    SINGLE[way](app, Command(resume="yes"), config(second))

    first.flush()
    [root] = rows_of(second).roots
    assert root["input"] == QUESTION
    assert root["metadata"]["status"] == "success"
    assert root["metrics"]["llm_calls"] == 2
    assert "resumed_from" not in root["metadata"]


def test_handlers_of_different_datasets_share_no_interrupted_graph(make_handler, rows_of):
    app, first, second = asking_graph(), make_handler(), make_handler(dataset="other")
    app.invoke(QUESTION, config(first))
    app.invoke(Command(resume="yes"), config(second))

    first.shutdown()
    [root] = rows_of(first).roots
    assert root["metadata"]["status"] == "interrupted"


def test_a_resume_without_the_first_part_of_its_graph_names_its_checkpoint(make_handler, rows_of):
    app = asking_graph()
    app.invoke(QUESTION, {**THREAD})
    checkpoint = app.get_state(THREAD).config["configurable"]["checkpoint_id"]
    handler = make_handler()
    app.invoke(Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["resumed_from"] == checkpoint
    assert root["metadata"]["replayable"] is False
    assert root["input"]["question"] == QUESTION["question"]
    assert root["output"]["parts"] == ["yes"]


def test_a_resumed_tool_of_an_agent_without_its_first_part_shows_the_conversation(
    make_handler, rows_of
):
    @tool
    def book(place: str) -> str:
        """Book a place, if a person agrees."""
        return f"{place}: {interrupt('sure?')}"

    app = create_agent(
        Script(answers=[calls("book", place="inn"), "Booked."]),
        [book],
        checkpointer=InMemorySaver(),
    )
    app.invoke({"messages": [("user", "book it")]}, {**THREAD})
    handler = make_handler()
    app.invoke(Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    assert "resumed_from" in root["metadata"]
    assert root["input"] == [said("user", "book it")]
    assert root["output"] == said("assistant", "Booked.")


def test_an_interrupted_graph_keeps_no_object_of_the_app(handler):
    app = asking_graph()
    app.invoke(QUESTION, config(handler))
    kept = weakref.ref(app.checkpointer)
    assert handler.flush()
    del app
    gc.collect()

    assert kept() is None
    assert handler.stats.open_runs == 1


def test_graphs_that_wait_are_delivered_as_interrupted_beyond_the_queues_bytes(
    make_handler, rows_of
):
    handler = make_handler(max_queue_bytes=1_000_000)
    app = asking_graph()
    for number in range(8):
        asked = {"question": "x" * 40_000}
        app.invoke(asked, {"callbacks": [handler], "configurable": {"thread_id": str(number)}})
        handler.flush()

    delivered = rows_of(handler).roots
    assert {row["metadata"]["status"] for row in delivered} == {"interrupted"}
    assert 0 < len(delivered) < 8
    handler.shutdown()
    assert len(rows_of(handler).roots) == 8


@pytest.mark.parametrize(
    ("decision", "shown"),
    [
        ({"type": "approve"}, {"type": "approve"}),
        (
            {
                "type": "edit",
                "edited_action": {"name": "refund", "args": {"order": "A", "amount": 50}},
            },
            {
                "type": "edit",
                "edited_action": {"name": "refund", "args": {"order": "A", "amount": 50}},
            },
        ),
        ({"type": "reject", "message": "too much"}, {"type": "reject", "message": "too much"}),
    ],
    ids=["approve", "edit", "reject"],
)
def test_a_decision_on_a_tool_call_of_an_agent_is_on_the_root(decision, shown, handler, rows_of):
    call = calls("refund", order="A", amount=500)
    app = refund_agent(call, "Done.")
    app.invoke({"messages": [("user", "refund my order A")]}, config(handler))
    app.invoke(Command(resume={"decisions": [decision]}), config(handler))

    [root] = rows_of(handler).roots
    proposed = {"name": "refund", "args": {"order": "A", "amount": 500}}
    assert root["metadata"]["decisions"] == [{"proposed": proposed, **shown}]
    first, _ = rows_of(handler).chats
    assert "500" in first["output"]["tool_calls"][0]["function"]["arguments"]
    assert root["output"] == said("assistant", "Done.")


def test_an_answer_to_an_interrupt_of_a_graph_is_beside_its_question(handler, rows_of):
    app = asking_graph()
    app.invoke(QUESTION, config(handler))
    app.invoke(Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    question = {"approve": "Within 30 days, unworn."}
    assert root["metadata"]["decisions"] == [{"request": question, "response": "yes"}]


def test_decisions_are_content(make_handler, rows_of):
    handler = make_handler(content=False)
    app = asking_graph()
    app.invoke(QUESTION, config(handler))
    app.invoke(Command(resume="yes"), config(handler))

    [root] = rows_of(handler).roots
    assert "decisions" not in root["metadata"]


def drained_graph(control: RunControl, **options: Any) -> Any:
    def stop(state):
        control.request_drain("a deployment")
        return {"answer": "half"}

    builder = StateGraph(State).add_node("stop", stop)
    builder.add_node("next", lambda state: {"answer": state["answer"] + " and half"})
    return builder.add_edge(START, "stop").add_edge("stop", "next").compile(**options)


def test_a_drained_graph_is_not_a_success(make_handler, rows_of):
    control = RunControl()
    handler = make_handler(capture=("root", "chain"))
    app = drained_graph(control)
    with pytest.raises(GraphDrained):
        app.invoke(QUESTION, {"callbacks": [handler]}, control=control)

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metadata"]["status_code"]) == ("drained", 200)
    assert "error_type" not in root["metadata"]


def test_a_drained_graph_and_its_resume_are_one_row(make_handler, rows_of):
    control = RunControl()
    app = drained_graph(control, checkpointer=InMemorySaver())
    before, after = make_handler(), make_handler()
    with pytest.raises(GraphDrained):
        app.invoke(QUESTION, config(before), control=control)
    assert rows_of(before).roots == []
    app.invoke(None, config(after))

    [root] = rows_of(after).roots
    assert root["metadata"]["status"] == "success"
    assert root["input"] == QUESTION
    assert root["output"]["answer"] == "half and half"


def test_a_task_pending_at_an_interrupt_of_a_graph_belongs_to_its_workflow(handler, rows_of):
    @task
    def draft(topic: str) -> str:
        return FakeChat().invoke(topic).text

    @entrypoint(checkpointer=InMemorySaver())
    def flow(topic: str) -> dict[str, Any]:
        text = draft(topic)
        approved = interrupt("go on?")
        return {"text": text.result(), "approved": approved}

    flow.invoke("cats", config(handler))
    flow.invoke(Command(resume=True), config(handler))

    [root] = rows_of(handler).roots
    assert root["input"] == "cats"
    assert root["output"] == {"text": "Within 30 days, unworn.", "approved": True}
    assert root["metrics"]["llm_calls"] == 1


def test_a_run_that_outlives_its_step_belongs_to_the_root(handler, rows_of):
    """A thread that a step began goes on after the step has returned."""
    may_go_on, threads = threading.Event(), []

    def begin(text: str, config: Any) -> str:
        def answer() -> None:
            may_go_on.wait(20)
            FakeChat().invoke(text, config)

        threads.append(threading.Thread(target=answer))
        threads[0].start()
        return text

    def wait(text: str) -> str:
        may_go_on.set()
        threads[0].join()
        return text

    (RunnableLambda(begin) | RunnableLambda(wait)).invoke("hi", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["span_name"] == "RunnableSequence"
    assert root["metrics"]["llm_calls"] == 1


def test_continuing_a_graph_after_a_failure_shows_the_conversation(handler, rows_of):
    tries = []

    def answer(state):
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("down")
        return {"messages": [("ai", "Fine now.")]}

    builder = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    app = builder.compile(checkpointer=InMemorySaver())
    with pytest.raises(ConnectionError):
        app.invoke({"messages": [("user", "hello")]}, config(handler))
    app.invoke(None, config(handler))

    failed, resumed = rows_of(handler).roots
    assert failed["metadata"]["status"] == "error"
    assert resumed["input"] == [said("user", "hello")]
    assert resumed["output"] == said("assistant", "Fine now.")
    assert "resumed_from" in resumed["metadata"]


def test_a_forked_graph_names_its_checkpoint_and_shows_its_first_state(handler, rows_of):
    app = graph(checkpointer=InMemorySaver())
    app.invoke(QUESTION, config(handler))
    middle = next(state for state in app.get_state_history(THREAD) if state.next == ("check",))
    app.invoke(None, {**middle.config, "callbacks": [handler]})
    fork = app.update_state({**middle.config, "callbacks": [handler]}, {"answer": "No."})
    app.invoke(None, {**fork, "callbacks": [handler]})

    _, again, forked = rows_of(handler).roots
    assert again["metadata"]["forked_from"] == middle.config["configurable"]["checkpoint_id"]
    assert again["input"] == {**QUESTION, "answer": "Within 30 days, unworn.", "parts": []}
    assert forked["metadata"]["forked_from"] == fork["configurable"]["checkpoint_id"]
    assert forked["input"]["answer"] == "No."
    assert forked["output"]["parts"] == ["3 letters"]


def test_a_graphs_own_bookkeeping_is_no_row(handler, rows_of):
    from support.graphs import branching_graph

    app = branching_graph()
    app.checkpointer = InMemorySaver()
    app.update_state(config(handler), {"answer": "Yes."}, as_node="answer")

    assert rows_of(handler) == []


def test_an_interrupted_graph_without_a_timeout_is_delivered_at_once(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(interrupted=0.0))
    asking_graph().invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "interrupted"
