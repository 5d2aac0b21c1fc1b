"""Anthropic's messages, with thinking, tools and a cache."""

from typing import Any

from langchain_anthropic import ChatAnthropic
from providers.cases import HALVES, KEY, TEXT, WORDS, Case, called, tokens, usd, weather
from providers.server import Answer, Reply, Request, json_reply, named_events

SERVED = "claude-opus-5-20260701"
FACTS = {"provider_id": "anthropic", "model": SERVED, "model_requested": "claude-opus-5"}
THOUGHT = {"type": "thinking", "thinking": "Look it up.", "signature": "c2lnbmVk"}


def messages(usage: dict[str, Any], blocks: list[dict[str, Any]], reason: str) -> Answer:
    """Answer with these blocks, whole or as events."""
    head = {
        "id": "msg_01", "type": "message", "role": "assistant", "model": SERVED,
        "stop_reason": None, "stop_sequence": None,
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return json_reply({**head, "content": blocks, "stop_reason": reason, "usage": usage})
        start = {**head, "content": [], "usage": {**usage, "output_tokens": 1}}
        # The last event counts everything again, without the time to live of what was cached.
        final = {name: count for name, count in usage.items() if name.endswith("_tokens")}
        end = {"stop_reason": reason, "stop_sequence": None}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        for index, block in enumerate(blocks):
            events += block_events(index, block)
        return named_events(
            [
                *events,
                {"type": "message_delta", "delta": end, "usage": final},
                {"type": "message_stop"},
            ]
        )

    return answer


def block_events(index: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    kind = block["type"]
    empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}
    empty["tool_use"] = {"input": {}}
    deltas = {
        "text": [{"type": "text_delta", "text": word} for word in WORDS],
        "thinking": [
            {"type": "thinking_delta", "thinking": THOUGHT["thinking"]},
            {"type": "signature_delta", "signature": THOUGHT["signature"]},
        ],
        "tool_use": [{"type": "input_json_delta", "partial_json": half} for half in HALVES],
    }
    return [
        {
            "type": "content_block_start",
            "index": index,
            "content_block": {**block, **empty.get(kind, {})},
        },
        *(
            {"type": "content_block_delta", "index": index, "delta": each}
            for each in deltas.get(kind, ())
        ),
        {"type": "content_block_stop", "index": index},
    ]


def used(put_in: int, put_out: int, *, read: int = 0, write: int = 0) -> dict[str, Any]:
    """Anthropic's own count, in which the cache is beside the input."""
    return {
        "input_tokens": put_in,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": put_out,
        "service_tier": "standard",
    }


def model(**arguments: Any) -> Any:
    return lambda url: ChatAnthropic(
        model="claude-opus-5", base_url=url, api_key=KEY, max_retries=0, **arguments
    )


TEXT_BLOCK = {"type": "text", "text": TEXT}
CASES = [
    Case(
        name="anthropic, with a cache",
        model=model(max_tokens=64),
        answer=messages(used(10, 20, read=1_000, write=100), [TEXT_BLOCK], "end_turn"),
        tokens=tokens(1_110, 20, prompt_cache_hit_tokens=1_000, prompt_cache_creation_tokens=100),
        # Opus 5: 5 in, 0.50 read, 6.25 written for five minutes, 25 out.
        cost=usd((10, "5"), (1_000, "0.5"), (100, "6.25"), (20, "25")),
        facts={**FACTS, "finish_reason": "end_turn", "max_tokens": 64},
    ),
    Case(
        name="anthropic, thinking",
        model=model(max_tokens=2_048, thinking={"type": "adaptive"}),
        answer=messages(used(50, 300), [THOUGHT, TEXT_BLOCK], "end_turn"),
        tokens=tokens(50, 300, prompt_cache_hit_tokens=0, prompt_cache_creation_tokens=0),
        cost=usd((50, "5"), (300, "25")),
        facts={**FACTS, "thinking": {"type": "adaptive"}},
    ),
    Case(
        name="anthropic, a tool call",
        model=model(max_tokens=64),
        answer=messages(
            used(400, 60),
            [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}}],
            "tool_use",
        ),
        tokens=tokens(400, 60, prompt_cache_hit_tokens=0, prompt_cache_creation_tokens=0),
        cost=usd((400, "5"), (60, "25")),
        facts={**FACTS, "finish_reason": "tool_use"},
        text=None, calls=called("toolu_1"), tools=[weather],
    ),
]  # fmt: skip
