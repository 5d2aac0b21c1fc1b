"""The main job: a run becomes rows, the same whichever way it was run."""

import asyncio
from decimal import Decimal

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from support.held import worker_held
from support.models import SERVED, FakeChat

QUESTION = {"question": "Can I return shoes?"}
PROMPT = ChatPromptTemplate.from_messages([("system", "You sell shoes."), ("human", "{question}")])
ANSWER = "Within 30 days, unworn."
COST = float(12 * Decimal("0.15") / 1_000_000 + 5 * Decimal("0.60") / 1_000_000)


def chain(**model):
    return PROMPT | FakeChat(**model) | StrOutputParser()


async def drained(stream):
    return [part async for part in stream]


WAYS = {
    "invoke": lambda app, config: app.invoke(QUESTION, config),
    "ainvoke": lambda app, config: asyncio.run(app.ainvoke(QUESTION, config)),
    "stream": lambda app, config: list(app.stream(QUESTION, config)),
    "astream": lambda app, config: asyncio.run(drained(app.astream(QUESTION, config))),
    "batch": lambda app, config: app.batch([QUESTION] * 3, config),
    "abatch": lambda app, config: asyncio.run(app.abatch([QUESTION] * 3, config)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_chain_gives_one_root_row_and_one_chat_row_per_call(way, handler, rows_of):
    WAYS[way](chain(), {"callbacks": [handler]})

    rows = rows_of(handler)
    calls = 3 if "batch" in way else 1
    assert (len(rows.roots), len(rows.chats), len(rows)) == (calls, calls, 2 * calls)
    for root in rows.roots:
        assert root["input"] == QUESTION
        assert root["output"] == ANSWER
        assert root["metadata"]["log_type"] == "workflow"
        assert root["metrics"]["llm_calls"] == 1
    for chat in rows.chats:
        assert chat["input"] == [
            {"role": "system", "content": "You sell shoes."},
            {"role": "user", "content": "Can I return shoes?"},
        ]
        assert chat["output"] == {"role": "assistant", "content": ANSWER}
        assert chat["metadata"]["log_type"] == "chat"
    for row in rows:
        assert row["metadata"]["model"] == SERVED
        assert row["metadata"]["status"] == "success"
        assert row["metadata"]["status_code"] == 200
        metrics = row["metrics"]
        assert (
            metrics["prompt_tokens"],
            metrics["completion_tokens"],
            metrics["total_tokens"],
        ) == (12, 5, 17)
        assert metrics["cost"] == pytest.approx(COST, rel=1e-12)
        assert metrics["latency"] >= 0
        assert ("time_to_first_token" in metrics) == ("stream" in way)


def test_the_rows_of_a_call_share_a_trace_id(handler, rows_of):
    chain().invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root], [chat] = rows.roots, rows.chats
    assert chat["metadata"]["span_parent_id"] == root["metadata"]["span_unique_id"]
    assert chat["metadata"]["trace_unique_id"] == root["metadata"]["trace_unique_id"]
    assert root["metadata"]["custom_identifier"] == root["metadata"]["run_id"]
    assert len({row["metadata"]["custom_identifier"] for row in rows}) == 2


@tool
def lookup(city: str, number: int = 0) -> str:
    """Look up a fact about a city."""
    return f"{city} has fact {number}."


def test_an_agent_gives_one_row_with_the_sums_and_one_per_model_call(handler, rows_of):
    from langchain.agents import create_agent

    agent = create_agent(FakeChat(turns=3), tools=[lookup], system_prompt="Be brief.", name="guide")
    agent.invoke({"messages": [("user", "Tell me of Paris.")]}, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert len(rows.chats) == 4
    assert root["metadata"]["log_type"] == "agent"
    assert root["input"] == [{"role": "user", "content": "Tell me of Paris."}]
    assert root["output"] == {"role": "assistant", "content": ANSWER, "name": "guide"}
    metrics = root["metrics"]
    assert (metrics["llm_calls"], metrics["tool_calls"]) == (4, 3)
    assert (metrics["prompt_tokens"], metrics["completion_tokens"]) == (48, 20)
    assert metrics["cost"] == pytest.approx(4 * COST, rel=1e-12)
    assert [step["output"] for step in root["metadata"]["trajectory"]] == [
        "Paris has fact 0.", "Paris has fact 1.", "Paris has fact 2.",
    ]  # fmt: skip


def test_a_chain_that_raises_gives_error_rows_and_the_app_its_own_exception(handler, rows_of):
    with pytest.raises(ValueError, match="the model is out"):
        chain(fails=True).invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    assert len(rows) == 2
    for row in rows:
        metadata = row["metadata"]
        assert (metadata["status"], metadata["status_code"]) == ("error", 500)
        assert (metadata["error_type"], metadata["error_message"]) == (
            "ValueError",
            "the model is out",
        )
    assert rows.roots[0]["input"] == QUESTION


def test_a_bare_model_call_gives_one_chat_row(handler, rows_of):
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metadata"]["log_type"] == "chat"
    assert row["input"] == [{"role": "user", "content": "Hello"}]


def test_changes_by_the_app_after_the_call_do_not_reach_the_row(make_handler, rows_of):
    handler = make_handler()
    question = {"question": "first", "history": ["a"]}
    prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
    with worker_held(make_handler):
        (prompt | FakeChat()).invoke(question, {"callbacks": [handler]})
        question["question"] = "second"
        question["history"].append("b")

    assert rows_of(handler).roots[0]["input"] == {"question": "first", "history": ["a"]}


def test_the_apps_objects_stay_as_they_were(handler, rows_of):
    question = dict(QUESTION)
    config = {"callbacks": [handler], "metadata": {"user_id": "u7"}, "tags": ["beta"]}
    chain().invoke(question, config)

    [root] = rows_of(handler).roots
    assert question == QUESTION
    assert config == {"callbacks": [handler], "metadata": {"user_id": "u7"}, "tags": ["beta"]}
    assert root["metadata"]["customer_identifier"] == "u7"
    assert root["metadata"]["tags"] == ["beta"]
