"""Tool calls on rows: what tools return, in a command too, and calls that no tool ran for."""

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolCallLimitMiddleware,
)
from langchain.agents.structured_output import ToolStrategy
from langchain.tools import ToolRuntime
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel
from support.models import FakeChat
from support.scripts import Script, calls, said
from support.ways import WAYS

from respan_langchain.rows.tool_calls import tool_message, tool_output
from respan_langchain.serialization.messages import ContentSerializer

ASKED = {"messages": [("user", "mail bob")]}
SINGLE = {name: way for name, way in WAYS.items() if "batch" not in name and name != "transform"}


@tool
def send(to: str) -> str:
    """Send a mail."""
    return f"sent to {to}"


@tool
def find_user(runtime: ToolRuntime) -> Command[Any]:
    """Find a user."""
    answer = ToolMessage("no such user", status="error", tool_call_id=runtime.tool_call_id)
    return Command(update={"messages": [*runtime.state["messages"], answer]})


@tool
def note(runtime: ToolRuntime) -> Command[Any]:
    """Take a note."""
    answer = ToolMessage("noted", tool_call_id=runtime.tool_call_id)
    return Command(update={"messages": [answer]})


def agent(*answers: Any, **options: Any) -> Any:
    tools = options.pop("tools", [send])
    return create_agent(Script(answers=list(answers)), tools, **options)


@pytest.mark.parametrize("way", SINGLE)
@pytest.mark.parametrize("copy", ["shallow", "deep"])
def test_a_tool_that_returns_a_command_shows_its_message(way, copy, make_handler, rows_of):
    handler = make_handler(capture=("root", "tool"), copy=copy)
    app = agent(calls("find_user"), "Sorry.", tools=[find_user])
    SINGLE[way](app, {"messages": [("user", "x" * 1_000)]}, {"callbacks": [handler]})

    [row] = [row for row in rows_of(handler) if row["metadata"]["log_type"] == "tool"]
    [root] = rows_of(handler).roots
    [step] = root["metadata"]["trajectory"]
    assert (row["metadata"]["status"], row["output"]) == ("error", "no such user")
    assert row["metadata"]["error_message"] == "no such user"
    assert (step["status"], step["output"]) == ("error", "no such user")
    assert root["metrics"]["tool_errors"] == 1
    assert root["metadata"]["status"] == "success"


def test_a_command_that_succeeds_is_no_error(handler, rows_of):
    agent(calls("note"), "Done.", tools=[note]).invoke(ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["trajectory"][0]["output"] == "noted"
    assert "tool_errors" not in root["metrics"]


def test_a_trajectory_grows_with_its_steps_and_not_with_their_square(handler, rows_of):
    answers = [calls("find_user", f"c{number}") for number in range(20)]
    app = agent(*answers, "Sorry.", tools=[find_user])
    app.invoke(ASKED, {"callbacks": [handler], "recursion_limit": 100})

    [root] = rows_of(handler).roots
    assert len(root["metadata"]["trajectory"]) == 20
    assert len(json.dumps(root["metadata"]["trajectory"])) < 20 * 200


@pytest.mark.parametrize(
    ("returned", "output"),
    [
        (Command(update={"messages": [ToolMessage("a", tool_call_id="c")]}), "a"),
        ([Command(update={"messages": [ToolMessage("a", tool_call_id="c")]})], "a"),
        ([ToolMessage("a", tool_call_id="c"), Command(goto="b")], "a"),
        (Command(update=[("messages", ToolMessage("a", tool_call_id="c"))]), "a"),
        (
            Command(
                update={
                    "messages": [
                        ToolMessage("a", tool_call_id="c"),
                        ToolMessage("b", tool_call_id="d"),
                    ]
                }
            ),
            "a",
        ),
        (Command(update={"messages": [ToolMessage("b", tool_call_id="d")]}), "b"),
        (Command(update={"city": "Paris", "messages": [AIMessage("x")]}), {"city": "Paris"}),
        (Command(goto="next"), None),
        ([1, 2], [1, 2]),
        ({"update": "daily"}, None),
        ({"update": "daily", "by": "bob"}, {"update": "daily", "by": "bob"}),
    ],
    ids=str,
)
def test_the_output_of_a_tool(returned, output):
    assert tool_output(returned, ContentSerializer(), call_id="c") == output


def test_a_plain_value_is_not_a_message():
    assert tool_message("text") is None


REJECTION = {"decisions": [{"type": "reject", "message": "do not mail"}]}
UNANSWERED = {
    "unknown tool": ("sent", [], None),
    "rejected by a person": (
        "send",
        [HumanInTheLoopMiddleware(interrupt_on={"send": True})],
        Command(resume=REJECTION),
    ),
    "over the limit": ("send", [ToolCallLimitMiddleware(run_limit=0)], None),
    "over the limit at the end": (
        "send",
        [ToolCallLimitMiddleware(run_limit=0, exit_behavior="end")],
        None,
    ),
}


@pytest.mark.parametrize("way", ["invoke", "astream"])
@pytest.mark.parametrize("name", UNANSWERED)
def test_a_call_without_a_tool_run_is_a_failed_step(name, way, handler, rows_of):
    asked, middleware, resume = UNANSWERED[name]
    app = agent(
        calls(asked, to="bob"), "I could not.", middleware=middleware, checkpointer=InMemorySaver()
    )
    config = {"callbacks": [handler], "configurable": {"thread_id": "t"}}
    WAYS[way](app, ASKED, config)
    if resume is not None:
        WAYS[way](app, resume, config)

    [root] = rows_of(handler).roots
    [step] = root["metadata"]["trajectory"]
    assert (step["tool"], step["input"]) == (asked, {"to": "bob"})
    assert (step["tool_call_id"], step["status"]) == ("c1", "error")
    assert step["output"]
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (1, 1)


def test_a_call_that_a_person_answers_is_a_step_that_succeeded(handler, rows_of):
    middleware = HumanInTheLoopMiddleware(
        interrupt_on={"send": {"allowed_decisions": ["approve", "respond"]}}
    )
    app = agent(
        calls("send", to="bob"), "Done.", middleware=[middleware], checkpointer=InMemorySaver()
    )
    config = {"callbacks": [handler], "configurable": {"thread_id": "t"}}
    app.invoke(ASKED, config)
    decision = {"type": "respond", "message": "I told him."}
    app.invoke(Command(resume={"decisions": [decision]}), config)

    [root] = rows_of(handler).roots
    [step] = root["metadata"]["trajectory"]
    assert step["output"] == "I told him."
    assert "status" not in step
    assert root["metrics"]["tool_calls"] == 1
    assert "tool_errors" not in root["metrics"]


def test_a_malformed_call_is_a_failed_step(handler, rows_of):
    bad = {"name": "send", "args": '{"to": ', "id": "c1", "error": "no JSON"}
    agent(AIMessage("", invalid_tool_calls=[bad])).invoke(ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    [step] = root["metadata"]["trajectory"]
    assert (step["tool"], step["input"], step["status"]) == ("send", '{"to": ', "error")
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (1, 1)


def test_a_tool_that_gets_only_the_arguments_of_a_call_is_one_step(handler, rows_of):
    twice = AIMessage("", tool_calls=[*calls("send", to="bob").tool_calls,
                                      *calls("send", "c2", to="bob").tool_calls])  # fmt: skip
    model = Script(answers=[twice, "Done."])

    def ask(question):
        conversation = [HumanMessage(question), model.invoke(question)]
        for call in conversation[-1].tool_calls:
            answer = send.invoke(call["args"])
            conversation.append(ToolMessage(answer, tool_call_id=call["id"]))
        return model.invoke(conversation)

    RunnableLambda(ask).invoke("mail bob", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    steps = root["metadata"]["trajectory"]
    assert [(step["tool_call_id"], step["output"]) for step in steps] == [
        ("c1", "sent to bob"),
        ("c2", "sent to bob"),
    ]
    assert root["metrics"]["tool_calls"] == 2


class Weather(BaseModel):
    """A forecast."""

    city: str
    degrees: int


SCHEMA = {**Weather.model_json_schema(), "title": "Forecast"}


@pytest.mark.parametrize(
    ("schema", "name", "wrong"),
    [(Weather, "Weather", "warm"), (SCHEMA, "Forecast", None)],
    ids=["class", "JSON schema"],
)
def test_a_structured_response_that_is_asked_for_again_is_a_failed_step(
    schema, name, wrong, handler, rows_of
):
    right = calls(name, "c2", city="Paris", degrees=3)
    first = calls(name, city="Paris", degrees=wrong)
    if wrong is None:  # a dict is not validated; two answers at once are wrong
        first.tool_calls += calls(name, "c3", city="Rome", degrees=9).tool_calls
    app = agent(first, right, response_format=ToolStrategy(schema))
    app.invoke(ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["output"] == {"city": "Paris", "degrees": 3}
    steps = root["metadata"]["trajectory"]
    assert [(step["tool"], step["status"]) for step in steps] == [(name, "error")] * len(steps)
    assert len(steps) == len(first.tool_calls)
    assert root["metrics"]["tool_errors"] == root["metrics"]["tool_calls"] == len(steps)


def test_answers_of_an_earlier_turn_are_no_steps(handler, rows_of):
    app = agent(calls("sent"), "No.", "Hello.", checkpointer=InMemorySaver())
    config = {"callbacks": [handler], "configurable": {"thread_id": "t"}}
    app.invoke(ASKED, config)
    app.invoke({"messages": [("user", "hi")]}, config)

    _, second = rows_of(handler).roots
    assert "trajectory" not in second["metadata"]
    assert "tool_calls" not in second["metrics"]


def test_middlewares_retries_and_fallbacks_are_counted(handler, rows_of):
    down = ConnectionError("down")
    other = Script(answers=["Hello."], model="gpt-4o")
    app = create_agent(
        Script(answers=[down, down]),
        [send],
        middleware=[
            ModelFallbackMiddleware(other),
            ModelRetryMiddleware(max_retries=1, initial_delay=0.0, on_failure="error"),
        ],
    )
    app.invoke(ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metrics"]["retries"], root["metrics"]["fallbacks"]) == (1, 1)
    assert root["metadata"]["model"] == "gpt-4o"
    assert root["metadata"]["models"] == ["gpt-4o-mini", "gpt-4o"]


STREAMING_WAYS = {
    "messages": lambda app, asked, config: list(app.stream(asked, config, stream_mode="messages")),
    "events": WAYS["events_v2"],
}


@pytest.mark.parametrize("way", STREAMING_WAYS)
def test_a_stream_that_breaks_and_is_answered_by_an_equal_model_is_a_retry(way, handler, rows_of):
    app = create_agent(
        FakeChat(stops_after=2), [], middleware=[ModelFallbackMiddleware(FakeChat(reply="Spare."))]
    )
    STREAMING_WAYS[way](app, ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["output"] == said("assistant", "Spare.")
    assert (root["metrics"]["llm_calls"], root["metrics"].get("retries")) == (2, 1)


def test_a_model_call_of_middleware_has_no_row_and_is_not_the_roots_model(handler, rows_of):
    summary = SummarizationMiddleware(
        model=Script(answers=["They counted."], model="gpt-4o"),
        trigger=("messages", 2),
        keep=("messages", 1),
    )
    turns = [("user", "one"), ("ai", "1"), ("user", "two")]
    app = agent("2", middleware=[summary])
    app.invoke({"messages": turns}, {"callbacks": [handler]})

    [root], [chat] = rows_of(handler).roots, rows_of(handler).chats
    assert root["metadata"]["model"] == "gpt-4o-mini"
    assert root["metrics"]["llm_calls"] == 2
    assert chat["output"] == said("assistant", "2")
    assert not [key for row in rows_of(handler) for key in row["metadata"] if "lc_internal" in key]
