"""Bedrock, the followers of OpenAI, and the others: what they charge, refuse and cut off."""

from decimal import Decimal
from typing import Any

from langchain_openrouter import ChatOpenRouter
from providers import bedrock_cases, follower_cases, other_cases
from providers.cases import KEY, usd
from providers.charges import REFUSED, Charge
from providers.openai_like import completion, count


def router(url: str) -> Any:
    return ChatOpenRouter(
        model="anthropic/claude-sonnet-4.5", base_url=url, api_key=KEY, max_retries=0
    )


UPSTREAM = {
    "upstream_inference_cost": 0.0033, "upstream_inference_prompt_cost": 0.0003,
    "upstream_inference_completions_cost": 0.003,
}  # fmt: skip
BEDROCK_USAGE = {"inputTokens": 400, "outputTokens": 60, "totalTokens": 460}
SONNET = usd((400, "3.3"), (60, "16.5"))
CHARGES = [
    Charge(
        "bedrock, a guardrail intervened", bedrock_cases.model,
        bedrock_cases.converse(BEDROCK_USAGE, "guardrail_intervened"), SONNET,
        facts={"finish_reason": "guardrail_intervened", **REFUSED},
    ),
    Charge(
        "bedrock, a guardrail that traces what it read", bedrock_cases.model,
        bedrock_cases.converse(BEDROCK_USAGE, "end_turn", trace={"guardrail": {"modelOutput": []}}),
        SONNET, "partial",
    ),
    Charge(
        "bedrock, cut off", bedrock_cases.model,
        bedrock_cases.converse(BEDROCK_USAGE, "max_tokens"), SONNET,
        facts={"finish_reason": "max_tokens", "refused": None},
    ),
    Charge(
        "mistral, cut off, with a cache", follower_cases.mistral,
        completion(
            "mistral-small-latest",
            count(1_000, 40, prompt_tokens_details={"cached_tokens": 800}),
            reason="length", usage_with_last_choice=True,
        ),
        # 0.15 in, 0.015 cached, 0.60 out; when it streams, LangChain drops the cache.
        usd((200, "0.15"), (800, "0.015"), (40, "0.6")), facts={"finish_reason": "length"},
        streamed={"cost": usd((1_000, "0.15"), (40, "0.6"))},
    ),
    Charge(
        "groq, cut off", follower_cases.groq("llama-3.3-70b-versatile"),
        completion(
            "llama-3.3-70b-versatile", count(100, 40), reason="length",
            usage_with_last_choice=True, last={"x_groq": {"id": "r", "usage": count(100, 40)}},
        ),
        usd((100, "0.59"), (40, "0.79")), facts={"finish_reason": "length"},
    ),
    Charge(
        "deepseek, filtered", follower_cases.deepseek,
        completion("deepseek-v4-flash", count(100, 40), reason="content_filter"), None, "complete",
        facts={"finish_reason": "content_filter", **REFUSED},
    ),
    Charge(
        "xai says what it charged", follower_cases.xai,
        completion("grok-3-mini", count(100, 40, cost_in_usd_ticks=37_756_000)),
        # When it streams, LangChain drops it; the tokens cost 0.30 and 0.50.
        Decimal("0.0037756"), facts={"cost_source": "provider"},
        streamed={"cost": usd((100, "0.3"), (40, "0.5")), "cost_source": "estimate"},
    ),
    Charge(
        "openrouter, with the user's own key", router,
        completion(
            "anthropic/claude-sonnet-4.5",
            count(100, 200, cost=0.0001, cost_details=UPSTREAM),
        ),
        # OpenRouter's fee, and what the provider charges to the key.
        Decimal("0.0034"), facts={"cost_source": "provider"},
    ),
    Charge(
        "openrouter, with its own key", router,
        completion(
            "anthropic/claude-sonnet-4.5",
            count(100, 200, cost=0.0035, cost_details=UPSTREAM),
        ),
        Decimal("0.0035"), facts={"cost_source": "provider"},
    ),
    Charge(
        "cohere, cut off", other_cases.command, other_cases.cohere(reason="MAX_TOKENS"),
        usd((204, "2.5"), (42, "10")), facts={"finish_reason": "MAX_TOKENS"},
        streamed={"cost": usd((9, "2.5"), (40, "10"))},
    ),
    Charge(
        "cohere, withheld", other_cases.command, other_cases.cohere(reason="ERROR_TOXIC"),
        usd((204, "2.5"), (42, "10")), facts=REFUSED,
        streamed={"cost": usd((9, "2.5"), (40, "10"))},
    ),
    Charge(
        "ollama, cut off", other_cases.home, other_cases.ollama(reason="length"), None, "unknown",
        facts={"finish_reason": "length"},
    ),
]  # fmt: skip
