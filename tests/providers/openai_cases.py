"""OpenAI, by chat completions and by responses, and Azure."""

from typing import Any

from langchain_openai import AzureChatOpenAI, ChatOpenAI
from providers.cases import (
    ARGUMENTS,
    HALVES,
    KEY,
    TEXT,
    WORDS,
    Case,
    called,
    tokens,
    usd,
    weather,
)
from providers.openai_like import Completions, count
from providers.server import Answer, Reply, Request, json_reply, named_events

HEAD = {"id": "chatcmpl-B9", "created": 1_763_880_000, "system_fingerprint": "fp_44"}
FACTS = {"provider_id": "openai", "finish_reason": "stop", "status": "success"}


def chat(model: str, **arguments: Any) -> Any:
    # Without stream_usage, LangChain does not ask for usage at another URL than OpenAI's.
    return lambda url: ChatOpenAI(
        model=model,
        base_url=f"{url}/v1",
        api_key=KEY,
        max_retries=0,
        stream_usage=True,
        **arguments,
    )


def details(*, cached: int = 0, thought: int = 0, heard: int = 0, spoken: int = 0) -> Any:
    return {
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": heard},
        "completion_tokens_details": {
            "reasoning_tokens": thought,
            "audio_tokens": spoken,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def metrics(put_in: int, put_out: int, **others: int) -> dict[str, int]:
    none = {"prompt_cache_hit_tokens": 0, "reasoning_tokens": 0, "audio_input_tokens": 0}
    return tokens(put_in, put_out, **{**none, "audio_output_tokens": 0, **others})


def responses(model: str, *, thought: int = 0, call: str | None = None, cached: int = 0) -> Answer:
    """Answer as the responses API does."""
    usage = {
        "input_tokens": 1_000,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": 300,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": 1_300,
    }
    thinking = {"id": "rs_1", "type": "reasoning", "summary": []}
    text = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    message = {
        "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
        "content": [text],
    }  # fmt: skip
    function = {
        "id": "fc_1", "type": "function_call", "status": "completed", "call_id": call,
        "name": "weather", "arguments": ARGUMENTS,
    }  # fmt: skip
    output = [thinking, function if call else message]
    whole = {
        "id": "resp_67", "object": "response", "created_at": 1_763_880_000, "status": "completed",
        "background": False, "error": None, "incomplete_details": None, "instructions": None,
        "model": model, "output": output, "parallel_tool_calls": True, "temperature": 1.0,
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled",
        "service_tier": "default", "usage": usage, "metadata": {},
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return json_reply(whole)
        started = {**whole, "status": "in_progress", "output": [], "usage": None}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": started},
            {"type": "response.in_progress", "response": started},
            {"type": "response.output_item.added", "output_index": 0, "item": thinking},
            {"type": "response.output_item.done", "output_index": 0, "item": thinking},
            *(calling() if call else speaking()),
            {"type": "response.completed", "response": whole},
        ]
        return named_events(
            {**event, "sequence_number": number} for number, event in enumerate(events)
        )

    def speaking() -> list[dict[str, Any]]:
        here = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
        empty = {**message, "status": "in_progress", "content": []}
        return [
            {"type": "response.output_item.added", "output_index": 1, "item": empty},
            {"type": "response.content_part.added", **here, "part": {**text, "text": ""}},
            *(
                {"type": "response.output_text.delta", **here, "delta": word, "logprobs": []}
                for word in WORDS
            ),
            {"type": "response.output_text.done", **here, "text": TEXT, "logprobs": []},
            {"type": "response.content_part.done", **here, "part": text},
            {"type": "response.output_item.done", "output_index": 1, "item": message},
        ]

    def calling() -> list[dict[str, Any]]:
        here = {"item_id": "fc_1", "output_index": 1}
        empty = {**function, "status": "in_progress", "arguments": ""}
        return [
            {"type": "response.output_item.added", "output_index": 1, "item": empty},
            *(
                {"type": "response.function_call_arguments.delta", **here, "delta": half}
                for half in HALVES
            ),
            {
                "type": "response.function_call_arguments.done", **here,
                "name": "weather", "arguments": ARGUMENTS,
            },
            {"type": "response.output_item.done", "output_index": 1, "item": function},
        ]  # fmt: skip

    return answer


GPT_5 = {**HEAD, "model": "gpt-5-2025-08-07"}
GPT_4O = {**HEAD, "model": "gpt-4o-2024-08-06"}
AZURE = {**HEAD, "model": "gpt-4o-2024-11-20"}

CASES = [
    Case(
        name="openai, reasoning and cache",
        model=chat("gpt-5"),
        answer=Completions(
            {**GPT_5, "service_tier": "default"},
            count(1_000, 300, **details(cached=800, thought=200)),
        ),
        tokens=metrics(1_000, 300, prompt_cache_hit_tokens=800, reasoning_tokens=200),
        # gpt-5: 1.25 in, 0.125 cached, 10 out; reasoning is part of the output.
        cost=usd((200, "1.25"), (800, "0.125"), (300, "10")),
        facts={
            **FACTS, "model": "gpt-5-2025-08-07", "model_requested": "gpt-5",
            "service_tier": "default", "system_fingerprint": "fp_44",
        },
    ),
    Case(
        name="openai, flex tier",
        model=chat("gpt-5", service_tier="flex"),
        answer=Completions(
            {**GPT_5, "service_tier": "flex"},
            count(1_000, 300, **details(cached=800, thought=200)),
        ),
        tokens=metrics(1_000, 300, prompt_cache_hit_tokens=800, reasoning_tokens=200),
        # Flex is half of everything.
        cost=usd((200, "0.625"), (800, "0.0625"), (300, "5")),
        facts={**FACTS, "service_tier": "flex"},
    ),
    Case(
        name="openai, a tool call",
        model=chat("gpt-4o", temperature=0.2),
        answer=Completions(GPT_4O, count(80, 20, **details()), tool="call_7"),
        tokens=metrics(80, 20),
        cost=usd((80, "2.5"), (20, "10")),
        facts={**FACTS, "finish_reason": "tool_calls", "temperature": 0.2},
        text=None, calls=called("call_7"), tools=[weather],
    ),
    Case(
        name="openai, heard audio",
        model=chat("gpt-audio"),
        answer=Completions(
            {**HEAD, "model": "gpt-audio-2025-08-28"}, count(1_000, 50, **details(heard=900))
        ),
        tokens=metrics(1_000, 50, audio_input_tokens=900),
        # gpt-audio: 2.50 text and 32 audio in, 10 text and 64 audio out.
        cost=usd((100, "2.5"), (900, "32"), (50, "10")),
        facts=FACTS,
    ),
    Case(
        name="openai, responses with reasoning and cache",
        model=chat("gpt-5", use_responses_api=True),
        answer=responses("gpt-5-2025-08-07", thought=200, cached=800),
        tokens=tokens(1_000, 300, prompt_cache_hit_tokens=800, reasoning_tokens=200),
        cost=usd((200, "1.25"), (800, "0.125"), (300, "10")),
        facts={
            "provider_id": "openai", "model": "gpt-5-2025-08-07", "model_requested": "gpt-5",
            "service_tier": "default",
        },
    ),
    Case(
        name="openai, responses with a tool call",
        model=chat("gpt-5", use_responses_api=True),
        answer=responses("gpt-5-2025-08-07", call="call_7"),
        tokens=tokens(1_000, 300, prompt_cache_hit_tokens=0, reasoning_tokens=0),
        cost=usd((1_000, "1.25"), (300, "10")),
        facts={"provider_id": "openai", "model": "gpt-5-2025-08-07"},
        text=None, calls=called("call_7"), tools=[weather],
    ),
    Case(
        name="azure, by the name of a deployment",
        model=lambda url: AzureChatOpenAI(
            azure_endpoint=url, azure_deployment="my-gpt4o", api_version="2024-10-21", api_key=KEY,
            max_retries=0,
        ),
        answer=Completions(AZURE, count(1_000, 300, **details(cached=512))),
        tokens=metrics(1_000, 300, prompt_cache_hit_tokens=512),
        # gpt-4o: 2.50 in, 1.25 cached, 10 out.
        cost=usd((488, "2.5"), (512, "1.25"), (300, "10")),
        facts={
            **FACTS, "provider_id": "azure", "model": "gpt-4o-2024-11-20",
            "model_requested": "my-gpt4o",
        },
    ),
]  # fmt: skip
