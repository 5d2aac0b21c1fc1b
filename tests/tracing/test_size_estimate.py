"""A guess of a value's size: quick, and near enough for a bound."""

import json

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.runnables.utils import AddableDict

from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.size_estimate import MIN_SIZE, estimate_size

LONG = "x" * 100_000
TURNS = [HumanMessage("x" * 500), AIMessage("y" * 1_500)] * 100


@pytest.mark.parametrize(
    "value",
    [
        LONG,
        LONG.encode(),
        {"question": LONG},
        {"messages": [HumanMessage("hi"), AIMessage(LONG)]},
        AddableDict(question=LONG),
        [Document(LONG)],
        HumanMessage([{"type": "text", "text": LONG}]),
        LLMResult(generations=[[ChatGeneration(message=AIMessage(LONG))]]),
        LLMResult(
            generations=[[ChatGeneration(message=AIMessage([{"type": "image", "data": LONG}]))]]
        ),
        LLMResult(generations=[[Generation(text=LONG)]]),
        AIMessage("", tool_calls=[{"name": "write", "args": {"text": LONG}, "id": "1"}]),
        ChatPromptValue(messages=[HumanMessage(LONG)]),
        (LONG, 1),
    ],
    ids=[
        "text",
        "bytes",
        "a dict",
        "a state",
        "a dict of LangChain's",
        "documents",
        "blocks",
        "an answer",
        "a picture in answer",
        "a completion",
        "a tool call",
        "a prompt",
        "a pair",
    ],
)
def test_large_values_have_a_large_estimate(value):
    assert 100_000 <= estimate_size(value) <= 101_000


def test_a_long_conversation_is_estimated_from_a_sample():
    exact = len(json.dumps(json_value(TURNS)))

    assert exact / 2 <= estimate_size(TURNS) <= exact * 2


def test_the_newest_item_of_a_long_list_counts():
    assert estimate_size([*[HumanMessage("hi")] * 200, HumanMessage(LONG)]) >= 100_000


@pytest.mark.parametrize(
    "value",
    [None, 3, True, 1.5, object(), {}, [], "", (n for n in ())],
    ids=lambda value: type(value).__name__,
)
def test_small_values_have_a_small_estimate(value):
    assert 0 < estimate_size(value) <= 2 * MIN_SIZE


def test_a_deeply_nested_value_is_estimated_in_bounded_time():
    deep = [LONG]
    for _ in range(500):
        deep = [deep]

    assert estimate_size(deep) < 2_000


def test_a_value_with_many_branches_is_estimated_from_a_few():
    value = ["leaf"]
    for _ in range(30):
        value = [value, {"a": value, "b": value}, value]

    assert estimate_size(value) < 10_000
