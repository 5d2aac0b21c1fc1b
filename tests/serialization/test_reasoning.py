"""Reasoning is kept from every place where LangChain's packages put it."""

import pytest
from langchain_core.messages import AIMessage

from respan_langchain.serialization.json_value import json_value

TEXT = {"type": "text", "text": "42"}
KEPT = {
    "a reasoning block": AIMessage([{"type": "reasoning", "reasoning": "6 x 7"}, TEXT]),
    "a reasoning block's extras": AIMessage(
        [{"type": "reasoning", "extras": {"content": [{"type": "x", "text": "6 x 7"}]}}, TEXT]
    ),
    "a text block": AIMessage([{**TEXT, "reasoning": "6 x 7"}]),
    "a text block's extras": AIMessage([{**TEXT, "extras": {"reasoning": "6 x 7"}}]),
    "Mistral's nested thinking": AIMessage(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "6 x 7"}]}, TEXT]
    ),
    "text after ciphertext": AIMessage(
        [{"type": "redacted_thinking", "data": "Eqo"}, {"type": "thinking", "thinking": "6 x 7"}]
    ),
    "OpenRouter's details": AIMessage(
        "42", additional_kwargs={"reasoning_details": [{"type": "reasoning.text", "text": "6 x 7"}]}
    ),
    "Perplexity's steps": AIMessage(
        "42", additional_kwargs={"reasoning_steps": [{"thought": "6 x 7", "type": "x"}]}
    ),
}
ENCRYPTED = {
    "Anthropic's hidden thinking": AIMessage([{"type": "thinking", "signature": "Eqo"}]),
    "OpenAI's encrypted reasoning": AIMessage(
        [{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}]
    ),
    "Bedrock's redacted reasoning": AIMessage(
        [{"type": "reasoning_content", "reasoning_content": {"redacted_content": "Eqo"}}]
    ),
    "LangChain's standard block": AIMessage([{"type": "reasoning", "extras": {"signature": "x"}}]),
    "OpenRouter's details": AIMessage(
        "", additional_kwargs={"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}
    ),
}
NOTHING = {
    "a block without a summary": AIMessage([{"type": "reasoning", "id": "rs_1", "summary": []}]),
    "an empty thought": AIMessage([{"type": "thinking", "thinking": "", "signature": ""}]),
    "a signed text": AIMessage([{**TEXT, "extras": {"signature": "Eqo"}}]),
    "empty kwargs": AIMessage("42", additional_kwargs={"reasoning_content": ""}),
}


@pytest.mark.parametrize("given", KEPT.values(), ids=KEPT)
def test_reasoning_is_kept(given):
    assert json_value(given)["reasoning_content"] == "6 x 7"


@pytest.mark.parametrize("given", ENCRYPTED.values(), ids=ENCRYPTED)
def test_reasoning_that_is_only_ciphertext_is_marked_as_encrypted(given):
    assert json_value(given)["reasoning_content"] == "[encrypted]"


@pytest.mark.parametrize("given", NOTHING.values(), ids=NOTHING)
def test_missing_reasoning_is_not_marked_as_encrypted(given):
    assert "reasoning_content" not in json_value(given)
