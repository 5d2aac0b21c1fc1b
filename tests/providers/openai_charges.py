"""OpenAI and Azure: refusals, tiers and cut-offs, and the tools of the Responses API."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from langchain_openai import AzureChatOpenAI, ChatOpenAI
from providers.cases import KEY, TEXT, WORDS, usd
from providers.charges import REFUSED, Charge
from providers.openai_like import completion, count
from providers.server import Answer, Reply, Request, json_reply, named_events


def gpt(model: str = "gpt-4o", **arguments: Any) -> Callable[[str], Any]:
    return lambda url: ChatOpenAI(
        model=model, base_url=f"{url}/v1", api_key=KEY, max_retries=0, stream_usage=True,
        **arguments,
    )  # fmt: skip


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
        "openai, a tier of a contract", gpt("gpt-5"),
        completion("gpt-5-2025-08-07", count(1_000, 300), service_tier="scale"),
        usd((1_000, "1.25"), (300, "10")), "partial", facts={"service_tier": "scale"},
    ),
    Charge(
        "openai, a model that searches", gpt("gpt-4o-search-preview"),
        completion("gpt-4o-search-preview-2025-03-11", count(100, 40)), GPT_4O, "partial",
    ),
]  # fmt: skip


MESSAGE = {
    "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}  # fmt: skip
NO = {**MESSAGE, "content": [{"type": "refusal", "refusal": "I can't help with that."}]}


def item(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {"type": f"{kind}_call", "id": f"it_{number}", "status": "completed", **more}


def response(
    *output: dict[str, Any],
    status: str = "completed",
    reason: str | None = None,
    cached: int = 0,
    **more: Any,
) -> Answer:
    """Answer as the Responses API does, with 1,000 tokens in and 300 out."""
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": None,
        "incomplete_details": {"reason": reason} if reason else None, "instructions": None,
        "model": "gpt-5-2025-08-07", "output": list(output), "parallel_tool_calls": True,
        "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "metadata": {},
        "usage": {
            "input_tokens": 1_000, "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1_300,
        },
        **more,
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return json_reply(whole)
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
    Charge(
        "responses, flex tier with a cache and a search",
        gpt("gpt-5", use_responses_api=True, service_tier="flex"),
        response(SEARCHED, MESSAGE, cached=800, service_tier="flex"),
        # Flex is half of every token's price, and a search costs what it always does.
        usd((200, "0.625"), (800, "0.0625"), (300, "5")) + Decimal("0.01"),
        facts={"service_tier": "flex"},
    ),
    Charge(
        "responses, priority tier asked for, default served",
        gpt("gpt-5", use_responses_api=True, service_tier="priority"),
        response(MESSAGE, service_tier="default"), GPT_5, facts={"service_tier": "default"},
    ),
]  # fmt: skip


def azure(url: str, **arguments: Any) -> Any:
    return AzureChatOpenAI(
        azure_endpoint=url, azure_deployment="gpt-4o", api_version="2024-10-21", api_key=KEY,
        max_retries=0, stream_usage=True, **arguments,
    )  # fmt: skip


AZURE = [
    Charge(
        "azure, a refusal", azure,
        completion("gpt-4o-2024-11-20", count(100, 40), refusal="I can't help with that."),
        GPT_4O, facts={**REFUSED, "finish_reason": "stop"}, streamed={"refused": None},
    ),
    Charge(
        "azure, cut off, with a tier that has no listed price", azure,
        completion("gpt-4o-2024-11-20", count(100, 40), reason="length", service_tier="priority"),
        GPT_4O, "partial", facts={"finish_reason": "length", "service_tier": "priority"},
    ),
    Charge(
        # OpenAI's fee for a search need not be Azure's.
        "azure, a search", lambda url: azure(url, use_responses_api=True),
        response(SEARCHED, MESSAGE), GPT_5, "partial",
    ),
]  # fmt: skip

CHARGES = [*CHAT, *RESPONSES, *AZURE]
