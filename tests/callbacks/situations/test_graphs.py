"""Graphs as apps write them today: maps, subgraphs, caches, memory, streams that are left."""

import asyncio

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import CachePolicy, Command, Send
from support.constructs import QUESTION
from support.graphs import State, graph
from support.models import FakeChat
from support.scripts import said

ASKED = {"messages": [("user", "hello")]}


def config(handler, **configurable):
    return {"callbacks": [handler], "configurable": configurable}


def ask(state):
    return {"messages": [FakeChat(reply="one two three").invoke(state["messages"])]}


def chat(**options):
    return StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile(**options)


def test_a_map_and_its_reduction_are_one_row_with_the_calls_of_all_branches(handler, rows_of):
    def summarize(state):
        return {"parts": [FakeChat(reply=state["topic"]).invoke(state["topic"]).text]}

    def reduce(state):
        return {"answer": FakeChat(reply="+".join(state["parts"])).invoke("sum up").text}

    builder = StateGraph(State).add_node("summarize", summarize).add_node("reduce", reduce)
    builder.add_conditional_edges(
        START, lambda _: [Send("summarize", {"topic": topic}) for topic in "abcde"]
    )
    builder.add_edge("summarize", "reduce").compile().invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert root["input"] == QUESTION
    assert root["output"] == {**QUESTION, "parts": list("abcde"), "answer": "a+b+c+d+e"}
    assert (root["metrics"]["llm_calls"], root["metrics"]["prompt_tokens"]) == (6, 72)


def test_too_many_steps_keep_the_tokens_that_they_cost(handler, rows_of):
    def loop(state):
        FakeChat().invoke("again")
        return Command(goto="loop")

    app = StateGraph(State).add_node("loop", loop).add_edge(START, "loop").compile()
    with pytest.raises(GraphRecursionError):
        app.invoke(QUESTION, {**config(handler), "recursion_limit": 3})

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metrics"]["llm_calls"]) == ("error", 3)
    assert root["input"] == QUESTION


def test_a_node_whose_answer_is_cached_calls_no_model(handler, rows_of):
    calls = []

    def answer(state):
        calls.append(FakeChat(reply="cached").invoke("x").text)
        return {"answer": calls[-1]}

    builder = StateGraph(State).add_node("answer", answer, cache_policy=CachePolicy())
    app = builder.add_edge(START, "answer").compile(cache=InMemoryCache())
    for _ in range(2):
        app.invoke(QUESTION, config(handler))

    first, second = rows_of(handler).roots
    assert (len(calls), first["metrics"]["llm_calls"], second["metrics"]["llm_calls"]) == (1, 1, 0)
    assert first["output"] == second["output"]
    assert second["metadata"]["status"] == "success"
    assert "cost" not in second["metrics"]


@pytest.mark.parametrize("as_value", [list, lambda found: {"report": found}], ids=["list", "dict"])
def test_a_functional_app_with_a_memory_gives_its_value_and_not_what_it_saves(
    as_value, handler, rows_of
):
    @task
    def double(number):
        return FakeChat(reply=str(number * 2)).invoke(str(number)).text

    @entrypoint(checkpointer=InMemorySaver())
    def flow(numbers, *, previous=None):
        doubled = [each.result() for each in [double(number) for number in numbers]]
        return entrypoint.final(value=as_value(doubled), save=(previous or []) + doubled)

    flow.invoke([1, 2, 3], config(handler, thread_id="t1"))
    flow.invoke([4], config(handler, thread_id="t1"))

    first, second = rows_of(handler).roots
    assert (first["input"], first["output"]) == ([1, 2, 3], as_value(["2", "4", "6"]))
    assert (second["input"], second["output"]) == ([4], as_value(["8"]))
    assert (first["metrics"]["llm_calls"], second["metrics"]["llm_calls"]) == (3, 1)


def test_an_agent_that_hands_over_to_another_is_one_row(handler, rows_of):
    def first(state):
        return Command(goto="second", update={"messages": [("ai", "I hand over.")]})

    builder = StateGraph(MessagesState).add_node("first", first, destinations=("second",))
    app = builder.add_node("second", chat()).add_edge(START, "first").compile()
    app.invoke(ASKED, config(handler))

    [root] = rows_of(handler).roots
    assert root["input"] == [said("user", "hello")]
    assert root["output"] == said("assistant", "one two three")
    assert root["metrics"]["llm_calls"] == 1


@pytest.mark.parametrize("mode", ["messages", "updates", "values"])
def test_a_client_that_leaves_a_graphs_stream_leaves_an_abandoned_row(mode, handler, rows_of):
    builder = StateGraph(MessagesState).add_node("ask", ask).add_node("more", ask)
    app = builder.add_edge(START, "ask").add_edge("ask", "more").compile()

    async def leave():
        stream = app.astream(ASKED, config(handler), stream_mode=mode)
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(leave())

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["input"] == [said("user", "hello")]
    assert handler.stats.open_runs == 0


def test_events_that_nobody_reads_to_the_end_leave_an_abandoned_row(handler, rows_of):
    async def leave():
        stream = chat().astream_events(ASKED, config(handler), version="v2")
        async for event in stream:
            if event["event"] == "on_chat_model_stream":
                break
        await stream.aclose()

    asyncio.run(leave())
    handler.shutdown(20)

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["input"] == [said("user", "hello")]


def test_a_graph_called_in_a_tool_like_function_of_another_graph_is_one_root(handler, rows_of):
    inner = graph()

    async def call(state):
        results = await asyncio.gather(*(inner.ainvoke(QUESTION) for _ in range(3)))
        return {"parts": [each["answer"] for each in results]}

    app = StateGraph(State).add_node("call", call).add_edge(START, "call").compile()
    asyncio.run(app.ainvoke(QUESTION, config(handler)))

    [root] = rows_of(handler).roots
    assert root["metrics"]["llm_calls"] == 3
    assert root["output"]["parts"] == ["Within 30 days, unworn."] * 3


def test_a_subgraph_with_another_state_does_not_show_through(handler, rows_of):
    def translate(state):
        answer = chat().invoke({"messages": [("user", state["question"])]})
        return {"answer": answer["messages"][-1].content}

    app = StateGraph(State).add_node("translate", translate).add_edge(START, "translate").compile()
    app.invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]["answer"]) == (QUESTION, "one two three")
    assert "messages" not in root["output"]


def test_turns_of_one_thread_through_a_process_wide_handler_are_rows_of_their_own(handler, rows_of):
    app = chat(checkpointer=InMemorySaver())
    for text in ("one", "two", "three"):
        app.invoke({"messages": [("user", text)]}, config(handler, thread_id="t1", user_id="u1"))

    roots = rows_of(handler).roots
    assert [root["input"][-1]["content"] for root in roots] == ["one", "two", "three"]
    assert [root["metrics"]["llm_calls"] for root in roots] == [1, 1, 1]
    assert {root["metadata"]["customer_identifier"] for root in roots} == {"u1"}
