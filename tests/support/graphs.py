"""Graphs and agents, one of each kind, each with an input."""

import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRetryMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from support.constructs import PROMPT, QUESTION, Shelf, lookup
from support.models import FakeChat

ASKED = {"messages": [("user", "Tell me of Paris.")]}


class State(TypedDict, total=False):
    question: str
    answer: str
    parts: Annotated[list[str], operator.add]


def _answer(state: State) -> State:
    return {"answer": (PROMPT | FakeChat()).invoke({"question": state["question"]}).text}


def _check(state: State) -> State:
    return {"parts": [f"{len(state['answer'])} letters"]}


def graph(**options: Any) -> Any:
    builder = StateGraph(State).add_node("answer", _answer).add_node("check", _check)
    builder.add_edge(START, "answer").add_edge("answer", "check").add_edge("check", END)
    return builder.compile(**options)


def branching_graph() -> Any:
    builder = StateGraph(State).add_node("answer", _answer).add_node("check", _check)
    builder.add_conditional_edges("answer", lambda state: "check" if state["answer"] else END)
    return builder.add_edge(START, "answer").compile(name="shop")


def subgraph() -> Any:
    builder = StateGraph(State).add_node("inner", graph()).add_node("check", _check)
    builder.add_edge(START, "inner").add_edge("inner", "check")
    return builder.compile()


def graph_called_in_a_node() -> Any:
    inner = graph()

    def call(state: State) -> Any:
        return inner.invoke(state)

    builder = StateGraph(State).add_node("call", call)
    return builder.add_edge(START, "call").compile()


def fan_out() -> Any:
    def ask(state: Any) -> State:
        return {"parts": [FakeChat(reply=state["topic"]).invoke(state["topic"]).text]}

    builder = StateGraph(State).add_node("ask", ask)
    builder.add_conditional_edges(
        START, lambda _: [Send("ask", {"topic": topic}) for topic in ("red", "green", "blue")]
    )
    return builder.compile()


def conversation() -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [FakeChat().invoke(state["messages"])]})
    return builder.add_edge(START, "model").compile()


def handoff() -> Any:
    """An inner graph sends its outer one on to another node."""

    def go(state: State) -> Any:
        return Command(goto="other", update={"answer": "go on"}, graph=Command.PARENT)

    inner = StateGraph(State).add_node("go", go).add_edge(START, "go").compile()
    builder = StateGraph(State).add_node("inner", inner, destinations=("other",))
    builder.add_node("other", _answer).add_edge(START, "inner")
    return builder.compile()


def functional() -> Any:
    @task
    def ask(question: str) -> str:
        return FakeChat().invoke(question).text

    @entrypoint()
    def flow(state: dict[str, str]) -> str:
        return ask(state["question"]).result()

    return flow


class Weather(BaseModel):
    """A forecast."""

    city: str
    number: int


class Watcher(AgentMiddleware):
    """Does nothing, at every place where it can, sync and async."""

    def before_model(self, state: Any, runtime: Any) -> None:
        return None

    def after_model(self, state: Any, runtime: Any) -> None:
        return None

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request)

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await handler(request)

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        return await handler(request)


def agent(**options: Any) -> Any:
    return create_agent(
        FakeChat(turns=2), tools=[lookup], system_prompt="Be brief.", name="guide", **options
    )


def watched_agent() -> Any:
    return agent(middleware=[Watcher(), ModelRetryMiddleware()])


def structured_agent() -> Any:
    return create_agent(
        FakeChat(turns=1, calls="Weather"), tools=[lookup], response_format=ToolStrategy(Weather)
    )


def agent_in_a_graph() -> Any:
    builder = StateGraph(MessagesState).add_node("guide", agent()).add_edge(START, "guide")
    return builder.compile()


def asking_graph(**options: Any) -> Any:
    """Stops to ask someone, then answers."""

    def approve(state: State) -> State:
        return {"parts": [interrupt({"approve": state["answer"]})]}

    builder = StateGraph(State).add_node("answer", _answer).add_node("approve", approve)
    builder.add_node("more", _answer)
    builder.add_edge(START, "answer").add_edge("answer", "approve").add_edge("approve", "more")
    return builder.compile(**{"checkpointer": InMemorySaver(), **options})


def asking_thrice() -> Any:
    """Stops three times to ask someone."""

    def ask(_: State) -> State:
        return {"parts": [interrupt("one"), interrupt("two"), interrupt("three")]}

    builder = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    return builder.compile(checkpointer=InMemorySaver())


def served(handler: Any, app: Any, *, fails: bool, thread: Any) -> Any:
    """An app that looks at each turn before its graph does, and does not wait for the graph."""

    def serve(asked: Any) -> Any:
        lookup.invoke({"city": "Paris"})
        lookup.invoke({"type": "tool_call", "id": str(fails), "name": "l", "args": {"city": "P"}})
        Shelf().invoke("rules")
        list(FakeChat().stream("Is that allowed?"))
        handler.process_pending()
        answer = app.invoke(asked, thread)
        if fails and isinstance(asked, Command):
            raise ValueError("no")
        return answer

    return RunnableLambda(serve)


GRAPHS: dict[str, tuple[Callable[[], Any], Any]] = {
    "graph": (graph, QUESTION),
    "branching graph": (branching_graph, QUESTION),
    "subgraph": (subgraph, QUESTION),
    "graph called in a node": (graph_called_in_a_node, QUESTION),
    "fan-out": (fan_out, QUESTION),
    "conversation": (conversation, ASKED),
    "handoff": (handoff, QUESTION),
    "functional": (functional, QUESTION),
    "agent": (agent, ASKED),
    "agent with middleware": (watched_agent, ASKED),
    "agent with structured output": (structured_agent, ASKED),
    "agent in a graph": (agent_in_a_graph, ASKED),
}
