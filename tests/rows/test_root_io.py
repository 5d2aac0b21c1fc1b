"""A root row's input and output: what this call was given, and what it returned."""

import asyncio
import operator
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    hook_config,
)
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from pydantic import BaseModel
from support.models import FakeChat
from support.scripts import Script, calls, said
from support.ways import THIRD_VERSION, WAYS
from typing_extensions import TypedDict

THREAD = {"configurable": {"thread_id": "t1"}}
SINGLE = {name: way for name, way in {**WAYS, **THIRD_VERSION}.items() if "batch" not in name}
HI = said("user", "hi")
HELLO = said("assistant", "Hello.")


def config(handler):
    return {**THREAD, "callbacks": [handler]}


def chat(reply="Hello."):
    """A graph that answers each turn, and fails for "fail"."""

    def answer(state):
        if state["messages"][-1].content == "fail":
            raise ValueError("down")
        return {"messages": [AIMessage(reply)]}

    builder = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    return builder.compile(checkpointer=InMemorySaver())


FORMS = {
    "a list": lambda text: [("user", text)],
    "a string": lambda text: text,
    "a message": HumanMessage,
    "a dict": lambda text: {"role": "user", "content": text},
    "a pair": lambda text: ("user", text),
    "a pair from JSON": lambda text: [["user", text]],
}


@pytest.mark.parametrize("copy", ["shallow", "deep"])
@pytest.mark.parametrize("form", FORMS)
def test_one_message_in_place_of_a_list_is_a_conversation(form, copy, make_handler, rows_of):
    handler, app = make_handler(copy=copy), chat()
    for text in ("hi", "again"):
        app.invoke({"messages": FORMS[form](text)}, config(handler))
    with pytest.raises(ValueError, match="down"):
        app.invoke(
            {"messages": FORMS[form]("fail")},
            {"callbacks": [handler], "configurable": {"thread_id": "t2"}},
        )

    first, second, failed = rows_of(handler).roots
    assert (first["input"], first["output"]) == ([HI], HELLO)
    assert second["input"] == [HI, HELLO, said("user", "again")]
    assert second["output"] == HELLO
    assert failed["input"] == [said("user", "fail")]
    assert not failed["output"]


@pytest.mark.parametrize("way", SINGLE)
def test_an_answer_beside_the_messages_is_in_the_output(way, handler, rows_of):
    class State(MessagesState):
        report: str

    builder = StateGraph(State)
    builder.add_node("plan", lambda _: {"messages": [AIMessage("Let me look.")]})
    builder.add_node("write", lambda _: {"report": "42 orders"})
    builder.add_edge(START, "plan").add_edge("plan", "write")
    SINGLE[way](builder.compile(), {"messages": [("user", "hi")]}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["output"] == {
        "messages": [said("assistant", "Let me look.")],
        "report": "42 orders",
    }


@pytest.mark.parametrize("copy", ["shallow", "deep"])
def test_a_key_that_an_earlier_turn_wrote_is_not_this_turns_output(copy, make_handler, rows_of):
    class State(MessagesState):
        report: str

    def write(state):
        if "report" in state["messages"][-1].content:
            return {"report": "42 orders"}
        return {"messages": [AIMessage("Hello.")]}

    handler = make_handler(copy=copy)
    builder = StateGraph(State).add_node("write", write).add_edge(START, "write")
    app = builder.compile(checkpointer=InMemorySaver())
    app.invoke({"messages": "a report"}, config(handler))
    app.invoke({"messages": "hi"}, config(handler))

    first, second = rows_of(handler).roots
    assert first["output"] == {"report": "42 orders"}
    assert second["output"] == HELLO


class Weather(BaseModel):
    city: str


class Guard(AgentMiddleware):
    """Ends the call before the model is asked."""

    def __init__(self, reply: str | None) -> None:
        super().__init__()
        self.reply = reply
        self.is_on = False

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        if not self.is_on:
            return None
        said = [] if self.reply is None else [AIMessage(self.reply)]
        return {"messages": said, "jump_to": "end"}


@pytest.mark.parametrize(
    ("reply", "output"), [("I may not.", said("assistant", "I may not.")), (None, None)]
)
def test_a_guarded_turn_does_not_repeat_an_earlier_structured_response(
    reply, output, handler, rows_of
):
    guard = Guard(reply)
    app = create_agent(
        Script(answers=[calls("Weather", city="Paris")]),
        [],
        middleware=[guard],
        response_format=ToolStrategy(Weather),
        checkpointer=InMemorySaver(),
    )
    app.invoke({"messages": [("user", "hi")]}, config(handler))
    guard.is_on = True
    app.invoke({"messages": [("user", "and now?")]}, config(handler))

    first, second = rows_of(handler).roots
    assert first["output"] == {"city": "Paris"}
    assert "trajectory" not in first["metadata"]
    assert second["input"][-1] == said("user", "and now?")
    assert (second["output"] or None) == output


def test_a_state_without_messages_shows_this_calls_keys(handler, rows_of):
    class State(TypedDict, total=False):
        question: str
        answer: str
        log: Annotated[list[str], operator.add]

    def answer(state):
        return {"answer": "42"} if state["question"] == "how many?" else {"log": ["refused"]}

    builder = StateGraph(State).add_node("answer", answer).add_edge(START, "answer")
    app = builder.compile(checkpointer=InMemorySaver())
    app.invoke({"question": "how many?"}, config(handler))
    app.invoke({"question": "who?"}, config(handler))

    first, second = rows_of(handler).roots
    assert first["output"] == {"question": "how many?", "answer": "42", "log": []}
    assert second["output"] == {"question": "who?", "log": ["refused"]}


def test_a_summary_belongs_to_the_models_row_and_not_to_the_root(handler, rows_of):
    given = [("user", "one"), ("ai", "1"), ("user", "two"), ("ai", "2"), ("user", "three")]
    summary = SummarizationMiddleware(
        model=Script(answers=["They counted."]), trigger=("messages", 4), keep=("messages", 1)
    )
    app = create_agent(Script(answers=["3", "4"]), [], middleware=[summary],
                       checkpointer=InMemorySaver())  # fmt: skip
    app.invoke({"messages": given}, config(handler))

    [root], [model] = rows_of(handler).roots, rows_of(handler).chats
    assert [turn["content"] for turn in root["input"]] == [text for _, text in given]
    assert root["output"] == said("assistant", "3")
    assert "They counted." in model["input"][0]["content"]


def test_a_summary_in_the_history_is_not_taken_for_the_users_turn(handler, rows_of):
    given = [("user", "one"), ("ai", "1"), ("user", "two")]
    summary = SummarizationMiddleware(
        model=Script(answers=["They counted."] * 2), trigger=("messages", 3), keep=("messages", 1)
    )
    app = create_agent(Script(answers=["2", "3"]), [], middleware=[summary],
                       checkpointer=InMemorySaver())  # fmt: skip
    app.invoke({"messages": given}, config(handler))
    app.invoke({"messages": [("user", "three")]}, config(handler))

    _, second = rows_of(handler).roots
    assert second["input"][0]["source"] == "summarization"
    assert [turn["content"] for turn in second["input"][1:]] == ["two", "2", "three"]


def test_an_answer_that_repeats_one_that_a_summary_replaced_is_the_output(handler, rows_of):
    summary = SummarizationMiddleware(
        model=Script(answers=["They said yes."]), trigger=("messages", 3), keep=("messages", 1)
    )
    app = create_agent(
        Script(answers=["Yes.", "Yes."]), [], middleware=[summary], checkpointer=InMemorySaver()
    )
    for text in ("hi", "again"):
        app.invoke({"messages": [("user", text)]}, config(handler))

    assert [root["output"] for root in rows_of(handler).roots] == [said("assistant", "Yes.")] * 2


def test_messages_that_middleware_redacted_stay_as_the_app_gave_them(handler, rows_of):
    middleware = PIIMiddleware("email", strategy="redact", apply_to_input=True)
    app = create_agent(Script(answers=["hi", "noted"]), [], middleware=[middleware],
                       checkpointer=InMemorySaver())  # fmt: skip
    app.invoke({"messages": [("user", "hello")]}, config(handler))
    app.invoke({"messages": [("user", "I am a@b.co")]}, config(handler))

    _, second = rows_of(handler).roots
    assert [turn["content"] for turn in second["input"]] == ["hello", "hi", "I am a@b.co"]
    assert second["output"] == said("assistant", "noted")
    assert "a@b.co" not in rows_of(handler).chats[-1]["input"][-1]["content"]


def test_a_functional_agent_gives_a_conversation_and_its_answer(handler, rows_of):
    @entrypoint(checkpointer=InMemorySaver())
    def agent(messages, *, previous):
        turns = add_messages(previous or [], messages)
        answered = add_messages(turns, [AIMessage(f"answer {len(turns)}")])
        return entrypoint.final(value=answered, save=answered)

    agent.invoke([HumanMessage("hi")], config(handler))
    agent.invoke([HumanMessage("again")], config(handler))

    first, second = rows_of(handler).roots
    assert (first["input"], first["output"]) == ([HI], said("assistant", "answer 1"))
    assert second["input"] == [HI, said("assistant", "answer 1"), said("user", "again")]
    assert second["output"] == said("assistant", "answer 3")


def test_messages_off_shows_the_whole_state(make_handler, rows_of):
    handler = make_handler(messages="off")
    chat().invoke({"messages": [("user", "hi")]}, config(handler))

    [root] = rows_of(handler).roots
    assert root["input"] == {"messages": [HI]}
    assert root["output"] == {"messages": [HI, HELLO]}


def test_a_variable_of_a_prompt_that_is_called_messages_is_no_conversation(handler, rows_of):
    prompt = ChatPromptTemplate.from_template("Sum up: {messages}")
    (prompt | FakeChat() | StrOutputParser()).invoke({"messages": "hi"}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["input"] == {"messages": "hi"}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_abandoned_stream_shows_the_text_that_was_read(number, handler, rows_of):
    app = ChatPromptTemplate.from_template("{q}") | FakeChat() | StrOutputParser()
    stream = app.stream({"q": "?"}, {"callbacks": [handler]})
    read = "".join(next(stream) for _ in range(number))
    stream.close()

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert read.startswith(root["output"])
    assert root["output"]


def test_an_abandoned_json_stream_shows_an_object(handler, rows_of):
    model = FakeChat(reply='{"city": "Paris", "pairs": [1, 2]}')
    stream = (model | JsonOutputParser()).stream("?", {"callbacks": [handler]})
    next(stream)
    stream.close()

    [root] = rows_of(handler).roots
    assert isinstance(root["output"], dict)


def test_a_branch_of_a_map_that_was_left_is_not_shown_as_the_output(handler, rows_of):
    app = RunnableParallel(long=FakeChat(), short=FakeChat(reply="Yes it is."))

    async def leave():
        stream = app.astream("Rain?", config(handler))
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("abandoned", None)


def test_a_broken_stream_shows_its_partial_answer(handler, rows_of):
    app = ChatPromptTemplate.from_template("{q}") | FakeChat(stops_after=2) | StrOutputParser()
    with pytest.raises(ConnectionError):
        list(app.stream({"q": "?"}, {"callbacks": [handler]}))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("error", "Within 30")


def test_a_stream_that_ends_early_by_itself_is_not_abandoned(handler, rows_of):
    def first_words(chunks):
        for number, chunk in enumerate(chunks):
            if number == 2:
                return
            yield chunk

    app = FakeChat() | StrOutputParser() | first_words
    read = "".join(app.stream("?", {"callbacks": [handler]}))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("success", read)


def test_a_chain_without_a_graph_shows_its_output_whole(handler, rows_of):
    RunnableLambda(lambda asked: {**asked, "b": 2}).invoke({"a": 1}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]) == ({"a": 1}, {"a": 1, "b": 2})
