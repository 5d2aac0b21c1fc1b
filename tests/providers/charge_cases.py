"""What providers charge beside tokens, and how they refuse or cut off, in each API's own words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_openrouter import ChatOpenRouter
from providers import bedrock_cases, follower_cases, other_cases
from providers.anthropic_cases import block_events
from providers.cases import KEY, QUESTION, TEXT, WORDS, usd
from providers.openai_like import Completions, count
from providers.server import Answer, Reply, Request, named_events, said, streamed

REFUSED = {"refused": True}
SEARCH = {"type": "server_tool_use", "name": "web_search", "input": {"query": "rain paris"}}


@dataclass(frozen=True)
class Charge:
    """One answer, the cost that it means and the facts of its row."""

    name: str
    model: Callable[[str], Any]
    answer: Answer
    cost: Decimal | None
    """USD by the provider's published prices, worked out by hand."""
    status: str = "complete"
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Metadata that the row must have; None: it must not have it."""
    streamed: Mapping[str, Any] = field(default_factory=dict)
    """What differs when LangChain's package streams: `cost`, `status` or facts."""
    prompt: Any = QUESTION


# OpenAI's chat completions


def gpt(model: str = "gpt-4o", **arguments: Any) -> Callable[[str], Any]:
    return lambda url: ChatOpenAI(
        model=model, base_url=f"{url}/v1", api_key=KEY, max_retries=0, stream_usage=True,
        **arguments,
    )  # fmt: skip


def completion(model: str, usage: Mapping[str, Any], **how: Any) -> Completions:
    head = {"id": "chatcmpl-1", "created": 1, "model": model, "system_fingerprint": "fp_1"}
    tier = {"service_tier": how.pop("service_tier")} if "service_tier" in how else {}
    return Completions({**head, **tier}, usage, **how)


GPT_4O = usd((100, "2.5"), (40, "10"))
CHAT = [
    Charge(
        "openai, a refusal", gpt(),
        completion("gpt-4o", count(100, 40), refusal="I can't help with that."),
        # When it streams, LangChain's package drops the refusal.
        GPT_4O, facts={**REFUSED, "finish_reason": "stop"}, streamed={"refused": None},
    ),
    Charge(
        "openai, filtered", gpt(), completion("gpt-4o", count(100, 40), reason="content_filter"),
        GPT_4O, facts={**REFUSED, "finish_reason": "content_filter"},
    ),
    Charge(
        "openai, cut off", gpt(), completion("gpt-4o", count(100, 40), reason="length"),
        GPT_4O, facts={"refused": None, "finish_reason": "length"},
    ),
    Charge(
        "openai, priority tier", gpt("gpt-5", service_tier="priority"),
        completion("gpt-5-2025-08-07", count(1_000, 300), service_tier="priority"),
        # gpt-5 costs 1.25 and 10, with priority twice that.
        usd((1_000, "2.5"), (300, "20")), facts={"service_tier": "priority"},
    ),
    Charge(
        "openai, a model that searches", gpt("gpt-4o-search-preview"),
        completion("gpt-4o-search-preview-2025-03-11", count(100, 40)), GPT_4O, "partial",
    ),
]  # fmt: skip


# OpenAI's Responses API

MESSAGE = {
    "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}  # fmt: skip
NO = {**MESSAGE, "content": [{"type": "refusal", "refusal": "I can't help with that."}]}


def item(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {"type": f"{kind}_call", "id": f"it_{number}", "status": "completed", **more}


def response(
    *output: dict[str, Any], status: str = "completed", reason: str | None = None
) -> Answer:
    """Answer as the Responses API does, with 1,000 tokens in and 300 out."""
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": None,
        "incomplete_details": {"reason": reason} if reason else None, "instructions": None,
        "model": "gpt-5-2025-08-07", "output": list(output), "parallel_tool_calls": True,
        "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "metadata": {},
        "usage": {
            "input_tokens": 1_000, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1_300,
        },
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return said(whole)
        started = {**whole, "status": "in_progress", "output": [], "usage": None}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": started}]
        for index, each in enumerate(output):
            events += _item_events(index, each)
        events.append({"type": f"response.{status}", "response": whole})
        return named_events(
            {**event, "sequence_number": number} for number, event in enumerate(events)
        )

    return answer


def _item_events(index: int, each: dict[str, Any]) -> list[dict[str, Any]]:
    done = {"type": "response.output_item.done", "output_index": index, "item": each}
    if each["type"] != "message":
        started = {**each, "status": "in_progress"}
        return [
            {"type": "response.output_item.added", "output_index": index, "item": started},
            done,
        ]
    here = {"item_id": each["id"], "output_index": index, "content_index": 0}
    [part] = each["content"]
    empty = {**each, "status": "in_progress", "content": []}
    if part["type"] == "refusal":
        delta = {"type": "response.refusal.delta", **here, "delta": part["refusal"]}
        rest = [{"type": "response.refusal.done", **here, "refusal": part["refusal"]}]
        deltas = [delta, *rest]
    else:
        deltas = [
            {"type": "response.output_text.delta", **here, "delta": word, "logprobs": []}
            for word in WORDS
        ]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": empty},
        {"type": "response.content_part.added", **here, "part": {**part, "text": ""}},
        *deltas,
        {"type": "response.content_part.done", **here, "part": part},
        done,
    ]


GPT_5 = usd((1_000, "1.25"), (300, "10"))
SEARCHED = item("web_search", 1, action={"type": "search", "query": "rain paris", "sources": []})
OPENED = item("web_search", 2, action={"type": "open_page", "url": "https://acme.com"})
RESPONSES = [
    Charge(
        "responses, two searches, one page opened, one file search",
        gpt("gpt-5", use_responses_api=True),
        response(
            SEARCHED, {**SEARCHED, "id": "it_3"}, OPENED,
            item("file_search", 4, queries=["rain"], results=None), MESSAGE,
        ),
        # 10 for a thousand searches, 2.50 for a thousand searches in files.
        GPT_5 + Decimal("0.0225"), facts={"finish_reason": "completed"},
    ),
    Charge(
        "responses, code in a container", gpt("gpt-5", use_responses_api=True),
        response(
            item("code_interpreter", 1, code="1+1", container_id="c_1", outputs=None), MESSAGE
        ),
        GPT_5, "partial",
    ),
    Charge(
        "responses, cut off", gpt("gpt-5", use_responses_api=True),
        response(MESSAGE, status="incomplete", reason="max_output_tokens"),
        GPT_5, facts={"finish_reason": "max_output_tokens", "refused": None},
    ),
    Charge(
        "responses, filtered", gpt("gpt-5", use_responses_api=True),
        response(MESSAGE, status="incomplete", reason="content_filter"),
        GPT_5, facts={"finish_reason": "content_filter", **REFUSED},
    ),
    Charge(
        "responses, a refusal", gpt("gpt-5", use_responses_api=True), response(NO),
        GPT_5, facts={"finish_reason": "completed", **REFUSED},
    ),
]  # fmt: skip


# Anthropic


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
            return said({**head, "content": content, "stop_reason": reason, "usage": used})
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
ANTHROPIC = [
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


# Gemini


def gemini(model: str) -> Callable[[str], Any]:
    return lambda url: ChatGoogleGenerativeAI(
        model=model, base_url=url, google_api_key=KEY, max_retries=1
    )


def candidate(
    model: str, *parts: Any, reason: str = "STOP", usage: Any = None, **more: Any
) -> Answer:
    """Answer with one chunk, by default 1,000 tokens in and 200 out."""
    counts = {"promptTokenCount": 1_000, "candidatesTokenCount": 200, "totalTokenCount": 1_200}
    content = {"role": "model", "parts": list(parts or ({"text": TEXT},))}
    body = {
        "modelVersion": model, "responseId": "r-7",
        "candidates": [{"content": content, "index": 0, "finishReason": reason, **more}],
        "usageMetadata": usage or counts,
    }  # fmt: skip
    return gemini_answer(body)


def gemini_answer(body: dict[str, Any]) -> Answer:
    def answer(request: Request) -> Reply:
        if "streamGenerateContent" not in request.path:
            return said(body)
        lines = [line for line in streamed([body]).body if b"[DONE]" not in line]
        return Reply(lines, kind="text/event-stream")

    return answer


def grounded(*queries: str) -> dict[str, Any]:
    source = {"web": {"uri": "https://acme.com", "title": "acme.com"}}
    return {"groundingMetadata": {"webSearchQueries": list(queries), "groundingChunks": [source]}}


FLASH = usd((1_000, "0.3"), (200, "2.5"))
PNG = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
HEARD = [
    HumanMessage(
        [
            {"type": "text", "text": QUESTION},
            {"type": "media", "mime_type": "audio/wav", "data": b"RIFF0000WAVE"},
        ]
    )
]
GEMINI = [
    Charge(
        "gemini 2.5, grounded with two queries", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", **grounded("rain", "paris")),
        # 35 for a thousand prompts.
        FLASH + Decimal("0.035"), facts={"finish_reason": "STOP"},
    ),
    Charge(
        "gemini 3, grounded with two queries", gemini("gemini-3-pro-preview"),
        candidate("gemini-3-pro-preview", **grounded("rain", "paris")),
        # 2 in, 12 out, and 14 for a thousand queries.
        usd((1_000, "2"), (200, "12")) + Decimal("0.028"),
    ),
    Charge(
        "gemini, an image that LangChain counts as text", gemini("gemini-2.5-flash-image"),
        candidate("gemini-2.5-flash-image", {"text": TEXT}, PNG), FLASH, "partial",
    ),
    Charge(
        "gemini, heard audio that LangChain counts as text", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash"), FLASH, "partial", prompt=HEARD,
    ),
    Charge(
        "gemini, withheld", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", reason="SAFETY"), FLASH,
        facts={"finish_reason": "SAFETY", **REFUSED},
    ),
    Charge(
        "gemini, cut off", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", reason="MAX_TOKENS"), FLASH,
        facts={"finish_reason": "MAX_TOKENS", "refused": None},
    ),
    Charge(
        "gemini, a prompt that it does not answer", gemini("gemini-2.5-flash"),
        gemini_answer(
            {
                "modelVersion": "gemini-2.5-flash", "promptFeedback": {"blockReason": "SAFETY"},
                "usageMetadata": {"promptTokenCount": 1_000, "totalTokenCount": 1_000},
            }
        ),
        # LangChain's package drops the usage of such an answer unless it streams.
        None, "unknown", facts=REFUSED,
        streamed={"cost": usd((1_000, "0.3")), "cost_status": "complete"},
    ),
]  # fmt: skip


# Bedrock, the followers of OpenAI, and the others


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
OTHERS = [
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

CHARGES = [*CHAT, *RESPONSES, *ANTHROPIC, *GEMINI, *OTHERS]
