"""What stands in a row is what the app gave and got, as LangChain's own tools tell it."""

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from support.constructs import CONSTRUCTS
from support.graphs import GRAPHS
from support.rows import roots
from support.ways import TWICE, WAYS


def given(asked):
    """What a row must show of an input: the text of each turn of a conversation, else the value."""
    return [text for _, text in asked["messages"]] if is_state(asked) else asked


def got(result):
    """What a row must show of a result: text of messages and documents, else the value."""
    if isinstance(result, BaseMessage):
        return result.text
    if isinstance(result, Document):
        return result.page_content
    if isinstance(result, list):
        return [got(each) for each in result]
    if is_state(result):
        structured = result.get("structured_response")
        return got(result["messages"][-1]) if structured is None else structured.model_dump()
    return result


def is_state(value):
    return isinstance(value, dict) and "messages" in value


def shown(value):
    """The same of what a row has."""
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value["content"] if isinstance(value, dict) and "content" in value else value


SLOW_WAYS = [pytest.param(way, marks=pytest.mark.slow) for way in WAYS if way != "invoke"]


@pytest.mark.parametrize("name", [*CONSTRUCTS, *GRAPHS])
@pytest.mark.parametrize("way", ["invoke", *SLOW_WAYS])
def test_the_root_is_what_the_app_gave_and_got(way, name, rows_by):
    make, asked = {**CONSTRUCTS, **GRAPHS}[name]
    result, counter = make().invoke(asked), UsageMetadataCallbackHandler()

    found = roots(rows_by(WAYS[way], make(), asked, callbacks=[counter]))

    used = list(counter.usage_metadata.values())
    assert len(found) == (2 if way in TWICE else 1)
    for root in found:
        single = isinstance(asked, str) and root["metadata"]["log_type"] == "chat"
        assert shown(root["input"]) == ([asked] if single else given(asked))
        assert shown(root["output"]) == got(result)
        assert root["metadata"]["status"] == "success"
    for metric, counted in (
        ("prompt_tokens", "input_tokens"),
        ("completion_tokens", "output_tokens"),
    ):
        total = sum(root["metrics"].get(metric, 0) for root in found)
        assert total == sum(each[counted] for each in used)
