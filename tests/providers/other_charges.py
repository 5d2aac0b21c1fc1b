"""Bedrock, the followers of OpenAI, and the others: what they charge, refuse and cut off."""

from decimal import Decimal
from typing import Any

from langchain_groq import ChatGroq
from langchain_openrouter import ChatOpenRouter
from langchain_xai import ChatXAI
from providers import (
    bedrock_cases,
    content_cases,
    follower_cases,
    openai_charges,
    other_cases,
    running_usage_cases,
)
from providers.cases import KEY, usd
from providers.charges import REFUSED, Charge
from providers.openai_charges import MESSAGE, SEARCHED, response
from providers.openai_like import completion, count


def router(url: str) -> Any:
    return ChatOpenRouter(
        model="anthropic/claude-sonnet-4.5", base_url=url, api_key=KEY, max_retries=0
    )


def flex_groq(url: str) -> Any:
    return ChatGroq(
        model="openai/gpt-oss-120b", base_url=url, api_key=KEY, max_retries=0, service_tier="flex"
    )


def live_grok(url: str) -> Any:
    return follower_cases.xai(url, extra_body={"search_parameters": {"mode": "on"}})


def searching_grok(url: str) -> Any:
    return ChatXAI(
        model="grok-4", xai_api_base=url, api_key=KEY, max_retries=0, use_responses_api=True
    ).bind(tools=[{"type": "web_search"}, {"type": "x_search"}])


def connected_mistral(url: str) -> Any:
    return follower_cases.mistral(url).bind_tools([{"type": "web_search"}])


def searching_router(url: str) -> Any:
    return openai_charges.gpt("gpt-4o", extra_body={"plugins": [{"id": "web"}]})(url)


def grounded_command(url: str) -> Any:
    return other_cases.command(url).bind(documents=["It rains in Paris."])


def guarded_claude(url: str) -> Any:
    guardrail = {"guardrailIdentifier": "g-1", "guardrailVersion": "1"}
    return bedrock_cases.model(url).bind(guardrailConfig=guardrail)


def nova(url: str) -> Any:
    return bedrock_cases.model(url, "us.amazon.nova-2-lite-v1:0")


def deep_research(url: str) -> Any:
    return running_usage_cases.perplexity(url, "sonar-deep-research")


X_SEARCHED = {
    "type": "custom_tool_call", "id": "it_7", "call_id": "xs_1", "status": "completed",
    "name": "x_keyword_search", "input": '{"query": "rain paris"}',
}  # fmt: skip
perplexity = running_usage_cases.perplexity
UPSTREAM = {
    "upstream_inference_cost": 0.0033, "upstream_inference_prompt_cost": 0.0003,
    "upstream_inference_completions_cost": 0.003,
}  # fmt: skip
BEDROCK_USAGE = {"inputTokens": 400, "outputTokens": 60, "totalTokens": 460}
# Nova 2 Lite in a region: 0.33 in, 2.75 out.
NOVA = usd((400, "0.33"), (60, "2.75"))
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
        "bedrock, a guardrail that leaves no trace", guarded_claude,
        bedrock_cases.converse(BEDROCK_USAGE, "end_turn"), SONNET, "partial",
    ),
    Charge(
        "bedrock, cut off", bedrock_cases.model,
        bedrock_cases.converse(BEDROCK_USAGE, "max_tokens"), SONNET,
        facts={"finish_reason": "max_tokens", "refused": None},
    ),
    Charge(
        "bedrock, a search of Nova's", nova,
        bedrock_cases.converse(BEDROCK_USAGE, "end_turn", search={"query": "rain paris"}),
        NOVA, "partial",
    ),
    Charge(
        "bedrock, flex tier, whose price is not listed", nova,
        bedrock_cases.converse(BEDROCK_USAGE, "end_turn", serviceTier={"type": "flex"}),
        NOVA, "partial", facts={"service_tier": "flex"},
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
        "mistral, a connector, which its answer does not count", connected_mistral,
        completion("mistral-small-latest", count(100, 40), usage_with_last_choice=True),
        usd((100, "0.15"), (40, "0.6")), "partial",
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
        "groq, flex tier with a cache", flex_groq,
        completion(
            "openai/gpt-oss-120b",
            count(1_000, 40, prompt_tokens_details={"cached_tokens": 800}),
            usage_with_last_choice=True,
            last={"x_groq": {"id": "r", "usage": count(
                1_000, 40, prompt_tokens_details={"cached_tokens": 800})}},
        ),
        # 0.15 in, 0.075 cached, 0.60 out, on demand as well as with flex.
        usd((200, "0.15"), (800, "0.075"), (40, "0.6")), facts={"service_tier": "flex"},
    ),
    Charge(
        "groq, a search of its compound model", follower_cases.groq("groq/compound"),
        content_cases.groq([content_cases.EXECUTED]), None, "unknown",
    ),
    Charge(
        "deepseek, filtered", follower_cases.deepseek,
        completion("deepseek-chat", count(100, 40), reason="content_filter"),
        usd((100, "0.28"), (40, "0.42")), facts={"finish_reason": "content_filter", **REFUSED},
        prices=follower_cases.DEEPSEEK_PRICES,
    ),
    Charge(
        "deepseek, cut off, with a cache", follower_cases.deepseek,
        completion("deepseek-chat", follower_cases.DEEPSEEK_USAGE, reason="length"),
        usd((360, "0.28"), (640, "0.028"), (50, "0.42")), facts={"finish_reason": "length"},
        prices=follower_cases.DEEPSEEK_PRICES,
    ),
    Charge(
        "xai, cut off", follower_cases.xai,
        completion("grok-3-mini", count(100, 40), reason="length"),
        usd((100, "0.3"), (40, "0.5")), facts={"finish_reason": "length"},
    ),
    Charge(
        # When it streams, LangChain drops the number of sources; only the request shows the search.
        "xai, live search in two sources", live_grok,
        completion("grok-3-mini", count(100, 40, num_sources_used=2)),
        usd((100, "0.3"), (40, "0.5")), "partial",
    ),
    Charge(
        "xai, a search of the web and two of posts", searching_grok,
        response(SEARCHED, X_SEARCHED, {**X_SEARCHED, "id": "it_8"}, MESSAGE, model="grok-4"),
        # 3 in, 15 out, and 5 for a thousand searches.
        usd((1_000, "3"), (300, "15")) + Decimal("0.015"),
    ),
    Charge(
        "xai, a refusal", follower_cases.xai,
        completion("grok-3-mini", count(100, 40), refusal="I can't help with that."),
        # When it streams, LangChain's package drops the refusal.
        usd((100, "0.3"), (40, "0.5")), facts=REFUSED, streamed={"refused": None},
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
        "openrouter, cut off, a search of its own in the cost", router,
        completion(
            "anthropic/claude-sonnet-4.5",
            count(100, 200, cost=0.0235, server_tool_use={"web_search_requests": 1}),
            reason="length",
        ),
        Decimal("0.0235"), facts={"finish_reason": "length", "cost_source": "provider"},
    ),
    Charge(
        "openrouter, a search of its own, asked with OpenAI's package", searching_router,
        completion("gpt-4o", count(100, 40, cost=0.02065)),
        Decimal("0.02065"), facts={"cost_source": "provider"},
        # When it streams, the package drops the cost; gpt-4o: 2.50 in, 10 out.
        streamed={
            "cost": usd((100, "2.5"), (40, "10")), "cost_status": "partial",
            "cost_source": "estimate",
        },
    ),
    Charge(
        "perplexity, cut off", perplexity,
        completion(
            "sonar-pro", running_usage_cases.paid(100, 40, 0.006), reason="length",
            usage_with_last_choice=True,
        ),
        # 3 in, 15 out, and 6 for a thousand requests with a small search context.
        # When it does not stream, LangChain's package drops the finish reason.
        usd((100, "3"), (40, "15")) + Decimal("0.006"), streamed={"finish_reason": "length"},
    ),
    Charge(
        "perplexity, deep research with two searches", deep_research,
        completion(
            "sonar-deep-research",
            count(
                100, 40, citation_tokens=500, reasoning_tokens=30, num_search_queries=2,
                search_context_size="low",
            ),
            usage_with_last_choice=True,
        ),
        # 2 in, 8 out, 3 thought, 2 cited, and 5 for a thousand searches.
        # The list has no prices by the size of the search.
        usd((100, "2"), (10, "8"), (30, "3"), (500, "2")) + Decimal("0.01"), "partial",
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
        # Cohere searches only in documents that the app gives, and charges their tokens.
        "cohere, grounded in the app's documents", grounded_command, other_cases.cohere(),
        usd((204, "2.5"), (42, "10")), streamed={"cost": usd((9, "2.5"), (40, "10"))},
    ),
    Charge(
        "ollama, cut off", other_cases.home, other_cases.ollama(reason="length"), None, "unknown",
        facts={"finish_reason": "length"},
    ),
]  # fmt: skip
