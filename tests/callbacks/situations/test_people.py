"""People in the loop: several questions at once, answered elsewhere, late, or not at all."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from support.graphs import State, asking_graph
from support.scripts import Script, calls, said

ASKED = {"messages": [("user", "book it")]}


@tool
def book(place: str) -> str:
    """Book a place, if a person agrees."""
    return f"{place}: {interrupt({'book': place})}"


def two_calls():
    wanted = [{"name": "book", "args": {"place": place}, "id": place} for place in ("inn", "car")]
    return AIMessage("", tool_calls=wanted)


def booking_agent(**options):
    script = Script(answers=[two_calls(), "All booked."])
    return create_agent(script, [book], checkpointer=InMemorySaver(), **options)


def thread(handler, name="t1"):
    return {"callbacks": [handler], "configurable": {"thread_id": name}}


def pending(app, config):
    return {one.value["book"]: one.id for one in app.get_state(config).interrupts}


def assert_both_are_booked(root):
    assert root["metadata"]["status"] == "success"
    assert root["input"] == [said("user", "book it")]
    assert root["output"] == said("assistant", "All booked.")
    steps = [(step["tool_call_id"], step["output"]) for step in root["metadata"]["trajectory"]]
    assert steps == [("inn", "inn: yes"), ("car", "car: no")]
    assert (root["metrics"]["tool_calls"], root["metrics"].get("tool_errors")) == (2, None)
    answers = [(one["request"], one["response"]) for one in root["metadata"]["decisions"]]
    assert sorted(answers, key=str) == [({"book": "car"}, "no"), ({"book": "inn"}, "yes")]


def test_two_tools_that_ask_at_once_and_are_answered_at_once_are_one_row(handler, rows_of):
    app, config = booking_agent(), thread(handler)
    app.invoke(ASKED, config)
    ids = pending(app, config)
    app.invoke(Command(resume={ids["inn"]: "yes", ids["car"]: "no"}), config)

    [root] = rows_of(handler).roots
    assert_both_are_booked(root)


def test_two_tools_that_ask_at_once_and_are_answered_one_by_one_are_one_row(handler, rows_of):
    app, config = booking_agent(), thread(handler)
    app.invoke(ASKED, config)
    ids = pending(app, config)
    app.invoke(Command(resume={ids["inn"]: "yes"}), config)
    app.invoke(Command(resume={ids["car"]: "no"}), config)

    [root] = rows_of(handler).roots
    assert_both_are_booked(root)


def test_one_review_of_two_calls_gives_two_decisions(handler, rows_of):
    @tool
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    wanted = [{"name": "pay", "args": {"amount": n}, "id": f"c{n}"} for n in (5, 500)]
    review = HumanInTheLoopMiddleware(interrupt_on={"pay": True})
    app = create_agent(
        Script(answers=[AIMessage("", tool_calls=wanted), "Done."]),
        [pay], middleware=[review], checkpointer=InMemorySaver(),
    )  # fmt: skip
    app.invoke(ASKED, thread(handler))
    edited = {"name": "pay", "args": {"amount": 50}}
    decisions = [{"type": "approve"}, {"type": "edit", "edited_action": edited}]
    app.invoke(Command(resume={"decisions": decisions}), thread(handler))

    [root] = rows_of(handler).roots
    shown = [(one["type"], one["proposed"]["args"]) for one in root["metadata"]["decisions"]]
    assert shown == [("approve", {"amount": 5}), ("edit", {"amount": 500})]
    outputs = [step["output"] for step in root["metadata"]["trajectory"]]
    assert (outputs, root["metrics"]["tool_calls"]) == (["paid 5", "paid 50"], 2)


@pytest.mark.parametrize("checkpointer", [None, True])
def test_a_question_in_a_subgraph_with_its_own_checkpoints_is_one_row(
    checkpointer, handler, rows_of
):
    def ask(state):
        return {"parts": [interrupt("sure?")]}

    inner = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    outer = StateGraph(State).add_node("inner", inner.compile(checkpointer=checkpointer))
    app = outer.add_edge(START, "inner").compile(checkpointer=InMemorySaver())
    app.invoke({"question": "q"}, thread(handler))
    app.invoke(Command(resume="yes"), thread(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert (root["input"], root["output"]["parts"]) == ({"question": "q"}, ["yes"])


def test_a_node_that_asks_until_the_answer_is_valid_is_one_row(handler, rows_of):
    def ask_age(state):
        answer = interrupt("age?")
        while not str(answer).isdigit():
            answer = interrupt(f"not a number: {answer}")
        return {"answer": answer}

    app = StateGraph(State).add_node("age", ask_age).add_edge(START, "age")
    app = app.compile(checkpointer=InMemorySaver())
    app.invoke({"question": "q"}, thread(handler))
    for answer in ("old", "very", "42"):
        app.invoke(Command(resume=answer), thread(handler))

    [root] = rows_of(handler).roots
    assert root["output"]["answer"] == "42"
    assert [one["response"] for one in root["metadata"]["decisions"]] == ["old", "very", "42"]
    assert len(root["metadata"]["resumed_run_ids"]) == 3


def test_a_question_of_a_tool_of_an_agent_in_a_graph_is_one_row(handler, rows_of):
    agent = create_agent(Script(answers=[calls("book", "inn", place="inn"), "Booked."]), [book])
    graph = StateGraph(MessagesState).add_node("travel", agent).add_edge(START, "travel")
    app = graph.compile(checkpointer=InMemorySaver())
    app.invoke(ASKED, thread(handler))
    app.invoke(Command(resume="yes"), thread(handler))

    [root] = rows_of(handler).roots
    assert root["input"] == [said("user", "book it")]
    assert root["output"] == said("assistant", "Booked.")
    assert (root["metrics"]["llm_calls"], root["metrics"]["tool_calls"]) == (2, 1)


def test_a_new_question_in_place_of_an_answer_is_a_row_of_its_own(handler, rows_of):
    def answer(state):
        last = state["messages"][-1].content
        return {"messages": [("ai", interrupt("?") if last == "first" else "At once.")]}

    graph = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    app = graph.compile(checkpointer=InMemorySaver())
    app.invoke({"messages": [("user", "first")]}, thread(handler))
    app.invoke({"messages": [("user", "second")]}, thread(handler))
    handler.shutdown(20)

    first, second = rows_of(handler).roots
    assert first["metadata"]["status"] == "interrupted"
    assert first["input"] == [said("user", "first")]
    assert second["metadata"]["status"] == "success"
    assert second["input"] == [said("user", "first"), said("user", "second")]
    assert second["output"] == said("assistant", "At once.")


def test_twenty_threads_that_are_resumed_in_another_order_keep_their_own_data(handler, rows_of):
    app = asking_graph()

    async def talk():
        names = [f"t{number}" for number in range(20)]
        await asyncio.gather(
            *(app.ainvoke({"question": name}, thread(handler, name)) for name in names)
        )
        await asyncio.gather(
            *(app.ainvoke(Command(resume=f"yes {name}"), thread(handler, name))
              for name in reversed(names))
        )  # fmt: skip

    asyncio.run(talk())

    roots = rows_of(handler).roots
    assert len(roots) == 20
    for root in roots:
        name = root["metadata"]["thread_identifier"]
        assert (root["input"], root["output"]["parts"]) == ({"question": name}, [f"yes {name}"])
        assert root["metrics"]["llm_calls"] == 2


def test_branches_of_a_map_that_all_ask_are_one_row(handler, rows_of):
    def approve(state):
        return {"parts": [f"{state['topic']}: {interrupt(state['topic'])}"]}

    builder = StateGraph(State).add_node("approve", approve)
    builder.add_conditional_edges(
        START, lambda _: [Send("approve", {"topic": topic}) for topic in ("a", "b", "c")]
    )
    app, config = builder.compile(checkpointer=InMemorySaver()), thread(handler)
    app.invoke({"question": "q"}, config)
    answers = {one.id: one.value.upper() for one in app.get_state(config).interrupts}
    app.invoke(Command(resume=answers), config)

    [root] = rows_of(handler).roots
    assert root["output"]["parts"] == ["a: A", "b: B", "c: C"]
    assert len(root["metadata"]["decisions"]) == 3


@pytest.mark.parametrize("captured", [True, False])
def test_a_state_that_a_person_corrects_before_it_goes_on_is_one_row(captured, handler, rows_of):
    def draft(state):
        return {"answer": "draft"}

    def send(state):
        return {"parts": [f"sent {state['answer']}"]}

    builder = StateGraph(State).add_node("draft", draft).add_node("send", send)
    builder.add_edge(START, "draft").add_edge("draft", "send")
    app = builder.compile(checkpointer=InMemorySaver(), interrupt_before=["send"])
    app.invoke({"question": "q"}, thread(handler))
    own = {"callbacks": [handler]} if captured else {}
    app.update_state({"configurable": {"thread_id": "t1"}, **own}, {"answer": "better"})
    app.invoke(None, thread(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert root["input"] == {"question": "q"}
    assert root["output"]["parts"] == ["sent better"]


def test_going_on_after_a_failure_does_not_join_an_older_question(handler, rows_of):
    """The first turn is never answered; the second fails, and is tried again."""
    fails = [True]

    def answer(state):
        if state["messages"][-1].content == "first":
            interrupt("?")
        if fails.pop() if fails else False:
            raise ConnectionError("down")
        return {"messages": [("ai", "Fine now.")]}

    graph = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    app = graph.compile(checkpointer=InMemorySaver())
    app.invoke({"messages": [("user", "first")]}, thread(handler))
    with pytest.raises(ConnectionError):
        app.invoke({"messages": [("user", "second")]}, thread(handler))
    app.invoke(None, thread(handler))
    handler.shutdown(20)

    statuses = [root["metadata"]["status"] for root in rows_of(handler).roots]
    assert sorted(statuses) == ["error", "interrupted", "success"]


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_is_left_at_its_interrupt_is_one_row_with_its_resume(way, handler, rows_of):
    app = create_agent(Script(answers=[calls("book", "inn", place="inn"), "Booked."]), [book],
                       checkpointer=InMemorySaver())  # fmt: skip

    async def leave():
        stream = app.astream(ASKED, thread(handler))
        async for part in stream:
            if "__interrupt__" in part:
                break
        await stream.aclose()

    if way == "astream":
        asyncio.run(leave())
    else:
        stream = app.stream(ASKED, thread(handler))
        next(part for part in stream if "__interrupt__" in part)
        stream.close()
    app.invoke(Command(resume="yes"), thread(handler))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert (root["input"], root["output"]) == (
        [said("user", "book it")], said("assistant", "Booked."),
    )  # fmt: skip
    assert (root["metrics"]["llm_calls"], root["metrics"]["tool_calls"]) == (2, 1)
