"""The table in docs/capture.md of what a root's `input` and `output` show, line by line."""

import asyncio
from operator import itemgetter
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel
from support.constructs import Shelf
from support.models import FakeChat
from support.scripts import Script, calls, said
from support.ways import drained

HI, OK = said("user", "hi"), said("assistant", "ok")
BEFORE = {"earlier": "from before"}
WAYS = {
    "invoke": lambda app, asked, config: app.invoke(asked, config),
    "stream": lambda app, asked, config: list(app.stream(asked, config)),
    "astream": lambda app, asked, config: asyncio.run(drained(app.astream(asked, config))),
}


class Order(BaseModel):
    number: int


class Report(MessagesState):
    topic: str
    report: str
    earlier: str


class Question(TypedDict, total=False):
    question: str
    context: list[Any]
    answer: str
    earlier: str


def graph(state: type, *nodes: Any) -> Any:
    """A graph with a memory whose nodes run one after the other."""
    builder = StateGraph(state).add_sequence([(f"node {n}", node) for n, node in enumerate(nodes)])
    return builder.add_edge(START, "node 0").compile(checkpointer=InMemorySaver())


def with_an_earlier_turn(app: Any, asked: Any) -> Any:
    """The app after a call of the same thread that nothing captured."""
    app.invoke(asked, {"configurable": {"thread_id": "t"}})
    return app


def agent_of_two_turns(**options: Any) -> Any:
    app = create_agent(Script(answers=["before", "ok"]), checkpointer=InMemorySaver(), **options)
    return with_an_earlier_turn(app, {"messages": "earlier"})


@tool
def price(item: str) -> str:
    """Tell the price."""
    return f"{item}: 3 EUR"


@entrypoint()
def functional_agent(messages: list[Any]) -> list[Any]:
    return [*messages, FakeChat(reply="ok").invoke(messages)]


def find(state: Question) -> Question:
    return {"context": Shelf().invoke(state["question"])}


LINES: dict[str, Any] = {
    "a chain": (lambda: FakeChat(reply="ok") | StrOutputParser(), "hi", "hi", "ok"),
    "a retrieval chain": (
        lambda: RunnablePassthrough.assign(
            context=itemgetter("question") | Shelf()
        ).assign(answer=itemgetter("question") | FakeChat(reply="ok") | StrOutputParser()),
        {"question": "hi"}, {"question": "hi"}, "ok",
    ),
    "a retrieval graph": (
        lambda: with_an_earlier_turn(
            graph(Question, find, lambda state: {"answer": "ok"}), {"question": "x", **BEFORE}
        ),
        {"question": "hi"}, {"question": "hi"}, "ok",
    ),
    "an agent": (
        agent_of_two_turns, {"messages": "hi"},
        [said("user", "earlier"), said("assistant", "before"), HI], OK,
    ),
    "an agent with a response format": (
        lambda: create_agent(
            Script(answers=[calls("Order", number=3)]), response_format=ToolStrategy(Order)
        ),
        {"messages": [("user", "hi")]}, [HI], {"number": 3},
    ),
    "a graph with messages and keys of its own": (
        lambda: with_an_earlier_turn(
            graph(Report, lambda state: {"messages": [("ai", "ok")], "report": "R"}),
            BEFORE,
        ),
        {"messages": "hi", "topic": "tea"},
        {"messages": [said("assistant", "ok"), HI], "topic": "tea"},
        {"messages": [OK], "report": "R"},
    ),
    "a graph with a state of its own": (
        lambda: with_an_earlier_turn(graph(Question, lambda state: {"answer": "ok"}), BEFORE),
        {"question": "hi"}, {"question": "hi"}, {"question": "hi", "answer": "ok"},
    ),
    "a functional agent": (lambda: functional_agent, [("user", "hi")], [HI], OK),
    "a single tool": (lambda: price, {"item": "tea"}, {"item": "tea"}, "tea: 3 EUR"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("line", LINES)
def test_a_root_shows_what_the_documents_say(line, way, handler, rows_of):
    make, asked, shown_input, shown_output = LINES[line]
    app = make()

    WAYS[way](app, asked, {"callbacks": [handler], "configurable": {"thread_id": "t"}})

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]) == (shown_input, shown_output)
