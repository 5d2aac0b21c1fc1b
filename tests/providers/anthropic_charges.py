"""Anthropic: searches, code, fast mode, refusals, cut-offs and the cache of an hour."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from langchain_anthropic import ChatAnthropic
from providers.anthropic_cases import block_events
from providers.cases import KEY, TEXT, usd
from providers.charges import REFUSED, Charge
from providers.server import Answer, Reply, Request, json_reply, named_events

SEARCH = {"type": "server_tool_use", "name": "web_search", "input": {"query": "rain paris"}}


def claude(model: str = "claude-opus-5", **arguments: Any) -> Callable[[str], Any]:
    return lambda url: ChatAnthropic(
        model=model, base_url=url, api_key=KEY, max_retries=0, max_tokens=64, **arguments
    )


def messages(
    *blocks: dict[str, Any], reason: str = "end_turn", model: str = "claude-opus-5", **usage: Any
) -> Answer:
    """Answer with these blocks, 1,000 tokens in and 200 out."""
    head = {
        "id": "msg_01", "type": "message", "role": "assistant", "model": model,
        "stop_reason": None, "stop_sequence": None,
    }  # fmt: skip
    used = {"input_tokens": 1_000, "output_tokens": 200, **usage}
    text = {"type": "text", "text": TEXT}

    def answer(request: Request) -> Reply:
        content = [*blocks, text]
        if not request.body.get("stream"):
            return json_reply({**head, "content": content, "stop_reason": reason, "usage": used})
        start = {**head, "content": [], "usage": {**used, "output_tokens": 1}}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        for index, block in enumerate(content):
            events += block_events(index, block)
        end = {"stop_reason": reason, "stop_sequence": None}
        return named_events(
            [
                *events,
                {"type": "message_delta", "delta": end, "usage": used},
                {"type": "message_stop"},
            ]
        )

    return answer


OPUS = usd((1_000, "5"), (200, "25"))
SEARCHES = [{**SEARCH, "id": f"srvtoolu_{number}"} for number in range(3)]
CHARGES = [
    Charge(
        "anthropic, three searches", claude(),
        messages(*SEARCHES, server_tool_use={"web_search_requests": 3}),
        # 10 for a thousand.
        OPUS + Decimal("0.03"), facts={"finish_reason": "end_turn"},
    ),
    Charge(
        "anthropic, code by the hour", claude(),
        messages({**SEARCH, "id": "srvtoolu_1", "name": "bash_code_execution"}), OPUS, "partial",
    ),
    Charge(
        "anthropic, fast mode", claude(betas=["fast"], model_kwargs={"speed": "fast"}),
        messages(speed="fast", service_tier="standard"),
        # Twice the price.
        OPUS * 2, facts={"speed": "fast"},
    ),
    Charge(
        "anthropic, batch", claude(), messages(service_tier="batch"), OPUS / 2,
        facts={"service_tier": "batch"},
        # When it streams, LangChain's package drops the tier; batches are never streamed.
        streamed={"cost": OPUS, "service_tier": None},
    ),
    Charge(
        "anthropic, priority tier of a contract", claude(model_kwargs={"service_tier": "auto"}),
        messages(service_tier="priority"), OPUS, "partial", facts={"service_tier": "priority"},
        # When it streams, only the request shows that the tier is not known.
        streamed={"service_tier": "auto"},
    ),
    Charge(
        "anthropic, in the United States only", claude(inference_geo="us"),
        messages(inference_geo="us"), OPUS, "partial", facts={"inference_geo": "us"},
    ),
    Charge("anthropic, a refusal", claude(), messages(reason="refusal"), OPUS,
           facts={"finish_reason": "refusal", **REFUSED}),
    Charge("anthropic, cut off", claude(), messages(reason="max_tokens"), OPUS,
           facts={"finish_reason": "max_tokens", "refused": None}),
    Charge(
        "anthropic, written to the cache for an hour", claude(),
        messages(
            cache_creation_input_tokens=100, cache_read_input_tokens=0,
            cache_creation={"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100},
        ),
        # An hour costs 10, twice the input.
        OPUS + usd((100, "10")),
    ),
]  # fmt: skip
