"""Tokens and money beyond one answer: proxies that report a cost, candidates, agents, fallbacks."""

import asyncio
from decimal import Decimal

import pytest
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI, OpenAI
from providers.cases import KEY, QUESTION, TEXT, tokens, usd, weather
from providers.openai_like import Completions, count
from providers.server import json_reply
from providers.test_rows import WAYS, counts
from pydantic import BaseModel

pytestmark = pytest.mark.slow

HEAD = {"id": "chatcmpl-1", "created": 1_763_880_000, "model": "gpt-4o-2024-08-06"}
GPT_4O = usd((100, "2.5"), (40, "10"))


def chat(server, **arguments):
    return ChatOpenAI(
        **{
            "model": "gpt-4o", "base_url": f"{server.url}/v1", "api_key": KEY, "max_retries": 0,
            "stream_usage": True, **arguments,
        }
    )  # fmt: skip


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_litellms_header_says_the_cost(way, server, handler, rows_of):
    answer = Completions(HEAD, count(100, 40))

    def proxied(request):
        reply = answer(request)
        reply.headers["x-litellm-response-cost"] = "0.00123"
        return reply

    server.answer = proxied

    WAYS[way](chat(server, include_response_headers=True), {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metrics"]["cost"] == 0.00123
    assert (row["metadata"]["cost_source"], row["metadata"]["cost_status"]) == (
        "provider",
        "complete",
    )


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_openrouters_usage_says_the_cost(way, server, handler, rows_of):
    head = {**HEAD, "model": "deepseek/deepseek-chat-v3.1:free"}
    server.answer = Completions(head, count(100, 40, cost=0))

    WAYS[way](chat(server), {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert (row["metrics"]["cost"], row["metadata"]["cost_source"]) == (0, "provider")


def test_candidates_are_kept_and_paid_once(server, handler, rows_of):
    answer = Completions(HEAD, count(100, 40))

    def twice(request):
        choice = {"finish_reason": "stop", "logprobs": None}
        message = {"role": "assistant", "content": TEXT, "refusal": None}
        choices = [{**choice, "index": n, "message": message} for n in range(request.body["n"])]
        return json_reply(
            {**HEAD, "object": "chat.completion", "choices": choices, "usage": answer.usage}
        )

    server.answer = twice

    chat(server, n=2).invoke(QUESTION, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert counts(row) == tokens(100, 40)
    assert row["metrics"]["cost"] == float(GPT_4O)
    assert row["metadata"]["n"] == 2
    assert [each["content"] for each in row["metadata"]["candidates"]] == [TEXT, TEXT]


@pytest.mark.parametrize("way", WAYS)
def test_an_agents_row_adds_up_every_call_once(way, server, handler, rows_of):
    calling = Completions(HEAD, count(80, 20), tool="call_7")
    speaking = Completions(HEAD, count(130, 15))

    def answer(request):
        has_looked = any(message["role"] == "tool" for message in request.body["messages"])
        return (speaking if has_looked else calling)(request)

    server.answer = answer
    agent = create_agent(chat(server), [weather])
    question = {"messages": [{"role": "user", "content": QUESTION}]}
    config = {"callbacks": [handler]}
    ways = {
        "invoke": lambda: agent.invoke(question, config),
        "ainvoke": lambda: asyncio.run(agent.ainvoke(question, config)),
        "stream": lambda: list(agent.stream(question, config, stream_mode="messages")),
        "astream": lambda: asyncio.run(drained(agent.astream(question, config))),
        "batch": lambda: agent.batch([question], config),
    }

    ways[way]()

    rows = rows_of(handler)
    [root] = rows.roots
    assert [counts(row) for row in rows.chats] == [tokens(80, 20), tokens(130, 15)]
    assert counts(root) == tokens(210, 35)
    assert root["metrics"]["cost"] == float(usd((210, "2.5"), (35, "10")))
    assert (root["metrics"]["llm_calls"], root["metrics"]["tool_calls"]) == (2, 1)
    assert root["metadata"]["cost_status"] == "complete"
    assert sum(Decimal(str(row["metrics"]["cost"])) for row in rows.chats) == Decimal(
        str(root["metrics"]["cost"])
    )


async def drained(stream):
    return [part async for part in stream]


def test_a_fallbacks_row_pays_for_the_call_that_was_answered(server, handler, rows_of):
    answer = Completions(HEAD, count(100, 40))
    busy = {"error": {"message": "busy", "type": "busy", "param": None, "code": None}}
    server.answer = lambda request: (
        json_reply(busy, 429) if request.body["model"] == "gpt-5" else answer(request)
    )
    app = chat(server, model="gpt-5").with_fallbacks([chat(server)])

    app.invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert [row["metadata"]["status"] for row in rows.chats] == ["error", "success"]
    assert counts(root) == tokens(100, 40)
    assert root["metrics"]["cost"] == float(GPT_4O)
    # What was refused is not charged, so nothing is missing.
    assert root["metadata"]["cost_status"] == "complete"


def completion(request):
    """A text model's answer, which counts all prompts of a batch together."""
    prompts = request.body["prompt"]
    head = {"id": "cmpl-1", "created": 1, "model": "gpt-3.5-turbo-instruct:20230824-v2"}
    choice = {"text": TEXT, "logprobs": None, "finish_reason": "stop"}
    usage = count(8 * len(prompts), 6 * len(prompts))
    choices = [{**choice, "index": number} for number in range(len(prompts))]
    return json_reply({**head, "object": "text_completion", "choices": choices, "usage": usage})


# When a text model streams, LangChain's package drops the usage.
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "batch"])
def test_a_text_models_batch_is_paid_once(way, server, handler, rows_of):
    server.answer = completion
    model = OpenAI(
        model="gpt-3.5-turbo-instruct", base_url=f"{server.url}/v1", api_key=KEY, max_retries=0,
    )  # fmt: skip

    WAYS[way](model, {"callbacks": [handler]})

    rows = rows_of(handler)
    calls = 2 if way == "batch" else 1
    assert [row["output"] for row in rows] == [TEXT] * calls
    # The provider counts a batch together, and LangChain gives the count to its first prompt.
    counted = [counts(row) for row in rows if counts(row)]
    assert counted == [tokens(8 * calls, 6 * calls)]
    # gpt-3.5-turbo-instruct: 1.50 in, 2 out.
    paid = [row["metrics"]["cost"] for row in rows if "cost" in row["metrics"]]
    assert paid == [float(usd((8 * calls, "1.5"), (6 * calls, "2")))]


def test_a_stream_that_reports_no_usage_says_so_and_counts_nothing(server, handler, rows_of):
    server.answer = Completions(HEAD, None)

    list(chat(server, stream_usage=False).stream(QUESTION, {"callbacks": [handler]}))

    [row] = rows_of(handler)
    assert counts(row) == {}
    assert "cost" not in row["metrics"]
    assert row["metadata"]["usage_missing"] is True
    assert row["metadata"]["cost_status"] == "unknown"


class Weather(BaseModel):
    """What the weather is."""

    city: str
    is_raining: bool


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_a_structured_answers_schema_stands_on_its_row(method, server, handler, rows_of):
    message = {"role": "assistant", "content": '{"city": "Paris", "is_raining": true}'}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    server.answer = lambda request: json_reply(
        {**HEAD, "choices": [choice], "usage": count(100, 40)}
    )
    app = chat(server).with_structured_output(Weather, method=method, include_raw=True)

    app.invoke(QUESTION, {"callbacks": [handler]})

    [row] = rows_of(handler).chats
    form = row["metadata"]["response_format"]
    assert (form["type"], form["json_schema"]["name"]) == ("json_schema", "Weather")
    assert set(form["json_schema"]["schema"]["properties"]) == {"city", "is_raining"}
