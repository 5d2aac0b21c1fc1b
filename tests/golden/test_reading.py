"""What reading the golden rows as an evaluator brought up, and what the platform takes."""

import json
from functools import partial
from threading import Event
from typing import Any

import pytest
from golden.cases import CASES, EVERYTHING, PNG, PROMPT, QUESTION, Case, Shelf, price, stock
from golden.models import Researcher
from golden.running import rows_of as rows_of_case
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from support.graphs import ASKED, asking_graph, conversation
from support.models import FakeChat
from typing_extensions import TypedDict

from respan_langchain import TraceTimeouts

ROLES = {"user", "assistant", "system", "tool", "developer", "none"}
TURN = {"role": "user", "content": "hi"}
LOG_TYPES = {
    "chat", "completion", "response", "embedding", "speech", "transcription", "workflow", "agent",
    "task", "tool", "guardrail",
}  # fmt: skip
THREAD = {"configurable": {"thread_id": "t-1"}}


def seller(*tools, **model):
    return create_agent(Researcher(**model), tools=tools, name="seller")


def trajectory(rows):
    return rows.roots[0]["metadata"]["trajectory"]


def own_rows(rows, log_type):
    return [row for row in rows if row["metadata"]["log_type"] == log_type]


@pytest.mark.parametrize("name", CASES)
def test_rows_are_what_the_platform_takes(name, tmp_path):
    for row in rows_of_case(CASES[name], tmp_path):
        metadata, metrics = row["metadata"], row["metrics"]
        assert all(isinstance(row.get(field, ""), str | dict | list) for field in ("input",))
        assert all(
            isinstance(row[field], str | dict | list)
            for field in ("output", "expected_output")
            if field in row
        )
        assert metadata["log_type"] in LOG_TYPES
        assert metadata["status_code"] == (500 if metadata["status"] == "error" else 200)
        assert None not in metadata.values()
        assert None not in metrics.values()
        assert not [key for key in metadata if key.startswith("_")]
        if metadata["log_type"] == "chat" and row["input"]:
            assert all(turn["role"] in ROLES for turn in row["input"])
            said = [*row["input"], *([row["output"]] if "output" in row else [])]
            for turn in said:
                for call in turn.get("tool_calls", ()):
                    assert call["type"] == "function"
                    assert isinstance(json.loads(call["function"]["arguments"]), dict)
                assert (turn["role"] == "tool") == ("tool_call_id" in turn)
            assert row.get("output", {"role": "assistant"})["role"] == "assistant"


def test_tools_that_are_asked_for_together_stand_in_the_order_of_the_asking(handler, rows_of):
    second_is_done = Event()

    @tool
    def stock(shoe: str, sizes: list[int]) -> str:
        """Slow."""
        assert second_is_done.wait(timeout=20)
        return "two"

    @tool
    def price(shoe: str) -> str:
        """Quick."""
        return "free"

    stream = seller(stock, price).stream(ASKED, {"callbacks": [handler]}, stream_mode="updates")
    for update in stream:
        if "tools" in update and update["tools"]["messages"][0].name == "price":
            second_is_done.set()

    steps = trajectory(rows_of(handler))
    assert [(step["tool"], step["output"]) for step in steps] == [
        ("stock", "two"),
        ("price", "free"),
    ]


def test_tools_that_no_model_asked_for_stand_in_the_order_of_their_start(handler, rows_of):
    @tool
    def outer(city: str) -> str:
        """Ask another tool."""
        return inner.invoke({"city": city})

    @tool
    def inner(city: str) -> str:
        """Answer."""
        return f"{city} is large"

    RunnableLambda(lambda city: outer.invoke({"city": city})).invoke(
        "Paris", {"callbacks": [handler]}
    )

    assert [step["tool"] for step in trajectory(rows_of(handler))] == ["outer", "inner"]


def test_a_tools_row_has_its_answer_and_not_the_message_around_it(make_handler, rows_of):
    handler = make_handler(capture=("tool",))
    seller(stock, price).invoke(ASKED, {"callbacks": [handler]})

    rows = {row["metadata"]["span_name"]: row for row in rows_of(handler)}
    assert json.loads(json.dumps(rows["stock"]["output"])) in (
        {"shoe": "Runner", "pairs": {"42": 2, "43": 2}},
        '{"shoe": "Runner", "pairs": {"42": 2, "43": 2}}',
    )
    assert rows["stock"]["metadata"]["tool_call_id"] == "call_a"
    assert rows["price"]["output"] == "Rünner has no price"


def test_a_tools_blocks_of_text_are_its_text(make_handler, rows_of):
    @tool
    def listed(city: str) -> list[dict[str, str]]:
        """Answer as MCP servers do."""
        return [{"type": "text", "text": f"{city} is large"}]

    handler = make_handler(capture=("root",))
    call = {"type": "tool_call", "name": "listed", "args": {"city": "Paris"}, "id": "call_1"}
    said = listed.invoke(call, {"callbacks": [handler]})

    assert isinstance(said, ToolMessage)
    assert rows_of(handler)[0]["output"] == "Paris is large"


def test_a_tool_that_told_the_model_of_its_failure_has_failed(make_handler, rows_of):
    handler = make_handler(capture=("root", "tool"))
    seller(stock, price).invoke(ASKED, {"callbacks": [handler]})

    rows = rows_of(handler)
    [failed] = [row for row in rows if row["metadata"]["span_name"] == "price"]
    metadata = failed["metadata"]
    assert (metadata["status"], metadata["status_code"]) == ("error", 500)
    assert metadata["error_message"] == "Rünner has no price"
    assert rows.roots[0]["metadata"]["status"] == "success"


def asking_agent():
    @tool
    def stock(shoe: str, sizes: list[int]) -> str:
        """Ask someone."""
        return str(interrupt({"count": shoe}))

    return create_agent(
        Researcher(at_once=False), tools=[stock, price], checkpointer=InMemorySaver()
    )


def test_a_tool_that_waits_for_someone_is_one_step_when_it_went_on(handler, rows_of):
    app = asking_agent()
    app.invoke(ASKED, {**THREAD, "callbacks": [handler]})
    app.invoke(Command(resume="three"), {**THREAD, "callbacks": [handler]})

    rows = rows_of(handler)
    assert [(step["tool"], step["output"]) for step in trajectory(rows)] == [
        ("stock", "three"),
        ("price", "Rünner has no price"),
    ]
    assert rows.roots[0]["metrics"]["tool_calls"] == 2


def test_a_tool_that_still_waits_says_so(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(interrupted=0.0))
    asking_agent().invoke(ASKED, {**THREAD, "callbacks": [handler]})

    rows = rows_of(handler)
    [step] = trajectory(rows)
    assert (step["status"], "output" in step) == ("interrupted", False)
    assert "tool_calls" not in rows.roots[0]["metrics"]


def test_versions_stand_on_a_row_once(handler, rows_of):
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    metadata = rows_of(handler)[0]["metadata"]
    assert metadata["langchain_core_version"]
    assert "langchain-core" not in metadata.get("versions", {})


def test_an_answer_from_the_cache_has_no_speed(handler, rows_of):
    model = FakeChat(cache=InMemoryCache())
    model.invoke("Hello")
    model.invoke("Hello", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metadata"]["cache_hit"] is True
    assert "tokens_per_second" not in row["metrics"]


def test_without_content_an_error_has_its_kind_and_not_its_words(make_handler, rows_of):
    handler = make_handler(content=False)
    with pytest.raises(ValueError, match="out"):
        (PROMPT | FakeChat(fails=True)).invoke(QUESTION, {"callbacks": [handler]})

    for row in rows_of(handler):
        assert row["metadata"]["error_type"] == "ValueError"
        assert "error_message" not in row["metadata"]


def test_without_content_an_interrupt_does_not_say_what_for(make_handler, rows_of):
    handler = make_handler(
        content=False, timeouts=TraceTimeouts(interrupted=0.0), capture=EVERYTHING
    )
    asking_graph().invoke(QUESTION, {**THREAD, "callbacks": [handler]})

    rows = rows_of(handler)
    assert rows.roots[0]["metadata"]["status"] == "interrupted"
    assert "Within" not in json.dumps(rows, default=str)


@pytest.mark.parametrize("keep", [True, False])
def test_media_is_kept_in_every_row_or_in_none(keep, make_handler, rows_of):
    handler = make_handler(keep_media=keep)
    block = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    conversation().invoke({"messages": [HumanMessage([block])]}, {"callbacks": [handler]})

    rows = rows_of(handler)
    assert [PNG in json.dumps(row["input"]) for row in rows] == [keep, keep]


def test_a_redactor_of_everything_leaves_the_names_that_are_the_platforms(make_handler, rows_of):
    handler = make_handler(redact=lambda _: "x", timeouts=TraceTimeouts(interrupted=0.0))
    seller(stock, price).invoke(ASKED, {"callbacks": [handler]})
    asking_graph().invoke(QUESTION, {**THREAD, "callbacks": [handler]})
    with pytest.raises(ValueError, match="out"):
        (PROMPT | FakeChat(fails=True)).invoke(QUESTION, {"callbacks": [handler]})

    for row in rows_of(handler):
        assert not [key for key in row["metadata"] if key.startswith("x")]
        for step in row["metadata"].get("trajectory", ()):
            assert step.keys() <= {"tool", "input", "tool_call_id", "output", "status", "error"}


@pytest.mark.parametrize("copy", ["shallow", "deep"])
def test_a_models_answer_has_not_the_name_that_its_agent_gives_it_later(
    copy, make_handler, rows_of
):
    handler = make_handler(copy=copy)
    seller(stock, price).invoke(ASKED, {"callbacks": [handler]})

    rows = rows_of(handler)
    assert ["name" in row["output"] for row in rows.chats] == [False, False]
    assert {row["metadata"]["lc_agent_name"] for row in rows.chats} == {"seller"}


def test_a_tool_called_by_itself_is_no_step_of_its_own(handler, rows_of):
    stock.invoke({"shoe": "Runner", "sizes": [42]}, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert "trajectory" not in row["metadata"]
    assert row["metrics"]["tool_calls"] == 1


def test_a_retriever_called_by_itself_shows_its_documents_once(handler, rows_of):
    Shelf().invoke("shoes", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert len(row["output"]) == 2
    assert "retrieved_documents" not in row["metadata"]


def test_an_agent_that_ends_with_a_tool_gives_the_tools_answer(handler, rows_of):
    @tool(return_direct=True)
    def stock(shoe: str, sizes: list[int]) -> str:
        """Count."""
        return "two pairs"

    seller(stock, price, at_once=False).invoke(ASKED, {"callbacks": [handler]})

    assert rows_of(handler).roots[0]["output"] == "two pairs"


class Shop(BaseModel):
    """What a graph is given: messages, and more."""

    messages: list[Any]
    city: str = "Paris"


def leave(app, asked, config):
    stream = app.stream(asked, config)
    next(stream)
    stream.close()


def one_node(given, state=MessagesState):
    builder = StateGraph(state).add_node("node", lambda _: given)
    return builder.add_edge(START, "node").compile()


def two_nodes(given):
    builder = StateGraph(MessagesState).add_node("first", lambda _: given)
    builder.add_node("then", lambda _: {}).add_edge("first", "then")
    return builder.add_edge(START, "first").compile()


class Plain(TypedDict):
    """A state whose messages nobody adds up."""

    messages: list[Any]


BLOCKS = [{"type": "text", "text": "It "}, {"type": "text", "text": "is."}]
AI = AIMessage(BLOCKS)
SHOWN = {"role": "assistant", "content": "It is."}
HI = {"messages": [HumanMessage("hi")]}
CALLED = {"type": "tool_call", "id": "c1", "name": "price", "args": {"shoe": "Runner"}}
SNAPSHOTS = {
    "a failed tool": (price.invoke, CALLED, {}, CALLED["args"], "Runner has no price"),
    "a message": (one_node({"messages": [AI]}).invoke, HI, {}, [TURN], SHOWN),
    "a message that is a dict": (
        one_node({"messages": [{"type": "ai", "content": "It is."}]}, Plain).invoke,
        HI, {}, [TURN], SHOWN,
    ),
    "a message that is a pair": (
        one_node({"messages": [("ai", "It is.")]}, Plain).invoke, HI, {}, [TURN], SHOWN,
    ),
    "a tool's message": (
        one_node({"messages": [ToolMessage("two", tool_call_id="c")]}).invoke,
        HI, {}, [TURN], "two",
    ),
    "a question": (
        one_node({"messages": [HumanMessage("And?")]}).invoke,
        HI, {}, [TURN], {"role": "user", "content": "And?"},
    ),
    "a state of its own": (
        RunnableLambda(lambda _: {"messages": [AI]}).invoke,
        Shop(**HI), {}, {"messages": [TURN], "city": "Paris"}, SHOWN,
    ),
    "a part of a message": (
        one_node({"messages": [AI]}).invoke,
        HI, {"input_key": "messages.0.content", "output_key": "messages.-1.content"},
        "hi", "It is.",
    ),
    "a part of a state": (
        RunnableLambda(lambda shop: shop.model_copy()).invoke,
        Shop(messages=[]), {"input_key": "city", "output_key": "city"}, "Paris", "Paris",
    ),
    "a part that is not there": (
        RunnableLambda(lambda shop: shop.model_copy()).invoke,
        Shop(messages=[]), {"input_key": "messages.3", "output_key": "town"},
        {"messages": [], "city": "Paris"}, {"messages": [], "city": "Paris"},
    ),
    "a part of a text": (
        RunnableLambda(str.upper).invoke, "hi", {"input_key": "0", "output_key": "a.b"}, "hi", "HI",
    ),
    "a part that no message has": (
        one_node({"messages": [AI]}).invoke,
        HI, {"input_key": "messages.5", "output_key": "messages.0.nothing"},
        {"messages": [TURN]}, {"messages": [TURN, SHOWN]},
    ),
    "a node's command": (
        partial(leave, two_nodes([Command(update={"messages": [AI]})])), HI, {}, [TURN], SHOWN,
    ),
    "a node that asks": (
        partial(leave, two_nodes({"messages": [HumanMessage("And?")]})), HI, {}, [TURN], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("copy", ["shallow", "deep"])
@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_root_shows_the_same_whenever_its_content_is_frozen(name, copy, tmp_path):
    run, given, keys, shown_input, shown_output = SNAPSHOTS[name]
    case = Case(lambda config: run(given, config), {"capture": "root", **keys})

    [row] = rows_of_case(case, tmp_path, copy=copy)

    assert (row["input"], row.get("output")) == (shown_input, shown_output)


@pytest.mark.parametrize("copy", ["shallow", "deep"])
def test_a_tool_that_answers_with_an_error_has_failed_whenever_it_is_frozen(copy, tmp_path):
    case = Case(lambda config: price.invoke(CALLED, config))

    [row] = rows_of_case(case, tmp_path, copy=copy)

    assert row["metadata"]["status"] == "error"
    assert row["metadata"]["error_message"] == "Runner has no price"
    assert row["metadata"]["tool_call_id"] == "c1"
    assert row["metrics"]["tool_errors"] == 1


def test_an_abandoned_agent_gives_the_message_that_came_last(handler, rows_of):
    stream = seller(stock, price).stream(ASKED, {"callbacks": [handler]})
    next(stream)
    stream.close()

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["output"]["role"] == "assistant"
    assert root["output"]["content"] == "Let me look."
