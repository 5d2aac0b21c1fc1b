"""Random conversations on a real checkpointer: each row against what the caller gave and got."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, interrupt
from support.scripts import said

from respan_langchain import RespanDatasetCallbackHandler


class Conversation:
    """One thread of a graph, and the rows that its caller expects: (input, output, status)."""

    def __init__(self, handler: RespanDatasetCallbackHandler) -> None:
        self.handler = handler
        self.control: RunControl | None = None
        self.number = 0
        self.turns: list[dict[str, str]] = []
        self.expected: list[tuple[Any, Any, str]] = []
        builder = StateGraph(MessagesState).add_node("read", self.read)
        builder.add_node("answer", self.answer)
        builder.add_edge(START, "read").add_edge("read", "answer")
        self.app = builder.compile(checkpointer=InMemorySaver())
        self.config: dict[str, Any] = {
            "callbacks": [handler],
            "configurable": {"thread_id": "t"},
        }
        self.fails = False

    def read(self, state: Any) -> dict[str, Any]:
        if self.control is not None:
            self.control.request_drain("a deployment")
        return {}

    def answer(self, state: Any) -> dict[str, Any]:
        if self.fails:
            raise ConnectionError("down")
        text = state["messages"][-1].text
        if text.startswith("ask"):
            text = interrupt("what?")
        return {"messages": [("ai", f"answer to {text}")]}

    def ask(self, text: str) -> dict[str, Any]:
        self.number += 1
        self.turns.append(said("user", f"{text} {self.number}"))
        return {"messages": [("user", f"{text} {self.number}")]}

    def got(self, text: str) -> None:
        answer = said("assistant", f"answer to {text}")
        self.expected.append((list(self.turns), answer, "success"))
        self.turns.append(answer)

    def say(self) -> None:
        self.app.invoke(self.ask("say"), self.config)
        self.got(self.turns[-1]["content"])

    def ask_a_person(self) -> None:
        self.app.invoke(self.ask("ask"), self.config)
        self.app.invoke(Command(resume="this"), self.config)
        self.got("this")

    def drain(self) -> None:
        self.control = RunControl()
        try:
            self.app.invoke(self.ask("say"), self.config, control=self.control)
        except GraphDrained:
            self.control = None
        self.app.invoke(None, self.config)
        self.got(self.turns[-1]["content"])

    def fail(self) -> None:
        self.fails = True
        try:
            self.app.invoke(self.ask("say"), self.config)
        except ConnectionError:
            self.fails = False
        self.expected.append((list(self.turns), None, "error"))
        self.app.invoke(None, self.config)
        self.got(self.turns[-1]["content"])

    def fork(self) -> None:
        """Answer the latest question again."""
        before = next(
            (one for one in self.app.get_state_history(self.config) if one.next == ("answer",)),
            None,
        )
        if before is None:
            return
        question = before.values["messages"][-1].text
        if question.startswith("ask"):
            return
        self.turns = [
            said("user" if one.type == "human" else "assistant", one.text)
            for one in before.values["messages"]
        ]
        self.app.invoke(None, {**before.config, "callbacks": [self.handler]})
        self.got(question)

    def edit(self) -> None:
        """Add a turn by hand; that is no call."""
        self.app.update_state(self.config, {"messages": [("ai", "by hand")]}, as_node="answer")
        self.turns.append(said("assistant", "by hand"))


MOVES = {
    "say": Conversation.say,
    "ask a person": Conversation.ask_a_person,
    "drain": Conversation.drain,
    "fail": Conversation.fail,
    "fork": Conversation.fork,
    "edit": Conversation.edit,
}


@pytest.mark.slow
@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=6), st.sampled_from(["shallow", "deep"]))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_each_row_of_a_graph_has_the_callers_input_and_output(tmp_path_factory, moves, copy):
    base = f"sqlite:///{tmp_path_factory.mktemp('platform')}/x.db"
    rows: list[bytes] = []
    handler = RespanDatasetCallbackHandler(
        "support-bot", base_url=base, copy=copy, capture=("root",), on_row=rows.append
    )
    talk = Conversation(handler)
    for move in moves:
        MOVES[move](talk)
    handler.shutdown()

    seen = [json.loads(row) for row in rows]
    got = [(row["input"], row.get("output"), row["metadata"]["status"]) for row in seen]
    assert got == talk.expected
