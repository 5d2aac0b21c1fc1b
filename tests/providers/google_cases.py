"""Google's Gemini, whose streams count anew with every chunk."""

from typing import Any

from langchain_google_genai import ChatGoogleGenerativeAI
from providers.cases import KEY, TEXT, WORDS, Case, called, tokens, usd, weather
from providers.server import Answer, Reply, Request, json_reply, streamed

FACTS = {"provider_id": "google_genai", "model": "gemini-2.5-flash", "finish_reason": "STOP"}


def gemini(parts: list[dict[str, Any]], counts: list[dict[str, int]]) -> Answer:
    """Answer with these parts, one to a chunk; of the counts, the last is the truth."""
    head = {"modelVersion": "gemini-2.5-flash", "responseId": "r-7"}

    def body(parts: list[dict[str, Any]], counts: dict[str, int], reason: str | None) -> Any:
        content = {"parts": parts, "role": "model"}
        end = {"finishReason": reason} if reason else {}
        return {
            **head,
            "candidates": [{"content": content, "index": 0, **end}],
            "usageMetadata": counts,
        }

    def answer(request: Request) -> Reply:
        if "streamGenerateContent" not in request.path:
            whole = [{"text": TEXT}] if "text" in parts[0] else parts
            return json_reply(body(whole, counts[-1], "STOP"))
        last = len(parts) - 1
        return Reply(
            [
                part
                for part in streamed(
                    body([part], counts[min(n, len(counts) - 1)], "STOP" if n == last else None)
                    for n, part in enumerate(parts)
                ).body
                if b"[DONE]" not in part
            ],
            kind="text/event-stream",
        )

    return answer


def model(url: str) -> Any:
    return ChatGoogleGenerativeAI(
        model="gemini-2.5-flash", base_url=url, google_api_key=KEY, max_retries=1
    )


def counted(put_in: int, put_out: int, thought: int, **others: int) -> dict[str, int]:
    return {
        "promptTokenCount": put_in,
        "candidatesTokenCount": put_out,
        "thoughtsTokenCount": thought,
        "totalTokenCount": put_in + put_out + thought,
        **others,
    }


CASES = [
    Case(
        name="gemini, thinking and cache",
        model=model,
        answer=gemini(
            [{"text": word} for word in WORDS],
            [
                # The prompt's count may shrink on the way, once what is cached is known.
                counted(1_100, 2, 90),
                counted(1_000, 5, 200, cachedContentTokenCount=400),
                counted(1_000, 9, 200, cachedContentTokenCount=400),
            ],
        ),
        tokens=tokens(1_000, 209, prompt_cache_hit_tokens=400, reasoning_tokens=200),
        # gemini-2.5-flash: 0.30 in, 0.03 cached, 2.50 out; thoughts are output.
        cost=usd((600, "0.3"), (400, "0.03"), (209, "2.5")),
        facts=FACTS,
    ),
    Case(
        name="gemini, a tool call",
        model=model,
        answer=gemini(
            [{"functionCall": {"name": "weather", "args": {"city": "Paris"}, "id": "fc-1"}}],
            [counted(80, 20, 0)],
        ),
        tokens=tokens(80, 20, prompt_cache_hit_tokens=0),
        cost=usd((80, "0.3"), (20, "2.5")),
        facts=FACTS,
        text=None, calls=called("fc-1"), tools=[weather],
    ),
]  # fmt: skip
