"""Events of a model's stream: its first token, and the usage that its chunks carry."""

from time import monotonic, sleep
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

THINKING = 0.5
"""Seconds before the last chunk: far longer than one callback takes, on a busy machine, too."""


class Streaming(BaseChatModel):
    """Streams the given chunks, and notes when it came to the last one."""

    chunks: list[AIMessageChunk]
    thinking: float = 0
    last_at: float = 0

    @property
    def _llm_type(self):
        return "streaming"

    def _get_ls_params(self, stop=None, **kwargs):
        return {"ls_provider": "openai", "ls_model_name": "gpt-4o"}

    def _generate(self, *args, **kwargs):
        raise NotImplementedError

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any):
        for chunk in self.chunks:
            if chunk is self.chunks[-1]:
                sleep(self.thinking)
            self.last_at = monotonic()
            yield ChatGenerationChunk(message=chunk)


class Started(BaseCallbackHandler):
    """Notes when a model is called."""

    def on_chat_model_start(self, *args, **kwargs):
        self.at = monotonic()


def seconds_to_the_last_chunk(model, handler):
    started = Started()
    list(model.stream("Can I?", {"callbacks": [handler, started]}))
    return model.last_at - started.at


@pytest.mark.parametrize(
    "thought",
    [
        {"content": "", "additional_kwargs": {"reasoning_content": "hm "}},
        {"content": "", "additional_kwargs": {"reasoning": "hm "}},
        {"content": "", "additional_kwargs": {"reasoning_details": [{"text": "hm "}]}},
        {"content": [{"type": "reasoning", "reasoning": "hm ", "index": 0}]},
        {"content": [{"type": "thinking", "thinking": "hm ", "index": 0}]},
    ],
    ids=["deepseek, groq, xai", "reasoning", "openrouter", "blocks", "anthropic"],
)
def test_the_first_reasoning_is_the_first_token(thought, handler, rows_of):
    chunks = [AIMessageChunk(**thought), AIMessageChunk(**thought), AIMessageChunk("Yes.")]
    model = Streaming(chunks=chunks, thinking=THINKING)

    seconds = seconds_to_the_last_chunk(model, handler)

    [row] = rows_of(handler)
    assert row["metrics"]["time_to_first_token"] < seconds


def test_a_chunk_without_content_is_no_first_token(handler, rows_of):
    silent = AIMessageChunk("", additional_kwargs={"reasoning_content": ""})
    model = Streaming(chunks=[silent, silent, AIMessageChunk("Yes.")], thinking=THINKING)

    seconds = seconds_to_the_last_chunk(model, handler)

    [row] = rows_of(handler)
    assert row["metrics"]["time_to_first_token"] >= seconds


def used(input_tokens, output_tokens):
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }


REPORTED = {
    "the usage so far, as Databricks": [used(50, 1), used(50, 2), used(50, 3)],
    "what each chunk added, as Gemini": [used(50, 1), used(0, 1), used(0, 1)],
    "all at the end, as OpenAI": [None, None, used(50, 3)],
    "the prompt first, the answer last": [used(50, 0), None, used(0, 3)],
}


@pytest.mark.parametrize("usages", REPORTED.values(), ids=REPORTED)
def test_a_stream_reports_its_usage_in_many_ways_and_counts_once(usages, handler, rows_of):
    words = zip(("Within ", "30 ", "days."), usages, strict=True)
    model = Streaming(chunks=[AIMessageChunk(word, usage_metadata=each) for word, each in words])

    list(model.stream("Can I?", {"callbacks": [handler]}))

    [row] = rows_of(handler)
    assert row["metrics"]["prompt_tokens"] == 50
    assert row["metrics"]["completion_tokens"] == 3
    # gpt-4o: 2.50 in, 10 out.
    assert row["metrics"]["cost"] == 0.000155


def test_an_abandoned_stream_counts_its_usage_so_far(handler, rows_of):
    chunks = [AIMessageChunk(word, usage_metadata=used(50, 1)) for word in ("Within ", "30 ", "d")]
    stream = Streaming(chunks=chunks).stream("Can I?", {"callbacks": [handler]})

    next(stream)
    next(stream)
    stream.close()

    [row] = rows_of(handler)
    assert row["metadata"]["status"] == "abandoned"
    assert row["metrics"]["prompt_tokens"] == 50
