"""Agents as apps write them today: tools that fail, retrieve, wait or end the loop."""

import asyncio
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, wrap_model_call
from langchain.agents.structured_output import ToolStrategy
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, RemoveMessage, trim_messages
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.prebuilt import InjectedState, ToolNode
from pydantic import BaseModel
from support.constructs import Shelf
from support.models import FakeChat
from support.scripts import Script, calls, said

ASKED = {"messages": [("user", "help")]}
HELP = [said("user", "help")]


def one_root(rows):
    [root] = rows.roots
    return root


def invoked(app, asked, handler):
    return app.invoke(asked, {"callbacks": [handler]})


def test_a_retriever_in_a_tool_of_an_agent_gives_the_roots_documents(handler, rows_of):
    @tool
    def search(query: str) -> str:
        """Search."""
        return "\n".join(each.page_content for each in Shelf().invoke(query))

    app = create_agent(Script(answers=[calls("search", query="shoes"), "Found."]), [search])
    invoked(app, ASKED, handler)

    root = one_root(rows_of(handler))
    [document] = root["metadata"]["retrieved_documents"]
    assert document["content"] == "About shoes"
    assert (root["metrics"]["tool_calls"], root["metrics"]["llm_calls"]) == (1, 2)
    assert root["output"] == said("assistant", "Found.")


def test_arguments_that_a_tool_refuses_are_one_failed_call(handler, rows_of):
    @tool
    def add(one: int, two: int) -> int:
        """Add."""
        return one + two

    answers = [calls("add", "c1", one="x"), calls("add", "c2", one=1, two=2), "3"]
    invoked(create_agent(Script(answers=answers), [add]), ASKED, handler)

    root = one_root(rows_of(handler))
    assert root["metadata"]["status"] == "success"
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (2, 1)
    shown = [(step["tool_call_id"], step.get("status")) for step in root["metadata"]["trajectory"]]
    assert shown == [("c1", "error"), ("c2", None)]


def test_a_tool_error_that_nothing_handles_ends_the_agent(handler, rows_of):
    @tool
    def explode() -> str:
        """Explode."""
        raise OSError("disk is gone")

    app = create_agent(Script(answers=[calls("explode"), "never"]), [explode])
    with pytest.raises(OSError, match="disk is gone"):
        invoked(app, ASKED, handler)

    root = one_root(rows_of(handler))
    assert (root["metadata"]["status"], root["metadata"]["error_type"]) == ("error", "OSError")
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (1, 1)
    assert root["input"] == HELP


def test_a_tool_that_times_out_is_an_error_of_the_tool_and_not_of_the_agent(handler, rows_of):
    @tool
    async def slow() -> str:
        """Take for ever."""
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "too slow"
        return ""

    app = create_agent(Script(answers=[calls("slow"), "Sorry."]), [slow])
    asyncio.run(app.ainvoke(ASKED, {"callbacks": [handler]}))

    root = one_root(rows_of(handler))
    assert root["metadata"]["status"] == "success"
    assert root["metadata"]["trajectory"][0]["output"] == "too slow"


def test_an_agent_that_a_timeout_cancels_is_abandoned(handler, rows_of):
    @tool
    async def slow() -> str:
        """Take for ever."""
        await asyncio.Event().wait()
        return ""

    async def run():
        app = create_agent(Script(answers=[calls("slow"), "never"]), [slow])
        async with asyncio.timeout(0.2):
            await app.ainvoke(ASKED, {"callbacks": [handler]})

    with pytest.raises(TimeoutError):
        asyncio.run(run())

    root = one_root(rows_of(handler))
    assert root["metadata"]["status"] == "abandoned"
    assert (root["input"], root["metrics"]["llm_calls"]) == (HELP, 1)
    assert handler.stats.open_runs == 0


def test_a_tool_that_returns_directly_ends_the_turn_with_its_output(handler, rows_of):
    @tool(return_direct=True)
    def price(item: str) -> str:
        """Tell a price."""
        return f"{item}: 3 EUR"

    invoked(create_agent(Script(answers=[calls("price", item="tea")]), [price]), ASKED, handler)

    root = one_root(rows_of(handler))
    assert (root["metadata"]["status"], root["metrics"]["llm_calls"]) == ("success", 1)
    assert root["output"] == "tea: 3 EUR"


def test_state_that_langgraph_injects_into_a_tool_is_no_input_of_it(make_handler, rows_of):
    @tool
    def count(word: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Count messages."""
        return f"{word}: {len(state['messages'])}"

    handler = make_handler(capture=("root", "tool"))
    invoked(create_agent(Script(answers=[calls("count", word="n"), "1"]), [count]), ASKED, handler)

    rows = rows_of(handler)
    [row] = [each for each in rows if each["metadata"]["log_type"] == "tool"]
    assert row["input"] == {"word": "n"}
    assert one_root(rows)["metadata"]["trajectory"][0]["input"] == {"word": "n"}


def test_documents_in_the_artifact_of_a_tool_are_the_roots(handler, rows_of):
    @tool(response_format="content_and_artifact")
    def find(query: str) -> tuple[str, list[Document]]:
        """Find."""
        return "two pages", [Document("p1"), Document("p2")]

    invoked(create_agent(Script(answers=[calls("find", query="q"), "Ok."]), [find]), ASKED, handler)

    root = one_root(rows_of(handler))
    assert [each["content"] for each in root["metadata"]["retrieved_documents"]] == ["p1", "p2"]
    assert root["metadata"]["trajectory"][0]["output"] == "two pages"


class Answer(BaseModel):
    """The answer."""

    text: str


def test_server_tools_beside_a_structured_answer(handler, rows_of):
    search = [
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
    ]
    final = calls("Answer", "a1", text="yes")
    final.content = search
    app = create_agent(Script(answers=[final]), [], response_format=ToolStrategy(Answer))
    invoked(app, ASKED, handler)

    root = one_root(rows_of(handler))
    assert root["output"] == {"text": "yes"}
    assert [step["tool"] for step in root["metadata"]["trajectory"]] == ["web_search"]
    assert root["metrics"]["tool_calls"] == 1


def test_a_model_that_middleware_selects_is_the_roots_model(handler, rows_of):
    @wrap_model_call
    def larger(request, handler):
        return handler(request.override(model=Script(answers=["Hi."], model="gpt-4o")))

    invoked(create_agent(Script(answers=[]), [], middleware=[larger]), ASKED, handler)

    root = one_root(rows_of(handler))
    assert (root["metadata"]["model"], root["output"]) == ("gpt-4o", said("assistant", "Hi."))


def test_a_fallback_of_middleware_is_the_model_that_answered(handler, rows_of):
    spare = Script(answers=["Spare."], model="gpt-4o")
    app = create_agent(
        Script(answers=[ConnectionError("down")]), [], middleware=[ModelFallbackMiddleware(spare)]
    )
    invoked(app, ASKED, handler)

    root = one_root(rows_of(handler))
    assert (root["metadata"]["model"], root["metrics"]["fallbacks"]) == ("gpt-4o", 1)


def test_a_history_that_is_trimmed_for_the_model_is_whole_in_the_roots_input(handler, rows_of):
    def answer(state):
        kept = trim_messages(state["messages"], max_tokens=1, token_counter=len, strategy="last")
        return {"messages": [FakeChat().invoke(kept)]}

    app = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer").compile()
    invoked(app, {"messages": [("user", "one"), ("ai", "1"), ("user", "two")]}, handler)

    rows = rows_of(handler)
    assert [turn["content"] for turn in one_root(rows)["input"]] == ["one", "1", "two"]
    assert [turn["content"] for turn in rows.chats[0]["input"]] == ["two"]


def test_a_conversation_that_a_node_clears_still_shows_the_answer(handler, rows_of):
    def answer(state):
        return {"messages": [FakeChat(reply="Bye.").invoke(state["messages"])]}

    def clear(state):
        last = state["messages"][-1]
        return {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), AIMessage(last.content)]}

    builder = StateGraph(MessagesState).add_node("answer", answer).add_node("clear", clear)
    app = builder.add_edge(START, "answer").add_edge("answer", "clear").compile()
    invoked(app, ASKED, handler)

    root = one_root(rows_of(handler))
    assert (root["input"], root["output"]) == (HELP, said("assistant", "Bye."))


def test_a_tool_node_that_runs_several_calls_at_once_keeps_their_order(handler, rows_of):
    @tool
    def wait(number: int) -> str:
        """Number."""
        return f"n{number}"

    wanted = [{"name": "wait", "args": {"number": n}, "id": f"c{n}"} for n in range(6)]
    builder = StateGraph(MessagesState)
    builder.add_node("ask", lambda state: {"messages": [AIMessage("", tool_calls=wanted)]})
    builder.add_node("tools", ToolNode([wait])).add_edge(START, "ask").add_edge("ask", "tools")
    invoked(builder.compile(), ASKED, handler)

    root = one_root(rows_of(handler))
    assert root["metrics"]["tool_calls"] == 6
    assert {step["output"] for step in root["metadata"]["trajectory"]} == {
        f"n{n}" for n in range(6)
    }
