"""Each provider's own package, asked in every way: the same row, the one that the answer means."""

import asyncio

import pytest
from providers import (
    anthropic_cases,
    bedrock_cases,
    follower_cases,
    google_cases,
    openai_cases,
    other_cases,
    running_usage_cases,
)
from providers.cases import KEY, QUESTION

# The packages warn about each other and about the years to come; that is not our business.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

CASES = [
    *openai_cases.CASES,
    *anthropic_cases.CASES,
    *google_cases.CASES,
    *bedrock_cases.CASES,
    *follower_cases.CASES,
    *other_cases.CASES,
    *running_usage_cases.CASES,
]


async def drained(stream):
    return [part async for part in stream]


WAYS = {
    "invoke": lambda model, config: model.invoke(QUESTION, config),
    "ainvoke": lambda model, config: asyncio.run(model.ainvoke(QUESTION, config)),
    "stream": lambda model, config: list(model.stream(QUESTION, config)),
    "astream": lambda model, config: asyncio.run(drained(model.astream(QUESTION, config))),
    "batch": lambda model, config: model.batch([QUESTION] * 2, config),
}
COUNTS = (
    "prompt_tokens", "completion_tokens", "total_tokens", "total_request_tokens",
    "prompt_cache_hit_tokens", "prompt_cache_creation_tokens", "reasoning_tokens",
    "audio_input_tokens", "audio_output_tokens",
)  # fmt: skip


@pytest.fixture
def ask(server, make_handler, rows_of):
    """Ask a case's provider in every way; gives the rows by way."""

    def asked(case):
        server.answer = case.answer
        handler = make_handler(prices=case.prices)
        model = case.model(server.url)
        app = model.bind_tools(list(case.tools)) if case.tools else model
        for way, ask in WAYS.items():
            ask(app, {"callbacks": [handler], "run_name": way})
        return [(row["metadata"]["span_name"], row) for row in rows_of(handler)]

    return asked


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_providers_answer_is_the_same_row_in_every_way(case, ask):
    rows = ask(case)

    assert sorted(way for way, _ in rows) == sorted([*WAYS, "batch"])
    for way, row in rows:
        streams = "stream" in way
        cost = (streams and case.streamed_cost) or case.cost
        json_reply = content(row, case, stray=streams and case.stray_calls)
        assert [way, *json_reply] == [way, case.text, list(case.calls)]
        assert [way, counts(row)] == [way, (streams and case.streamed_tokens) or case.tokens]
        assert [way, *price(row)] == [way, *expected_price(case, cost)]
        facts = {name: row["metadata"].get(name) for name in case.facts}
        assert [way, facts] == [way, case.facts]
        assert [way, *tools(row)] == [way, *(each.name for each in case.tools)]
        assert row["input"] == [{"role": "user", "content": QUESTION}]
        assert KEY not in str(row)


def content(row, case, *, stray):
    assert row["output"]["role"] == "assistant"
    calls = row["output"].get("tool_calls", [])
    calls = calls[-1:] if stray else calls
    if case.calls and "id" not in case.calls[0]:
        calls = [{name: call[name] for name in call if name != "id"} for call in calls]
    return row["output"].get("content") or None, calls


def counts(row):
    return {name: row["metrics"][name] for name in COUNTS if name in row["metrics"]}


def price(row):
    metadata = row["metadata"]
    return row["metrics"].get("cost"), metadata.get("cost_source"), metadata["cost_status"]


def expected_price(case, cost):
    return (None, None, "unknown") if cost is None else (float(cost), case.source, "complete")


def tools(row):
    return [each["function"]["name"] for each in row["metadata"].get("tools", [])]
